import type { RunId } from '../base/ids.ts'
import { keepThenStore } from '../checkpoint/keep-private.ts'
import { sealEvent } from '../checkpoint/sealed-event.ts'
import { groupStoresOf } from '../checkpoint/with-group-stores.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { Engine } from './engine.ts'
import type { StandingRun } from './run-status.ts'

/**
 * Puts an event into a run's inbox. What is private to groups with stores of their own is kept there first, and the inbox refers to it.
 *
 * @param standing - of the run; null for events that say no more than who moves it and why
 * @throws {StoreError} WAYSTONE_STORE_PRIVATE when such a store is not bound here
 */
export async function deliver(
  { store }: Engine,
  { runId, standing }: { readonly runId: RunId; readonly standing: StandingRun | null },
  event: EngineEvent,
): Promise<'delivered' | 'duplicate'> {
  if (standing === null) return await store.deliver(runId, event)
  const { compiled, context } = standing
  const sealer = await groupStoresOf(store).sealerFor(runId, compiled.graph)
  if (sealer === undefined) return await store.deliver(runId, event)
  const sealed = sealEvent(sealer, context, event)
  return await keepThenStore(store, {
    runId,
    keep: () => sealer.keep(sealed.sealed),
    store: () => store.deliver(runId, sealed.event),
  })
}
