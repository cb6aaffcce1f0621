import { invariantError } from '../errors/invariant-error.ts'
import { effectIdOf, type RunId } from '../base/ids.ts'
import { withoutIndex } from '../base/with-index.ts'
import type { LimitName, NodeRecord } from '../graph/graph.ts'
import { checkpointFormat, type Checkpoint, type CheckpointStep } from '../snapshot/checkpoint.ts'
import type { Command } from '../snapshot/command.ts'
import type { Decision } from '../snapshot/decision.ts'
import { diffSnapshots } from '../snapshot/diff.ts'
import type { EffectEnd, EngineEvent, PersonDecision, RunPatch } from '../snapshot/event.ts'
import type { OpenFork } from '../snapshot/open-fork.ts'
import { statusOf, type OpenStep, type RunContext, type Snapshot } from '../snapshot/snapshot.ts'
import type { UsageDelta } from '../snapshot/usage.ts'
import { asksBeforeCall } from './call-question.ts'
import { commandsBetween, deadlineTimer, durationTimer, stepTimers } from './commands.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { forkedSnapshot } from './fork-snapshot.ts'
import { engineError } from './frozen-error.ts'
import { limitsLeft } from './limits.ts'
import type { MachineEvent, MachineInput } from './machine-event.ts'
import { cancelledState, eventNames, transitionNames } from './names.ts'
import { patchedContext, patchRefusal } from './patch-state.ts'
import { offeredOutcomes, requestDigest } from './request-digest.ts'
import type { StepAnswer } from './step-end.ts'
import { settle, usageOf, withContext } from './steps.ts'

/** Where in its run's history the next checkpoint will stand. */
export interface Position {
  readonly runId: RunId
  /** Of the checkpoint to be made. */
  readonly sequence: number
  readonly parent: Checkpoint['parent']
}

/** Why an event was refused. */
export type RefusalReason =
  | 'run-ended'
  | 'digest-mismatch'
  | 'outcome-not-offered'
  | 'write-undeclared'
  | 'policy-broken'
  | 'approval-outlived'
  | 'effect-under-way'
  | 'already-held'
  | 'not-held'
  | 'not-started'
  | 'already-started'

/** A transition that a runtime is to commit, then to perform. */
export interface PlannedTransition {
  readonly snapshot: Snapshot
  readonly checkpoint: Checkpoint
  readonly commands: readonly Command[]
}

/** What one event does to a run. */
export type Plan =
  | (PlannedTransition & { readonly type: 'applied' })
  /** The end of something already cancelled; only usage is settled. */
  | (PlannedTransition & { readonly type: 'late' })
  /** Names nothing that is open: to be dropped and reported. */
  | { readonly type: 'stale'; readonly message: string }
  /** Not yet awaited: stays in the inbox. */
  | { readonly type: 'early'; readonly message: string }
  | { readonly type: 'refused'; readonly reason: RefusalReason; readonly message: string }

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
  const run: RunAt = { compiled, position, snapshot, event }
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

interface RunAt {
  readonly compiled: CompiledWorkflow
  readonly position: Position
  readonly snapshot: Snapshot
  readonly event: EngineEvent
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
  return applied({ compiled, position, snapshot: null, event }, first, {})
}

function beginning({ payload, at }: Extract<EngineEvent, { type: 'run.started' }>): MachineInput {
  const { input, callCosts } = payload
  return { state: input, at, ...(callCosts !== undefined && { callCosts }) }
}

function endEffect(run: RunAt, end: EffectEnd): Plan {
  const { context } = run.snapshot
  const closing = context.closing[end.step]
  if (closing !== undefined) {
    return closing.attempt === end.attempt
      ? settleLate(run, closing, end)
      : stale(`step ${end.step} was cancelled at attempt ${closing.attempt}, not ${end.attempt}`)
  }
  const step = context.open[end.step]
  if (step === undefined) return stale(`step ${end.step} is not open`)
  if (step.attempt !== end.attempt) return stale(`step ${end.step} is at attempt ${step.attempt}, not ${end.attempt}`)
  if (step.kind === 'approval' || step.kind === 'resolve')
    return stale(`step ${end.step} waits for a person, not for an effect`)
  return moveStep(run, step, { end: withCheckedKeys(run.compiled.graph.nodes[step.node], end) })
}

function stale(message: string): Plan {
  return { type: 'stale', message }
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
  const { next, decision } = movedBy(run, step, { end })
  const usage = step.kind === 'resolve' ? undefined : usageOf(step, end)
  return applied(run, next, { step: checkpointStep(run, step, end), decision, usage })
}

/** The snapshot after an event of an open step, and why. @throws {InvariantError} when the machine did not move */
function movedBy(
  run: RunAt,
  step: OpenStep,
  { end, limit }: { readonly end: StepAnswer; readonly limit?: LimitName },
): { readonly next: Snapshot; readonly decision: Decision | undefined } {
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
  const { next, decision } = moveMachine(run, event)
  if (route === undefined || next.context === snapshot.context) {
    const decided = route?.transition ?? 'nothing'
    throw invariantError(
      'WAYSTONE_BUG_ROUTE_MISMATCH',
      `the machine took no transition at the end of step ${end.step} of ${step.node}, where ${decided} was decided`,
    )
  }
  return { next, decision }
}

/** Moves the machine; the decision of a join that fired on the way is part of the one before it. */
function moveMachine(
  { compiled, snapshot }: RunAt,
  event: MachineEvent,
): { readonly next: Snapshot; readonly decision: Decision | undefined } {
  const { result, routes } = compiled.memo.recording(() => compiled.runner.move(snapshot, event))
  let decision: Decision | undefined
  for (let place = routes.length - 1; place >= 0; place--) {
    const own = routes[place]?.decision
    if (own !== null && own !== undefined) decision = decision === undefined ? own : { ...own, next: decision }
  }
  return { next: result, decision }
}

function checkpointStep({ event, compiled }: RunAt, step: OpenStep, end: EffectEnd): CheckpointStep {
  const record = compiled.graph.nodes[step.node]
  const tool = step.tool ?? (record?.kind === 'tool' ? record.tool : undefined)
  return {
    index: end.step,
    node: step.node,
    visit: step.visit,
    kind: step.kind,
    attempt: step.attempt,
    ...(tool !== undefined && { tool }),
    ...(step.item !== undefined && { item: step.item }),
    queuedAt: step.since,
    startedAt: end.startedAt,
    endedAt: event.at,
  }
}

function settleLate(run: RunAt, step: OpenStep, end: EffectEnd): Plan {
  const { snapshot } = run
  const settled = settle(snapshot.context, step, end)
  const context = withContext(settled, { closing: withoutIndex(settled.closing, end.step) })
  const next = Object.freeze({ value: snapshot.value, context })
  return { ...applied(run, next, { step: checkpointStep(run, step, end), usage: usageOf(step, end) }), type: 'late' }
}

function decide(run: RunAt, decision: PersonDecision): Plan {
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
  return moveStep(run, step, { end: decisionEnd(step, decision) })
}

/** A person's answer as the end of the step that asked. */
function decisionEnd(step: OpenStep, decision: PersonDecision): StepAnswer {
  const { outcome, by, reason } = decision
  const base = { step: decision.step, attempt: step.attempt, startedAt: step.since }
  if (asksBeforeCall(step)) {
    const edited = decision.arguments === undefined ? {} : { arguments: decision.arguments }
    return { ...base, outcome, reason, ...edited }
  }
  const patch = decision.patch === undefined ? {} : { patch: decision.patch }
  if (step.kind !== 'resolve') {
    const verdict = Object.freeze({ outcome, reasons: Object.freeze(reason === '' ? [] : [reason]) })
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

function timerDue(run: RunAt, timer: string): Plan {
  const { snapshot, event } = run
  const { context } = snapshot
  if (timer === durationTimer) return durationOver(run)
  for (const index in context.open) {
    const step = context.open[index]
    const due = step === undefined ? undefined : stepTimers(index, step).find((one) => one.timer === timer)
    if (step === undefined || due === undefined) continue
    if (event.at < due.at) return { type: 'early', message: `timer ${timer} is due at ${due.at}, not at ${event.at}` }
    return due.what === 'visit' ? endVisit(run, Number(index), step) : expire(run, Number(index), step)
  }
  for (const join in context.forks) {
    const fork = context.forks[join]
    if (fork !== undefined && timer === deadlineTimer(fork.step)) return deadlineOver(run, join, fork)
  }
  return stale(`timer ${timer} is not set`)
}

function deadlineOver(run: RunAt, join: string, { until }: OpenFork): Plan {
  const { at } = run.event
  if (until === undefined) return stale(`join ${join} has no deadline`)
  if (at < until) return { type: 'early', message: `the deadline of join ${join} is at ${until}, not at ${at}` }
  const { next, decision } = moveMachine(run, { type: eventNames.deadline(join), at })
  return applied(run, next, { decision })
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
  const { next, decision } = movedBy(run, step, { end, limit: 'durationMs' })
  return applied(run, next, { decision })
}

function durationOver(run: RunAt): Plan {
  const { compiled, snapshot, event } = run
  const { context } = snapshot
  const bound = compiled.graph.limits.bounds.durationMs
  if (bound === undefined || context.exhausted !== null) return stale('timer duration is not set')
  const used = event.at - context.startedAt
  if (used < bound.max)
    return { type: 'early', message: `the run's time ends at ${context.startedAt + bound.max}, not at ${event.at}` }
  const next = compiled.runner.move(snapshot, { type: eventNames.duration, at: event.at })
  const first = Object.values(context.open)[0]
  const decision: Decision = {
    node: first?.node ?? '',
    visit: first?.visit ?? 1,
    outcome: 'limit',
    candidates: [{ edge: transitionNames.exhausted, verdict: 'taken' }],
    taken: transitionNames.exhausted,
    to: compiled.graph.limits.exhausted,
    limit: { name: 'durationMs', used, max: bound.max },
  }
  return applied(run, next, { decision })
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

interface Facts {
  readonly step?: CheckpointStep
  readonly decision?: Decision | undefined
  readonly usage?: UsageDelta | undefined
}

function applied(
  run: {
    readonly compiled: CompiledWorkflow
    readonly position: Position
    readonly snapshot: Snapshot | null
    readonly event: EngineEvent
  },
  next: Snapshot,
  facts: Facts,
): Extract<Plan, { readonly type: 'applied' }> {
  const { compiled, position, snapshot, event } = run
  const commands = commandsBetween(compiled, snapshot?.context ?? null, next.context)
  const checkpoint: Checkpoint = {
    format: checkpointFormat,
    runId: position.runId,
    sequence: position.sequence,
    parent: position.parent,
    graphHash: compiled.hashes.graph,
    event,
    decision: facts.decision ?? null,
    patch: diffSnapshots(snapshot, next, event),
    step: facts.step ?? null,
    usage: facts.usage ?? null,
    left: limitsLeft(compiled.graph, next.context, event.at),
    status: statusOf(next.context),
    commands,
  }
  return { type: 'applied', snapshot: next, checkpoint, commands }
}

/** The nodes a run is at. Order: by step. */
export function activeNodes(context: RunContext): readonly string[] {
  const nodes = new Set<string>()
  for (const index in context.open) nodes.add(context.open[index]?.node ?? '')
  return [...nodes]
}
