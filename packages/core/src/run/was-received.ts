import type { RunId } from '../base/ids.ts'
import { readCheckpoints } from '../checkpoint/load.ts'
import type { Store } from '../checkpoint/store.ts'

/** Checkpoints read at a time. */
const page = 500

/**
 * Whether an event from outside came to a run that has ended since: its history has it, or it came in the very moment of the end and stayed
 * in the inbox.
 *
 * Cost: O(checkpoints).
 *
 * @param eventId - `sent/` and the id it was sent with
 *
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT
 */
export async function wasReceived(
  store: Store,
  { runId, sequence }: { readonly runId: RunId; readonly sequence: number },
  eventId: string,
): Promise<boolean> {
  const row = await store.row(runId)
  if (row === undefined) return false
  const inboxes = await store.inbox([runId])
  if (inboxes.get(runId)?.some(({ id }) => id === eventId) === true) return true
  for (let from = 0; from <= sequence; from += page) {
    const stored = await store.checkpoints(runId, from, Math.min(sequence, from + page - 1))
    const read = await readCheckpoints(store, stored, row.graphHash)
    if (read.some(({ checkpoint: { event } }) => event.type === 'event.received' && event.id === eventId)) return true
  }
  return false
}
