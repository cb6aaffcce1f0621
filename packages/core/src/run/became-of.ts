import type { RunId } from '../base/ids.ts'
import { readCheckpoints } from '../checkpoint/load.ts'
import { hasEnded } from '../checkpoint/store-rules.ts'
import type { Store } from '../checkpoint/store.ts'
import { storeError } from '../errors/store-error.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { Engine } from './engine.ts'
import { watchNews } from './next-news.ts'
import type { Acceptance } from './runtime.ts'

/** Checkpoints read at a time. */
const page = 500

/**
 * Waits until an event that was delivered to a run has become a checkpoint or was refused, in whatever process.
 *
 * Cost: O(checkpoints), once.
 *
 * @param signal - its abort, or closing the runtime, ends the wait with `delivered`
 * @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN, WAYSTONE_STORE_CORRUPT
 */
export async function becameOf(
  engine: Engine,
  { runId, eventId }: { readonly runId: RunId; readonly eventId: string },
  signal: AbortSignal | undefined,
): Promise<Acceptance> {
  const { store } = engine
  const news = watchNews(engine, runId, signal)
  try {
    for (let looked = -1; ;) {
      const row = await store.row(runId)
      if (row === undefined)
        throw storeError('WAYSTONE_STORE_RUN_UNKNOWN', `no run ${runId} is in store ${store.name}`, { runId })
      const refused = await refusalOf(store, runId, eventId)
      if (refused !== undefined) return refused
      const used = await findEvent(
        store,
        { runId, from: looked + 1, to: row.sequence, graphHash: row.graphHash },
        eventId,
      )
      if (used !== undefined) return { type: 'applied', sequence: used.sequence }
      looked = row.sequence
      if (signal?.aborted === true || engine.isClosed) return { type: 'delivered', eventId }
      const dropped = hasEnded(row.status) ? await dropLate(engine, runId, eventId) : undefined
      if (dropped !== undefined) return dropped
      await news.next()
    }
  } finally {
    news.stop()
  }
}

async function refusalOf(store: Store, runId: RunId, eventId: string): Promise<Acceptance | undefined> {
  const refused = (await store.refused(runId)).find(({ id }) => id === eventId)
  return refused && { type: 'refused', reason: refused.reason, message: refused.message }
}

/** What was delivered just before the lease of an ended run was given up is looked at by nobody else: it is refused here. Undefined: it is not there, or somebody has the run. */
async function dropLate(engine: Engine, runId: RunId, eventId: string): Promise<Acceptance | undefined> {
  const { store } = engine
  const unread = (await store.inbox([runId])).get(runId) ?? []
  if (!unread.some(({ id }) => id === eventId)) return undefined
  try {
    await engine.borrow(runId, async (lease) => {
      const row = await store.row(runId)
      if (row !== undefined && hasEnded(row.status)) await engine.dropUnread(lease, row.status)
    })
  } catch (error) {
    // Closing ends the wait, and is seen by whoever waits.
    if (!engine.isClosed) throw error
  }
  return await refusalOf(store, runId, eventId)
}

/** A part of a run's history. */
interface HistoryPart {
  readonly runId: RunId
  /** Sequences, both included. */
  readonly from: number
  readonly to: number
  readonly graphHash: string
}

/** The checkpoint that an event with an id has made; looked for from the newest on. Undefined: none. */
export async function findEvent(
  store: Store,
  { runId, from, to, graphHash }: HistoryPart,
  eventId: string,
): Promise<{ readonly sequence: number; readonly event: EngineEvent } | undefined> {
  for (let last = to; last >= from; last -= page) {
    const stored = await store.checkpoints(runId, Math.max(from, last - page + 1), last)
    for (const { checkpoint } of await readCheckpoints(store, stored, graphHash))
      if (checkpoint.event.id === eventId) return { sequence: checkpoint.sequence, event: checkpoint.event }
  }
  return undefined
}
