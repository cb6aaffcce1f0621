import type { RunId } from '../base/ids.ts'
import type { Store } from '../checkpoint/store.ts'
import { findEvent } from './became-of.ts'

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
  const found = await findEvent(store, { runId, from: 0, to: sequence, graphHash: row.graphHash }, eventId)
  return found?.event.type === 'event.received'
}
