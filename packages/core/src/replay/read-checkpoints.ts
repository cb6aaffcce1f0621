import { readCheckpoints, type ReadCheckpoint } from '../checkpoint/load.ts'
import type { RunRow, Store } from '../checkpoint/store.ts'
import { storeError } from '../errors/store-error.ts'

/** Rows read from a store at once: short reads, so that a writer's log can be folded back in between. */
const pageSize = 500

/**
 * Reads a run's checkpoints whole, large values included, and checks hashes and chain.
 *
 * Order: by sequence.
 *
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT when one is missing, cannot be read or breaks the chain
 */
export async function readAllCheckpoints(store: Store, row: RunRow): Promise<readonly ReadCheckpoint[]> {
  const stored = []
  for (let from = 0; from <= row.sequence; from += pageSize) {
    stored.push(...(await store.checkpoints(row.runId, from, Math.min(row.sequence, from + pageSize - 1))))
  }
  const missing = stored.findIndex((entry, index) => entry.sequence !== index)
  if (missing !== -1 || stored.length !== row.sequence + 1) {
    const sequence = missing === -1 ? stored.length : missing
    throw storeError(
      'WAYSTONE_STORE_CORRUPT',
      `run ${row.runId} has no checkpoint ${sequence}; it should have 0 to ${row.sequence}`,
      { runId: row.runId, sequence },
    )
  }
  return readCheckpoints(store, stored, row.graphHash)
}

/** The row of a run. @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN */
export async function requireRow(store: Store, runId: string): Promise<RunRow> {
  const row = await store.row(runId as RunRow['runId'])
  if (row === undefined)
    throw storeError('WAYSTONE_STORE_RUN_UNKNOWN', `there is no run ${runId} in ${store.name}`, { runId })
  return row
}
