import { effectIdOf } from '../base/ids.ts'
import { invariantError } from '../errors/invariant-error.ts'
import type { LimitName, NodeRecord } from '../graph/graph.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { MachineValue, OpenStep, Snapshot } from '../snapshot/snapshot.ts'
import { exhaustAround } from './exhaust-around.ts'
import type { MachineEvent } from './machine-event.ts'
import { compensatingState, eventNames } from './names.ts'
import { pathAt, type Place } from './place.ts'
import type { Plan, RefusalReason } from './planned.ts'
import { applied, checkpointStep, type Facts, type RunAt } from './run-at.ts'
import type { Route } from './routed.ts'
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

/** What a move came to. */
interface Moved {
  readonly next: Snapshot
  readonly facts: Facts
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

/**
 * Moves the machine; the decision of a join that fired on the way is part of the one before it. Where a workflow around it has no more
 * left for the move, that one moves instead, after what ended was counted.
 */
export function moveMachine(run: RunAt, event: MachineEvent): Moved {
  const { compiled, snapshot } = run
  const { result, routes } =
    movedInside(run, event) ?? compiled.memo.recording(() => compiled.runner.move(snapshot, event))
  const stopped = routes.find((route) => route.decision?.limit?.up !== undefined)
  const hit = stopped?.decision?.limit
  const above = stopped === undefined || hit === undefined ? undefined : exhaustAround(run, { ...stopped, hit })
  let decision: Decision | undefined
  for (let place = routes.length - 1; place >= 0; place--) {
    const route = routes[place]
    const own =
      route === stopped && above !== undefined && route?.decision
        ? { ...route.decision, to: above.to }
        : route?.decision
    if (own !== null && own !== undefined) decision = decision === undefined ? own : { ...own, next: decision }
  }
  const named = decision === undefined ? undefined : decisionAt(run, decision)
  if (above !== undefined) return { next: above.next, facts: { decision: named, isWhole: true } }
  return { next: result, facts: { decision: named } }
}

/**
 * A move after which the machine is where it was: only the context changes, so there is nothing to ask XState. Undefined: it is to be asked, also
 * where branches wait for one another, which begin by themselves.
 */
function movedInside(
  { compiled, snapshot }: RunAt,
  event: MachineEvent,
): { readonly result: Snapshot; readonly routes: readonly Route[] } | undefined {
  if (compiled.isThorough === true) return undefined
  const route = compiled.memo.routeOf(snapshot.context, event)
  if (route === undefined || !compiled.runner.inner.has(route.transition)) return undefined
  const { value, context } = snapshot
  if (route.context.forks !== context.forks || !standsAt(value, route.decision?.node)) return undefined
  return { result: Object.freeze({ value, context: route.context }), routes: [route] }
}

function standsAt(value: MachineValue, node: string | undefined): boolean {
  if (node === undefined) return false
  if (typeof value === 'string') return value === node
  for (const name in value) if (name === node || standsAt(value[name] ?? '', node)) return true
  return false
}

/** A decision as the run tells it: nodes of nested workflows by their paths. */
function decisionAt(place: Place, decision: Decision): Decision {
  if (place.around.length === 0) return decision
  const { next, limit } = decision
  return {
    ...decision,
    node: pathAt(place, decision.node),
    ...(limit?.node !== undefined && { limit: { ...limit, node: pathAt(place, limit.node) } }),
    ...(next !== undefined && { next: decisionAt(place, next) }),
  }
}

/** The decision of what leaves a request open. */
export function stayOpen(
  place: Place,
  { node, visit }: OpenStep,
  { outcome, taken }: Pick<Decision, 'outcome' | 'taken'>,
): Decision {
  return { node: pathAt(place, node), visit, outcome, candidates: [{ edge: taken, verdict: 'taken' }], taken, to: null }
}
