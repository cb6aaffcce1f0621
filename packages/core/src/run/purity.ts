import { plan, type Plan, type Position } from '../compile/plan.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { invariantError } from '../errors/invariant-error.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'

/** Plans one event. */
export type Planner = (
  compiled: CompiledWorkflow,
  position: Position,
  snapshot: Snapshot | null,
  event: EngineEvent,
) => Plan

/**
 * Plans twice and compares, so that an impure guard or reducer is found where it is written and not at the first replay.
 *
 * @throws {InvariantError} WAYSTONE_BUG_IMPURE_PLAN naming the guard or the state keys that differ
 */
// oxlint-disable-next-line max-params -- the engine's one signature
export const planTwice: Planner = (compiled, position, snapshot, event) => {
  const first = plan(compiled, position, snapshot, event)
  const second = plan(compiled, position, snapshot, event)
  if (JSON.stringify(comparable(first)) === JSON.stringify(comparable(second))) return first
  throw invariantError(
    'WAYSTONE_BUG_IMPURE_PLAN',
    `planning ${event.type} at sequence ${position.sequence} of run ${position.runId} twice gave two answers: ${describeDifference(first, second)}`,
    { runId: position.runId, sequence: position.sequence },
  )
}

function comparable(one: Plan): unknown {
  return one.type === 'applied' || one.type === 'late' ? one.checkpoint : one
}

function describeDifference(first: Plan, second: Plan): string {
  if (!('checkpoint' in first) || !('checkpoint' in second)) return `${first.type} and ${second.type}`
  const guards = new Map(readings(first).map(({ guard, result }) => [guard, result]))
  const guard = readings(second).find(
    (reading) => guards.has(reading.guard) && guards.get(reading.guard) !== reading.result,
  )
  if (guard !== undefined)
    return `guard ${JSON.stringify(guard.guard)} said ${String(guards.get(guard.guard))} and then ${String(guard.result)}`
  const [before, after] = [first.snapshot.context.state, second.snapshot.context.state]
  const keys = Object.keys({ ...before, ...after }).filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  )
  return keys.length > 0 ? `the reducer of ${keys.join(', ')} gave two values` : 'the decision records differ'
}

function readings(
  one: Extract<Plan, { type: 'applied' | 'late' }>,
): readonly { readonly guard: string; readonly result: boolean }[] {
  return one.checkpoint.decision?.candidates.flatMap((candidate) => candidate.guards ?? []) ?? []
}
