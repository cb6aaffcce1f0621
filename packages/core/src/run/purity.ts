import { plan, type Plan, type Position } from '../compile/plan.ts'
import { thoroughly, type CompiledWorkflow } from '../compile/compiled-workflow.ts'
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
 * Plans twice and compares, so that an impure guard or reducer is found where it is written and not at the first replay. The second time
 * takes no short cuts, so that they are found too where they would change anything.
 *
 * @throws {InvariantError} WAYSTONE_BUG_IMPURE_PLAN naming the guard or the state keys that differ
 */
// oxlint-disable-next-line max-params -- the engine's one signature
export const planTwice: Planner = (compiled, position, snapshot, event) => {
  const first = plan(compiled, position, snapshot, event)
  const second = plan(thoroughly(compiled), position, snapshot, event)
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
  return keys.length > 0 ? `the reducer of ${keys.join(', ')} gave two values` : describeRest(first, second)
}

/** Neither guards nor reducers differ. */
function describeRest(first: Moving, second: Moving): string {
  const [one, other] = [first, second].map(({ checkpoint }) => JSON.stringify(checkpoint.decision))
  return one === other ? 'planned by the machine the checkpoint is another' : 'the decision records differ'
}

type Moving = Extract<Plan, { type: 'applied' | 'late' }>

function readings(one: Moving): readonly { readonly guard: string; readonly result: boolean }[] {
  return one.checkpoint.decision?.candidates.flatMap((candidate) => candidate.guards ?? []) ?? []
}
