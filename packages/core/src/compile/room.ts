import type { Decision } from '../snapshot/decision.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { chained } from './chained.ts'
import type { MachineEvent } from './machine-event.ts'
import { moveMachine } from './move-machine.ts'
import { eventNames } from './names.ts'
import { lifted, placeInside, rootPlace, type Place } from './place.ts'
import { at, type RunAt } from './run-at.ts'

/**
 * The whole run after what waited has been tried again, since others may have given back what they had set aside; undefined: nothing
 * changes. What does not fit beside what is still set aside waits on; where nothing that is under way could help any more the limit is hit.
 *
 * Order: a workflow before what is nested in it; in each, those first that have waited longest.
 *
 * Cost: O(what waits), and the levels it is nested in.
 *
 * @param whole - after everything else that follows from the event
 */
export function roomTaken(
  run: RunAt,
  whole: Snapshot,
): { readonly next: Snapshot; readonly decision: Decision } | undefined {
  let next = whole
  let decision: Decision | undefined
  for (const { steps, node } of waitersIn(rootPlace(run.root.compiled, whole), [])) {
    const moved = tryAgain(run, next, { steps, node })
    if (moved === undefined) continue
    next = moved.next
    decision = chained(decision, moved.decision)
  }
  return decision === undefined ? undefined : { next, decision }
}

/** What waits, by the steps that hold the workflow it is in, outermost first. */
interface Waiter {
  readonly steps: readonly number[]
  readonly node: string
}

function waitersIn(place: Place, steps: readonly number[]): readonly Waiter[] {
  const { short } = place.snapshot.context
  if (short === undefined) return []
  const inside = short.inside.flatMap((step) => {
    const nested = placeInside(place, step)
    return nested === undefined ? [] : waitersIn(nested, [...steps, step])
  })
  return [...short.nodes.map((node) => ({ steps, node })), ...inside]
}

function tryAgain(
  run: RunAt,
  whole: Snapshot,
  { steps, node }: Waiter,
): { readonly next: Snapshot; readonly decision: Decision | undefined } | undefined {
  let place: Place | undefined = rootPlace(run.root.compiled, whole)
  for (const step of steps) place = place === undefined ? undefined : placeInside(place, step)
  // One before it may have hit a limit that ended it too.
  if (place?.snapshot.context.short?.nodes.includes(node) !== true) return undefined
  const inside = at({ ...run, ...place }, place)
  const event: MachineEvent = { type: eventNames.room(node), at: run.event.at }
  const { compiled, snapshot } = inside
  if (compiled.memo.routeOf(snapshot.context, event) === undefined) return undefined
  const { next, facts } = moveMachine(inside, event)
  return { next: facts.isWhole === true ? next : lifted(inside, next, run.event.at), decision: facts.decision }
}
