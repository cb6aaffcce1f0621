import { effectIdOf } from '../base/ids.ts'
import { withoutIndex } from '../base/with-index.ts'
import { invariantError } from '../errors/invariant-error.ts'
import type { LimitName, NodeRecord } from '../graph/graph.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { EffectEnd, EngineEvent, PersonDecision, RunPatch } from '../snapshot/event.ts'
import type { OpenFork } from '../snapshot/open-fork.ts'
import { isAsking, type OpenStep, type RunContext, type Snapshot } from '../snapshot/snapshot.ts'
import { beginNested } from './begin-nested.ts'
import { asksBeforeCall } from './call-question.ts'
import { deadlineTimer, durationTimer, stepTimers } from './commands.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { exhaustAround, exhaustAt } from './exhaust-around.ts'
import { forkedSnapshot } from './fork-snapshot.ts'
import { escalated, voiceOf } from './deciders.ts'
import { engineError } from './frozen-error.ts'
import type { MachineEvent, MachineInput } from './machine-event.ts'
import { cancelledState, eventNames, transitionNames } from './names.ts'
import { patchedContext, patchRefusal } from './patch-state.ts'
import { isUnderWay, namesAround, pathAt, placeOfStep, placesOf, rootPlace, type Place } from './place.ts'
import type { Plan, Position, RefusalReason } from './planned.ts'
import { offeredOutcomes, requestDigest } from './request-digest.ts'
import { applied, at, checkpointStep, type Facts, type RunAt } from './run-at.ts'
import type { StepAnswer } from './step-end.ts'
import { settle, usageOf, withChildren, withContext } from './steps.ts'

export type { Plan, Position } from './planned.ts'

/**
 * The whole engine: one event, at most one checkpoint. Pure: same snapshot and event in, same plan out. A runtime only carries
 * it out.
 *
 * @param snapshot - null before the run's first event (`run.started`, `run.forked`)
 * @param event - its payload parsed, deeply frozen, and sharing no object with the snapshot or within itself (`copyJson`): it would not when it is read back
 * @throws {InvariantError} when the machine and the route disagree; never for anything an author or a caller did
 */
export function plan(
  compiled: CompiledWorkflow,
  position: Position,
  snapshot: Snapshot | null,
  event: EngineEvent,
): Plan {
  if (event.type === 'run.started' || event.type === 'run.forked') return begin(compiled, position, { snapshot, event })
  if (snapshot === null) return refuse('not-started', `event ${event.type} came before run.started`)
  const run: RunAt = { ...rootPlace(compiled, snapshot), root: { compiled, snapshot }, position, event }
  if (snapshot.context.ending !== null && event.type !== 'effect.ended') {
    return refuse('run-ended', `the run has ended ${snapshot.context.ending.status}; it takes no ${event.type}`)
  }
  switch (event.type) {
    case 'effect.ended':
      return endEffect(run, event.payload)
    case 'request.decided':
      return decide(run, event.payload)
    case 'timer.due':
      return timerDue(run, event.payload.timer)
    case 'run.hold':
      return hold(run, event.payload)
    case 'run.release':
      return release(run)
    case 'run.patch':
      return patchState(run, event.payload)
    case 'run.cancel':
      return cancel(run, event.payload)
  }
}

function refuse(reason: RefusalReason, message: string): Plan {
  return { type: 'refused', reason, message }
}

type FirstEvent = Extract<EngineEvent, { type: 'run.started' | 'run.forked' }>

function begin(
  compiled: CompiledWorkflow,
  position: Position,
  { snapshot, event }: { readonly snapshot: Snapshot | null; readonly event: FirstEvent },
): Plan {
  if (snapshot !== null) return refuse('already-started', `the run has begun; it takes no second ${event.type}`)
  const first = event.type === 'run.started' ? compiled.runner.begin(beginning(event)) : forkedSnapshot(compiled, event)
  return applied({ ...rootPlace(compiled, first), root: { compiled, snapshot: null }, position, event }, first, {})
}

function beginning({ payload, at }: Extract<EngineEvent, { type: 'run.started' }>): MachineInput {
  const { input, callCosts } = payload
  return { state: input, at, ...(callCosts !== undefined && { callCosts }) }
}

function endEffect(root: RunAt, end: EffectEnd): Plan {
  const place = placeOfStep(root, end.step)
  if (place === undefined) return stale(`step ${end.step} is not open`)
  const run = at(root, place)
  const { context } = run.snapshot
  const closing = context.closing[end.step]
  if (closing !== undefined) {
    if (closing.kind === 'workflow') return stale(`step ${end.step} is over when what is nested in it has settled`)
    return closing.attempt === end.attempt
      ? settleLate(run, closing, end)
      : stale(`step ${end.step} was cancelled at attempt ${closing.attempt}, not ${end.attempt}`)
  }
  const step = context.open[end.step]
  if (step === undefined) return stale(`step ${end.step} is not open`)
  if (step.attempt !== end.attempt) return stale(`step ${end.step} is at attempt ${step.attempt}, not ${end.attempt}`)
  if (isAsking(step)) return stale(`step ${end.step} waits for a person, not for an effect`)
  if (step.kind === 'workflow') return stale(`step ${end.step} waits for the workflow nested in it, not for an effect`)
  if (step.kind === 'input' && end.outcome === 'begun') return beginNested(run, step, end)
  const checked = withCheckedKeys(run.compiled.graph.nodes[step.node], end)
  return moveStep(step.kind === 'output' ? withoutNested(run, end.step) : run, step, { end: checked })
}

function stale(message: string): Plan {
  return { type: 'stale', message }
}

/** What a nested workflow gave has been taken over: nothing of it stays. */
function withoutNested(run: RunAt, step: number): RunAt {
  const { value, context } = run.snapshot
  const left = withChildren(context, withoutIndex(context.children ?? {}, step))
  return { ...run, snapshot: Object.freeze({ value, context: left }) }
}

/** A patch may only hold keys that its node declares; anything else fails the node and changes nothing. */
function withCheckedKeys(record: NodeRecord | undefined, end: EffectEnd): EffectEnd {
  const problem = record === undefined ? undefined : foreignWrites(record, end)
  if (problem === undefined) return end
  const { patch: _, unset: __, ...rest } = end
  return { ...rest, outcome: 'failed', error: engineError('WAYSTONE_NODE_WRITE_UNDECLARED', problem) }
}

function foreignWrites(record: NodeRecord, { patch, unset }: Pick<EffectEnd, 'patch' | 'unset'>): string | undefined {
  const foreign = [...Object.keys(patch ?? {}), ...(unset ?? [])].filter((key) => !record.writes.includes(key))
  if (foreign.length === 0) return undefined
  return `node ${record.id} wrote ${foreign.join(', ')}; it declares ${record.writes.length === 0 ? 'no writes' : record.writes.join(', ')}`
}

function moveStep(run: RunAt, step: OpenStep, { end }: { readonly end: StepAnswer }): Plan {
  const moved = movedBy(run, step, { end })
  const usage = step.kind === 'resolve' ? undefined : usageOf(step, end)
  return applied(run, moved.next, { ...moved.facts, step: checkpointStep(run, step, end), usage })
}

/** What a move came to. */
interface Moved {
  readonly next: Snapshot
  readonly facts: Facts
}

/** The snapshot after an event of an open step, and why. @throws {InvariantError} when the machine did not move */
function movedBy(
  run: RunAt,
  step: OpenStep,
  { end, limit }: { readonly end: StepAnswer; readonly limit?: LimitName },
): Moved {
  const type =
    step.callId !== undefined || step.item !== undefined ? eventNames.item(step.node) : eventNames.done(step.node)
  const event: MachineEvent = {
    type,
    output: end,
    at: run.event.at,
    effectId: effectIdOf(run.position.runId, end.step),
    ...(limit !== undefined && { limit }),
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

/**
 * Moves the machine; the decision of a join that fired on the way is part of the one before it. Where a workflow around it has no more
 * left for the move, that one moves instead, after what ended was counted.
 */
function moveMachine(run: RunAt, event: MachineEvent): Moved {
  const { compiled, snapshot } = run
  const { result, routes } = compiled.memo.recording(() => compiled.runner.move(snapshot, event))
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

function settleLate(run: RunAt, step: OpenStep, end: EffectEnd): Plan {
  const { snapshot } = run
  const settled = settle(snapshot.context, step, end)
  const context = withContext(settled, { closing: withoutIndex(settled.closing, end.step) })
  const next = Object.freeze({ value: snapshot.value, context })
  return { ...applied(run, next, { step: checkpointStep(run, step, end), usage: usageOf(step, end) }), type: 'late' }
}

function decide(root: RunAt, decision: PersonDecision): Plan {
  const place = placeOfStep(root, decision.step)
  const run = place === undefined ? root : at(root, place)
  const { compiled, snapshot } = run
  const step = snapshot.context.open[decision.step]
  const offered = offeredOutcomes(compiled, snapshot.context, decision.step)
  if (step === undefined || offered.length === 0)
    return stale(`step ${decision.step} asks nobody; it may have been decided already`)
  if (!offered.includes(decision.outcome)) {
    return refuse(
      'outcome-not-offered',
      `request ${decision.step} was answered "${decision.outcome}"; it offers ${offered.join(', ')}`,
    )
  }
  if (decision.digest !== requestDigest(compiled, snapshot.context, decision.step)) {
    return refuse(
      'digest-mismatch',
      `what request ${decision.step} asks has changed since it was shown; look at it again and decide anew`,
    )
  }
  const record = compiled.graph.nodes[step.node]
  const problem = record === undefined ? undefined : foreignWrites(record, decision)
  if (problem !== undefined) return refuse('write-undeclared', problem)
  const voice = voiceOf(compiled, snapshot.context, { step, decision, at: run.event.at })
  if (voice.type === 'refused') return refuse(voice.reason, voice.message)
  if (voice.type === 'counted') {
    const counted = stayOpen(step, { outcome: decision.outcome, taken: transitionNames.vote(step.node) })
    return applied(run, Object.freeze({ value: snapshot.value, context: voice.context }), { decision: counted })
  }
  return moveStep(run, step, { end: decisionEnd(step, decision, voice.reasons) })
}

/** The decision of what leaves a request open. */
function stayOpen({ node, visit }: OpenStep, { outcome, taken }: Pick<Decision, 'outcome' | 'taken'>): Decision {
  return { node, visit, outcome, candidates: [{ edge: taken, verdict: 'taken' }], taken, to: null }
}

function escalate(run: RunAt, stepIndex: number, step: OpenStep): Plan {
  const { compiled, snapshot } = run
  const context = escalated(compiled, snapshot.context, { stepIndex, step })
  const decision = stayOpen(step, { outcome: 'escalated', taken: transitionNames.escalate(step.node) })
  return applied(run, Object.freeze({ value: snapshot.value, context }), { decision })
}

/** A person's answer as the end of the step that asked. */
function decisionEnd(step: OpenStep, decision: PersonDecision, reasons: readonly string[]): StepAnswer {
  const { outcome, by, reason } = decision
  const base = { step: decision.step, attempt: step.attempt, startedAt: step.since }
  if (asksBeforeCall(step)) {
    const edited = decision.arguments === undefined ? {} : { arguments: decision.arguments }
    return { ...base, outcome, reason: reasons.join('; '), ...edited }
  }
  const patch = decision.patch === undefined ? {} : { patch: decision.patch }
  if (step.kind !== 'resolve') {
    const verdict = Object.freeze({ outcome, reasons: Object.freeze([...reasons]) })
    return { ...base, ...patch, outcome, verdict }
  }
  if (outcome === 'did-not-happen') return { ...base, outcome }
  if (outcome === 'failed') {
    const message = `${by} said that it failed${reason === '' ? '' : `: ${reason}`}`
    return { ...base, outcome, error: engineError('WAYSTONE_NODE_DECLARED_FAILED', message) }
  }
  return {
    ...base,
    ...patch,
    outcome: outcome === 'happened' ? 'done' : outcome,
    ...(decision.result !== undefined && { result: decision.result }),
    ...(decision.isWanted === true && { isWanted: true }),
  }
}

function timerDue(root: RunAt, timer: string): Plan {
  for (const place of placesOf(root)) {
    const plan = isUnderWay(place) ? timerDueAt(at(root, place), timer) : undefined
    if (plan !== undefined) return plan
  }
  return stale(`timer ${timer} is not set`)
}

function timerDueAt(run: RunAt, timer: string): Plan | undefined {
  const { snapshot, event } = run
  const { context } = snapshot
  if (timer === durationTimer(run.around.at(-1)?.step)) return durationOver(run)
  for (const index in context.open) {
    const step = context.open[index]
    const due = step === undefined ? undefined : stepTimers(index, step).find((one) => one.timer === timer)
    if (step === undefined || due === undefined) continue
    if (event.at < due.at) return { type: 'early', message: `timer ${timer} is due at ${due.at}, not at ${event.at}` }
    if (due.what === 'escalation') return escalate(run, Number(index), step)
    return due.what === 'visit' ? endVisit(run, Number(index), step) : expire(run, Number(index), step)
  }
  for (const join in context.forks) {
    const fork = context.forks[join]
    if (fork !== undefined && timer === deadlineTimer(fork.step)) return deadlineOver(run, join, fork)
  }
  return undefined
}

function deadlineOver(run: RunAt, join: string, { until }: OpenFork): Plan {
  const { at: now } = run.event
  if (until === undefined) return stale(`join ${join} has no deadline`)
  if (now < until) return { type: 'early', message: `the deadline of join ${join} is at ${until}, not at ${now}` }
  const { next, facts } = moveMachine(run, { type: eventNames.deadline(join), at: now })
  return applied(run, next, facts)
}

function expire(run: RunAt, stepIndex: number, step: OpenStep): Plan {
  const end = { step: stepIndex, attempt: step.attempt, startedAt: step.since, outcome: 'expired' }
  if (asksBeforeCall(step)) return moveStep(run, step, { end })
  if (!(run.compiled.graph.nodes[step.node]?.outcomes ?? []).includes('expired'))
    return stale(`node ${step.node} does not expire`)
  const verdict = Object.freeze({ outcome: 'expired', reasons: Object.freeze([]) })
  return moveStep(run, step, { end: { ...end, verdict } })
}

/** The time of an agent's visit is over: its outcome is `exhausted`, and what it has open is stopped. */
function endVisit(run: RunAt, stepIndex: number, step: OpenStep): Plan {
  const end: EffectEnd = { step: stepIndex, attempt: step.attempt, startedAt: step.since, outcome: 'exhausted' }
  const { next, facts } = movedBy(run, step, { end, limit: 'durationMs' })
  return applied(run, next, facts)
}

function durationOver(run: RunAt): Plan {
  const { compiled, snapshot, event, around } = run
  const { context } = snapshot
  const bound = compiled.graph.limits.bounds.durationMs
  if (bound === undefined || context.exhausted !== null) return stale('timer duration is not set')
  const used = event.at - context.startedAt
  if (used < bound.max)
    return {
      type: 'early',
      message: `the ${around.length === 0 ? "run's time" : `time of ${namesAround(run).join('/')}`} ends at ${context.startedAt + bound.max}, not at ${event.at}`,
    }
  const { next, to } = exhaustAt(run, 'durationMs')
  const first = Object.values(context.open)[0]
  const decision: Decision = {
    node: first === undefined ? '' : pathAt(run, first.node),
    visit: first?.visit ?? 1,
    outcome: 'limit',
    candidates: [{ edge: transitionNames.exhausted, verdict: 'taken' }],
    taken: transitionNames.exhausted,
    to,
    limit: { name: 'durationMs', used, max: bound.max },
  }
  return applied(run, next, { decision, isWhole: true })
}

function hold(run: RunAt, move: { readonly by: string; readonly reason: string }): Plan {
  const { context, value } = run.snapshot
  if (context.held !== null)
    return refuse('already-held', `the run is held already, by ${context.held.by}: ${context.held.reason}`)
  const held = Object.freeze({ by: move.by, reason: move.reason, at: run.event.at })
  return applied(run, Object.freeze({ value, context: withContext(context, { held }) }), {})
}

function release(run: RunAt): Plan {
  const { context, value } = run.snapshot
  if (context.held === null) return refuse('not-held', 'the run is not held')
  return applied(run, Object.freeze({ value, context: withContext(context, { held: null }) }), {})
}

function patchState(run: RunAt, payload: RunPatch): Plan {
  const { compiled, snapshot } = run
  const refusal = patchRefusal(compiled, snapshot.context, payload)
  if (refusal !== undefined) return refuse(refusal.reason, refusal.message)
  const context = patchedContext(snapshot.context, payload)
  return applied(run, Object.freeze({ value: snapshot.value, context }), {})
}

function cancel(run: RunAt, move: { readonly by: string; readonly reason: string }): Plan {
  const { compiled, snapshot, event } = run
  const next = compiled.runner.move(snapshot, {
    type: eventNames.cancel,
    at: event.at,
    by: move.by,
    reason: move.reason,
  })
  const first = Object.values(snapshot.context.open)[0]
  const decision: Decision = {
    node: first?.node ?? '',
    visit: first?.visit ?? 1,
    outcome: 'cancelled',
    candidates: [{ edge: transitionNames.cancel, verdict: 'taken' }],
    taken: transitionNames.cancel,
    to: cancelledState,
  }
  return applied(run, next, { decision })
}

/** The nodes a run is at. Order: by step. */
export function activeNodes(context: RunContext): readonly string[] {
  const nodes = new Set<string>()
  for (const index in context.open) nodes.add(context.open[index]?.node ?? '')
  return [...nodes]
}
