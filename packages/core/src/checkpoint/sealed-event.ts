import type { RunId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { freezeJson } from './codec.ts'
import type { GroupStores } from './group-stores.ts'
import { nodeOfStep, publicEvent } from './public-event.ts'
import { seal, type SealedByGroup, type Sealer } from './sealing.ts'
import { privateMarks, putBack } from './unsealing.ts'

/** An event that is to wait in the inbox of a run. */
export interface SealedEvent {
  readonly event: EngineEvent
  /** To be kept before the event is delivered; empty: there is nothing private in it. */
  readonly sealed: SealedByGroup
}

const nothing: SealedByGroup = new Map()

/** Takes what is private to groups with stores of their own out of an event, as it is to stand in an inbox. @param context - of the run now */
export function sealEvent(sealer: Sealer, context: RunContext, event: EngineEvent): SealedEvent {
  const node = 'step' in event.payload ? nodeOfStep(context, event.payload.step) : undefined
  const shown = publicEvent(event, { graph: sealer.graph, node })
  if (shown.withheld.length === 0) return { event, sealed: nothing }
  const { marks, byGroup } = seal(sealer, `event ${event.id}`, shown.withheld)
  // What stands in an inbox is JSON of an event; the marks are one field more, which is taken out again as it is read.
  return { event: { ...shown.event, sealed: marks } as unknown as EngineEvent, sealed: byGroup }
}

/** Puts what was taken out of events of an inbox back. @throws {StoreError} as {@link GroupStores.read} */
export async function openEvents(
  groups: GroupStores,
  runId: RunId,
  events: readonly EngineEvent[],
): Promise<readonly EngineEvent[]> {
  if (!events.some((event) => Object.hasOwn(event, 'sealed'))) return events
  // An event is JSON by construction; its interfaces only lack an index signature.
  const marks = events.map((event) => privateMarks(event as unknown as Json))
  const privateOf = await groups.read(runId, marks.flat())
  return events.map((event, index) => {
    const ofEvent = marks[index] ?? []
    if (ofEvent.length === 0) return event
    const { sealed: _, ...whole } = structuredClone(event) as EngineEvent & { readonly sealed?: Json }
    putBack(whole, ofEvent, privateOf)
    return freezeJson(whole)
  })
}
