import type { LimitName } from '../graph/graph.ts'
import type { RunContext, Snapshot } from '../snapshot/snapshot.ts'
import { hitOfTakeover, type LimitHit } from './limits.ts'
import { eventNames } from './names.ts'
import { lifted, liftedTo } from './place.ts'
import { at, type RunAt } from './run-at.ts'
import { closeAll } from './steps.ts'

/**
 * The whole run after a workflow around this place has hit its limit: it goes where its `limits.exhausted` leads, and all that is nested in
 * it is closed. That may need more than a workflow further out has left, which then is the one that is exhausted.
 *
 * @returns `to`: where it went
 */
export function exhaustAround(
  run: RunAt,
  { context, hit }: { readonly context: RunContext; readonly hit: LimitHit },
): { readonly next: Snapshot; readonly to: string } {
  const { snapshot, around, event } = run
  const closed = closeAll(context)
  const level = around.length - (hit.up ?? 0)
  const outer = liftedTo(run, { value: snapshot.value, context: closed }, { at: event.at, level })
  return exhaustAt({ ...run, ...outer }, hit.name)
}

/** The whole run after a limit of the workflow at this place was hit from outside of its edges. */
export function exhaustAt(given: RunAt, limit: LimitName): { readonly next: Snapshot; readonly to: string } {
  const run = at(given, given)
  const { compiled, snapshot, event } = run
  const hit = hitOfTakeover(compiled.graph, closeAll(snapshot.context), event.at)
  if (hit !== undefined) return exhaustAround(run, { context: snapshot.context, hit })
  const next = compiled.runner.move(snapshot, { type: eventNames.duration, at: event.at, limit })
  return { next: lifted(run, next, event.at), to: compiled.graph.limits.exhausted }
}
