import { InputError, StoreError } from '@waystone/core'
import type { RunRow, Store } from '@waystone/core/store'
import type { RunId } from '@waystone/core'

/**
 * Finds a run by its id, by the beginning of its id when only one run begins so, or as `last`, the newest.
 *
 * @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN
 * @throws {InputError} WAYSTONE_INPUT_RUN_AMBIGUOUS
 */
export async function findRun(store: Store, reference: string): Promise<RunRow> {
  if (reference === 'last') return newest(store)
  const exact = await store.row(reference as RunId)
  if (exact !== undefined) return exact
  const found = await beginningWith(store, reference)
  const [only, another] = found
  if (only === undefined) throw unknownRun(store, reference)
  if (another === undefined) return only
  const ids = found.slice(0, 5).map(({ runId }) => runId)
  const message = `run ${reference}: found ${found.length}${found.length > 5 ? ' or more' : ''} runs that begin so: ${ids.join(', ')}; one is meant`
  throw new InputError('WAYSTONE_INPUT_RUN_AMBIGUOUS', message, { found: ids })
}

async function newest(store: Store): Promise<RunRow> {
  const [row] = (await store.list({ limit: 1 })).rows
  if (row === undefined) throw new StoreError('WAYSTONE_STORE_RUN_UNKNOWN', `run last: ${store.name} holds no run yet`)
  return row
}

function unknownRun(store: Store, reference: string): StoreError {
  const message = `run ${reference}: found no run with this id or beginning in ${store.name}; allowed is an id, its beginning, or "last"`
  return new StoreError('WAYSTONE_STORE_RUN_UNKNOWN', message, { runId: reference })
}

async function beginningWith(store: Store, beginning: string): Promise<readonly RunRow[]> {
  if (beginning === '') return []
  const found: RunRow[] = []
  for (let after: string | null | undefined; after !== null && found.length <= 5;) {
    const page = await store.list({ limit: 1000, ...(after === undefined ? {} : { after }) })
    found.push(...page.rows.filter(({ runId }) => runId.startsWith(beginning)))
    after = page.next
  }
  return found
}
