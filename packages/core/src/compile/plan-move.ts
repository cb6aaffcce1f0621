import { effectIdOf } from '../base/ids.ts'
import { invariantError } from '../errors/invariant-error.ts'
import type { LimitName, NodeRecord } from '../graph/graph.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'
import type { MachineEvent } from './machine-event.ts'
import { compensatingState, eventNames } from './names.ts'
import { pathAt, type Place } from './place.ts'
import type { Plan, RefusalReason } from './planned.ts'
import { applied } from './applied.ts'
import { moveMachine, type Moved } from './move-machine.ts'
import { checkpointStep, type Facts, type RunAt } from './run-at.ts'
import type { StepAnswer } from './step-end.ts'
import { usageOf } from './steps.ts'

/** Nothing moves, and whoever sent the event is told why. */
export function refuse(reason: RefusalReason, message: string): Plan {
  return { type: 'refused', reason, message }
}

/** The event names nothing that is open. */
export function stale(message: string): Plan {
  return { type: 'stale', message }
}

/** What is wrong with a patch that holds keys its node does not declare; undefined: nothing. */
export function foreignWrites(
  record: NodeRecord,
  { patch, unset }: Pick<EffectEnd, 'patch' | 'unset'>,
): string | undefined {
  if (patch === undefined && unset === undefined) return undefined
  const foreign = [...Object.keys(patch ?? {}), ...(unset ?? [])].filter((key) => !record.writes.includes(key))
  if (foreign.length === 0) return undefined
  return `node ${record.id} wrote ${foreign.join(', ')}; it declares ${record.writes.length === 0 ? 'no writes' : record.writes.join(', ')}`
}

/** The checkpoint of a step that has ended. */
export function moveStep(
  run: RunAt,
  step: OpenStep,
  { end, rule }: { readonly end: StepAnswer; readonly rule?: Facts['rule'] },
): Plan {
  const moved = movedBy(run, step, { end })
  const usage = step.kind === 'resolve' ? undefined : usageOf(step, end)
  return applied(run, moved.next, { ...moved.facts, step: checkpointStep(run, step, end), usage, rule })
}

/** The snapshot after an event of an open step, and why. @throws {InvariantError} when the machine did not move */
export function movedBy(
  run: RunAt,
  step: OpenStep,
  { end, limit }: { readonly end: StepAnswer; readonly limit?: LimitName },
): Moved {
  const type = endEventOf(step)
  const event: MachineEvent = {
    type,
    output: end,
    at: run.event.at,
    effectId: effectIdOf(run.position.runId, end.step),
    sequence: run.position.sequence,
    ...(limit !== undefined && { limit }),
    ...(run.compiled.isThorough === true && { isThorough: true }),
  }
  const { compiled, snapshot } = run
  const route = compiled.memo.routeOf(snapshot.context, event)
  const moved = moveMachine(run, event)
  if (route === undefined || (moved.facts.isWhole !== true && moved.next.context === snapshot.context)) {
    const decided = route?.transition ?? 'nothing'
    throw invariantError(
      'WAYSTONE_BUG_ROUTE_MISMATCH',
      `the machine took no transition at the end of step ${end.step} of ${step.node}, where ${decided} was decided`,
    )
  }
  return moved
}

function endEventOf({ node, callId, item, undoes }: OpenStep): string {
  if (undoes !== undefined) return eventNames.done(compensatingState)
  return callId !== undefined || item !== undefined ? eventNames.item(node) : eventNames.done(node)
}

/** The decision of what leaves a request open. */
export function stayOpen(
  place: Place,
  { node, visit }: OpenStep,
  { outcome, taken }: Pick<Decision, 'outcome' | 'taken'>,
): Decision {
  return { node: pathAt(place, node), visit, outcome, candidates: [{ edge: taken, verdict: 'taken' }], taken, to: null }
}
