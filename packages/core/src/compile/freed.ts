import type { Decision } from '../snapshot/decision.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { chained } from './chained.ts'
import { freedFork } from './fork-ledger.ts'
import { eventNames } from './names.ts'
import { isUnderWay, lifted, placesOf, rootPlace } from './place.ts'
import { moveMachine } from './move-machine.ts'
import { at, type RunAt } from './run-at.ts'

/**
 * The whole run after branches have begun, in it or in what is nested in it, that waited for a name which something cancelled held. Undefined:
 * none could.
 *
 * @param whole - after what was cancelled has settled
 */
export function freed(
  run: RunAt,
  whole: Snapshot,
): { readonly next: Snapshot; readonly decision: Decision } | undefined {
  let next = whole
  let decision: Decision | undefined
  for (let moved = freeOne(run, next); moved !== undefined; moved = freeOne(run, next)) {
    next = moved.next
    decision = chained(decision, moved.decision)
  }
  return decision === undefined ? undefined : { next, decision }
}

function freeOne(run: RunAt, whole: Snapshot): { readonly next: Snapshot; readonly decision: Decision } | undefined {
  const { event } = run
  for (const place of placesOf(rootPlace(run.root.compiled, whole))) {
    const { context } = place.snapshot
    const { forks } = place.compiled.index
    const isOver = context.ending !== null || context.undoing !== undefined || !isUnderWay(place)
    const join = forks === null || isOver ? undefined : freedFork(forks, context, event.at)
    if (join === undefined) continue
    const inside = at({ ...run, ...place }, place)
    const { next, facts } = moveMachine(inside, { type: eventNames.freed(join), at: event.at })
    if (facts.decision === undefined) continue
    return { next: facts.isWhole === true ? next : lifted(inside, next, event.at), decision: facts.decision }
  }
  return undefined
}
