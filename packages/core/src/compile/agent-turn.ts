import { own } from '../base/own.ts'
import { withIndex, withoutIndex } from '../base/with-index.ts'
import type { ModelToolCall } from '../define/model.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { personTarget, type Graph, type NodeRecord } from '../graph/graph.ts'
import type { CachedCall } from '../snapshot/decision.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { GivenHandoff } from '../snapshot/handoff.ts'
import { isModelCall, type AgentCall, type OpenStep, type RunContext, type StepKind } from '../snapshot/snapshot.ts'
import { tally } from './agent-limits.ts'
import { currentCalls, memoryOf, updateCall, withEntry, withMemory } from './agent-memory.ts'
import { backoffUntil } from './backoff.ts'
import { answeredCall, withoutQuestions } from './call-answer.ts'
import { asksBeforeCall, createCallQuestions } from './call-question.ts'
import { endedCall } from './call-end.ts'
import { oneQueuedCall, openQueued, type Opening } from './call-queue.ts'
import { markDegraded } from './degraded.ts'
import type { Ended, InsideEnd } from './ended.ts'
import { fallbackReason, nextModel, withAnswer } from './fallback.ts'
import { engineError } from './frozen-error.ts'
import { contractMisfit, handoffCall, handoffGiven, handOver, refusedHandoffs } from './handoff-turn.ts'
import { countRefused } from './handoff-ledger.ts'
import { leavesAnAnswer, nextNeed, summarised, unsummarised, withReported } from './history.ts'
import { needToBegin, setAside } from './limits.ts'
import { endMapStep } from './map-items.ts'
import { replaceItem } from './replace-item.ts'
import { cacheKeyOf, cachedResult, keepResult, privateMark } from './pure-cache.ts'
import { transitionNames } from './names.ts'
import type { RouteParts } from './route-parts.ts'
import type { StepEnd } from './step-end.ts'
import { countCall, refuseCalls } from './tool-rules.ts'
import { isUndoable, mayHaveHappened, noteUndo, withoutNote } from './undo-ledger.ts'
import { isToolCall, oneToolCall, retryOf, settle, usageOf, withContext } from './steps.ts'

const modelErrors = {
  misfit: 'WAYSTONE_NODE_OUTPUT_MISFIT',
  contract: 'WAYSTONE_NODE_HANDOFF_MISFIT',
  usedUp: 'WAYSTONE_NODE_MODEL_CALLS_USED_UP',
} as const

/** Settles an attempt and says whether its node goes on inside (retry, repair, tools, next turn) or has ended. Pure. */
export function endStep(parts: RouteParts, context: RunContext, stepEnd: StepEnd): Ended {
  const { graph } = parts
  const { record, step, stepIndex, end } = stepEnd
  const settled = step.kind === 'resolve' ? context : tally(settle(context, step, end), record, usageOf(step, end))
  const replaced =
    record.kind === 'map' && !stepEnd.isThorough ? replaceItem(parts, settled, { ...stepEnd, record }) : undefined
  if (replaced !== undefined) return replaced
  const closed = withContext(settled, { open: withoutIndex(settled.open, stepIndex) })
  const before = step.kind === 'resolve' ? withoutNote(closed, stepIndex) : closed
  const unnoted = isModelCall(step) ? countModelCall(before, stepEnd) : before
  if (asksBeforeCall(step)) return answerCall(parts, context, stepEnd)
  const counted = noteUndo(graph, unnoted, stepEnd)
  const retry = retryStep(graph, unnoted, stepEnd)
  if (retry !== undefined) return { ...retry, before: counted }
  if (record.kind === 'map') return endMapStep(parts, counted, { ...stepEnd, record })
  if (step.kind === 'summary') return endSummary(counted, stepEnd)
  const fallback = fallbackStep(counted, stepEnd)
  if (fallback !== undefined) return fallback
  if (step.kind === 'call' || (step.kind === 'resolve' && step.unknown === 'call'))
    return endCall(parts, counted, stepEnd)
  if (step.kind === 'model' && end.message !== undefined && end.outcome !== 'failed')
    return endModelCall(parts, counted, stepEnd)
  const kept = step.kind === 'tool' ? keepOutput(parts, counted, stepEnd) : counted
  return { type: 'outcome', end: fallBack(stepEnd), context: kept }
}

/** What a pure tool node gave answers identical calls later in the run. */
function keepOutput({ graph }: RouteParts, context: RunContext, { record, step, stepIndex, end }: StepEnd): RunContext {
  const result = end.output ?? end.patch
  const tool = record.kind === 'tool' ? record.tool : step.tool
  if (tool === undefined || result === undefined || end.outcome !== 'done') return context
  return keepResult(context, end.call, { tool, step: stepIndex, result, ...privateMark(graph, record) })
}

/** A model call that nobody knows the end of. Outcomes of reviewing gates come with a message and may have any name. */
function isLost({ step, end }: StepEnd): boolean {
  return isModelCall(step) && end.outcome === 'lost' && end.message === undefined
}

/** A model call that was lost and may not be made again ends as `failed`. */
function fallBack(stepEnd: StepEnd): EffectEnd {
  const { end } = stepEnd
  if (!isLost(stepEnd)) return end
  const error = end.error ?? engineError(modelErrors.usedUp, 'a model call was lost and no further one is allowed')
  return { ...end, outcome: 'failed', error }
}

function countModelCall(context: RunContext, { record, step, end }: StepEnd): RunContext {
  const memory = memoryOf(context, record.id)
  const answer = end.message === undefined ? undefined : { message: end.message, model: step.model ?? 0 }
  const entries = answer === undefined ? memory.entries : withAnswer(record, memory.entries, answer)
  const counted = { ...memory, entries, modelCalls: memory.modelCalls + 1 }
  return withMemory(context, record.id, answer === undefined ? counted : withReported(record, counted, end))
}

function mayAskAgain(context: RunContext, record: NodeRecord): boolean {
  return memoryOf(context, record.id).modelCalls < maxModelCalls(record)
}

function maxModelCalls(record: NodeRecord): number {
  if (record.kind === 'agent') return record.maxModelCalls
  return record.kind === 'gate' ? (record.reviewer?.maxModelCalls ?? 0) : 0
}

/** The next attempt of the same step, when its policy, its error and its node's call limit allow one. */
function retryStep(graph: Graph, context: RunContext, stepEnd: StepEnd): InsideEnd | undefined {
  const { record, step, stepIndex, end, at, effectId } = stepEnd
  if (at === undefined || !wantsRetry(graph, stepEnd)) return undefined
  if (isModelCall(step) && !mayRepeat(context, stepEnd)) return undefined
  const policy = retryOf(graph, record, step)
  const isAtOnce = isLost(stepEnd) || step.kind === 'resolve'
  const notBefore = isAtOnce
    ? undefined
    : backoffUntil(policy, { at, attempt: attemptOfModel(step), effectId, retryAfterMs: end.retryAfterMs })
  const kind = kindAgain(step)
  const { notBefore: _, unknown: __, isOrigins: ___, ...rest } = step
  const isUnsure =
    end.outcome !== 'did-not-happen' && isUndoable(graph, record, step) && mayHaveHappened(graph, stepEnd)
  const next: OpenStep = {
    ...rest,
    kind,
    attempt: step.attempt + 1,
    since: at,
    ...(notBefore !== undefined && { notBefore }),
    ...(isUnsure && { isUnsure }),
  }
  const reserved = reservedAgain(graph, context, { record, next })
  // What went wrong is in the attempt's own checkpoint: the step has not failed.
  const reopened = withContext(context, {
    open: withIndex(context.open, stepIndex, Object.freeze({ ...next, ...(reserved !== undefined && { reserved }) })),
  })
  return {
    type: 'inside',
    transition: transitionNames.retry(record.id),
    context: phaseAgain(reopened, stepEnd),
    before: context,
    need: { steps: 0, reserved: reserved ?? {} },
  }
}

/** An item that is a nested workflow is tried again from its beginning. */
function kindAgain({ kind, unknown }: OpenStep): StepKind {
  if (kind === 'output') return 'input'
  return kind === 'resolve' ? (unknown ?? 'task') : kind
}

function reservedAgain(
  graph: Graph,
  context: RunContext,
  { record, next }: { readonly record: NodeRecord; readonly next: OpenStep },
): OpenStep['reserved'] {
  if (isToolCall(next)) return oneToolCall
  return next.kind === 'input' ? setAside(needToBegin(graph, record, context)) : next.reserved
}

/** A summary is not tried so often that none of the visit's calls is left for the answer. */
function mayRepeat(context: RunContext, { record, step }: StepEnd): boolean {
  if (step.kind === 'summary') return record.kind === 'agent' && leavesAnAnswer(record, memoryOf(context, record.id))
  return mayAskAgain(context, record)
}

function wantsRetry(graph: Graph, stepEnd: StepEnd): boolean {
  const { record, step, end } = stepEnd
  if (isLost(stepEnd) || (step.kind === 'resolve' && end.outcome === 'did-not-happen')) return true
  const mayHelp = end.outcome === 'timeout' || (end.outcome === 'failed' && end.error?.retryable === true)
  return mayHelp && step.kind !== 'resolve' && attemptOfModel(step) < retryOf(graph, record, step).attempts
}

/** The attempt with the model asked now, from 1. */
function attemptOfModel({ attempt, attemptsBefore }: OpenStep): number {
  return attempt - (attemptsBefore ?? 0)
}

/** The next attempt of a model step asks another model, at once, when the one before gave no answer and will not. */
function fallbackStep(context: RunContext, stepEnd: StepEnd): Ended | undefined {
  const { record, step, stepIndex, at } = stepEnd
  const reason = fallbackReason(stepEnd)
  if (at === undefined || reason === undefined || !mayAskAgain(context, record)) return undefined
  const model = nextModel(record, step.model ?? 0, reason)
  if (model === undefined) return undefined
  const { notBefore: _, ...rest } = step
  const next: OpenStep = { ...rest, attempt: step.attempt + 1, since: at, model, attemptsBefore: step.attempt }
  const asked = withMemory(context, record.id, { ...memoryOf(context, record.id), model, repairs: 0 })
  const reopened = withContext(asked, { open: withIndex(context.open, stepIndex, Object.freeze(next)) })
  return {
    type: 'inside',
    transition: transitionNames.fallback(record.id),
    context: reopened,
    before: context,
    need: { steps: 0, reserved: next.reserved ?? {} },
  }
}

function phaseAgain(context: RunContext, { record, step, stepIndex }: StepEnd): RunContext {
  if (step.kind !== 'resolve' || step.unknown !== 'call') return context
  return updateCall(context, { node: record.id, stepIndex }, (call) => ({ ...call, phase: 'running' }))
}

function endModelCall(parts: RouteParts, context: RunContext, stepEnd: StepEnd): Ended {
  const { record, end } = stepEnd
  const calls = end.message?.calls ?? []
  const answered = end.misfit === undefined ? markFallback(context, stepEnd) : context
  if (calls.length > 0 && record.kind === 'agent' && end.misfit === undefined)
    return askTools(parts, answered, { stepEnd, calls })
  if (end.misfit === undefined) return { type: 'outcome', end, context: answered }
  const mended = mendAnswer(context, record)
  if (mended === undefined) {
    const message = `the answer of ${record.id} does not fit its schema ${afterRepairs(context, record)}: ${end.misfit.join('; ')}`
    return { type: 'outcome', end: failedEnd(end, modelErrors.misfit, message), context }
  }
  const repaired = withEntry(mended, record.id, { type: 'repair', issues: end.misfit })
  return {
    type: 'inside',
    transition: transitionNames.repair(record.id),
    context: repaired,
    before: context,
    need: nextNeed(repaired, record),
  }
}

/** Counts a repair, by another model once those of the one that is asked are used up; undefined: there is none left. */
function mendAnswer(context: RunContext, record: NodeRecord): RunContext | undefined {
  const memory = memoryOf(context, record.id)
  const repairs =
    record.kind === 'agent' ? record.repairs : record.kind === 'gate' ? (record.reviewer?.repairs ?? 0) : 0
  const isUsedUp = memory.repairs >= repairs
  const model = isUsedUp ? nextModel(record, memory.model ?? 0, 'misfit') : memory.model
  if ((isUsedUp && model === undefined) || !mayAskAgain(context, record)) return undefined
  return withMemory(context, record.id, {
    ...memory,
    repairs: isUsedUp ? 0 : memory.repairs + 1,
    ...(model !== undefined && { model }),
  })
}

function afterRepairs(context: RunContext, record: NodeRecord): string {
  const { repairs } = memoryOf(context, record.id)
  return `after ${repairs} repair${repairs === 1 ? '' : 's'}`
}

/** The agent goes on with the summary in place of what it tells; without one as its history says. */
function endSummary(context: RunContext, stepEnd: StepEnd): Ended {
  const { record, end } = stepEnd
  const memory = memoryOf(context, record.id)
  if (record.kind !== 'agent') return { type: 'outcome', end, context }
  const next =
    end.outcome === 'done' && end.summary !== undefined
      ? summarised(record, memory, end.summary)
      : unsummarised(record, memory)
  if (next === undefined) return { type: 'outcome', end: fallBack(stepEnd), context }
  return nextTurn(withMemory(context, record.id, next), stepEnd)
}

function markFallback(context: RunContext, { record, step, stepIndex, end }: StepEnd): RunContext {
  if ((step.model ?? 0) === 0) return context
  const why = `${end.asked ?? 'another model'} answered`
  return markDegraded(context, { node: record.id, by: 'fallback', step: stepIndex, why })
}

function failedEnd(end: EffectEnd, code: ErrorCode, message: string): EffectEnd {
  const { patch: _, unset: __, output: ___, ...rest } = end
  return { ...rest, outcome: 'failed', error: engineError(code, message) }
}

/** Which calls of an answer are not run, and which one hands over; a repair when what was given with that does not fit. */
function beginTurn(
  context: RunContext,
  { stepEnd: { record, end }, calls }: { readonly stepEnd: StepEnd; readonly calls: readonly ModelToolCall[] },
):
  | Extract<Ended, { readonly type: 'outcome' }>
  | {
      readonly context: RunContext
      readonly refused: ReturnType<typeof refuseCalls>
      readonly handoff: GivenHandoff | undefined
    } {
  const handoff = handoffGiven(record, end, calls)
  // Names of tools and the order of calls come from a model; whatever its executor let pass, only calls that keep the rules run.
  const refused = refuseCalls(record, memoryOf(context, record.id), {
    calls,
    refused: end.refusedCalls ?? {},
    handoff: handoff?.callId,
  })
  const counted = countRefused(context, refusedHandoffs(refused))
  const misfit = contractMisfit(end, handoff)
  const mended = misfit === undefined ? counted : mendAnswer(counted, record)
  if (mended !== undefined) return { context: mended, refused, handoff }
  const message = `what ${record.id} gave with a handoff does not fit ${afterRepairs(counted, record)}: ${misfit ?? ''}`
  return { type: 'outcome', end: failedEnd(end, modelErrors.contract, message), context: counted }
}

/** Queues each call that may run, opens as many as may run now and what people are asked about; answers the others at once. */
function askTools(
  parts: RouteParts,
  before: RunContext,
  { stepEnd, calls }: { readonly stepEnd: StepEnd; readonly calls: readonly ModelToolCall[] },
): Ended {
  const { record } = stepEnd
  const turn = beginTurn(before, { stepEnd, calls })
  if ('type' in turn) return turn
  const { context, refused, handoff } = turn
  let { called } = memoryOf(context, record.id)
  let queued = 0
  const questions = createCallQuestions(parts, context, stepEnd)
  const first = new Map<string, string>()
  const cached: CachedCall[] = []
  const list = calls.map((call): AgentCall => {
    const { id, name, arguments: input } = call
    if (id === handoff?.callId) return handoffCall(handoff, name)
    const refusal = own(refused, id)
    const base = { callId: id, tool: name }
    if (refusal !== undefined) {
      const { message, rule } = refusal
      return Object.freeze({ ...base, phase: 'done', result: message, isError: true, refused: rule })
    }
    called = countCall(record, called, { tool: name, what: 'begun' })
    const key = cacheKeyOf(parts.graph, record, { tool: name, given: input })
    const known = cachedResult(context, key)
    if (key !== undefined && known !== undefined) {
      cached.push(Object.freeze({ callId: id, tool: name, step: known.step }))
      called = countCall(record, called, { tool: name, what: 'done' })
      return Object.freeze({ ...base, phase: 'done', cached: key })
    }
    queued += 1
    const sameAs = key === undefined ? undefined : first.get(key)
    if (sameAs !== undefined) return Object.freeze({ ...base, phase: 'queued', sameAs })
    if (key !== undefined) first.set(key, id)
    const asks = questions.reasonFor(call)
    return Object.freeze({ ...base, phase: 'queued', ...(asks !== undefined && { asks }) })
  })
  const counted =
    called === undefined ? context : withMemory(context, record.id, { ...memoryOf(context, record.id), called })
  const asked = withEntry(counted, record.id, { type: 'results', calls: Object.freeze(list) })
  const marks = cached.length === 0 ? {} : { cached: Object.freeze(cached) }
  if (queued === 0) {
    const next = afterCalls(parts, asked, stepEnd)
    return next.type === 'inside' ? { ...next, ...marks } : next
  }
  const opened = openQueued(parts.graph, asked, stepEnd)
  const isWaiting = isInPhase(opened, record, 'asked') && !isInPhase(opened, record, 'running')
  return {
    type: 'inside',
    transition: isWaiting ? transitionNames.person(record.id) : transitionNames.tools(record.id),
    context: opened,
    before: context,
    // Whatever may not run now waits; none of them running, and nothing set aside elsewhere, means that a limit stands in the way.
    need: opened === asked ? oneQueuedCall : null,
    readings: questions.readings,
    ...marks,
  }
}

/** All calls of the turn have ended: the agent hands over if one of them was for that, else its model is asked again. */
function afterCalls(parts: RouteParts, context: RunContext, stepEnd: StepEnd): Ended {
  return handOver(parts, context, { stepEnd, goOn: (next) => nextTurn(next, stepEnd) })
}

/** Asks the model again, or ends the agent when it may not be asked. */
function nextTurn(context: RunContext, stepEnd: StepEnd): Ended {
  const { record } = stepEnd
  if (mayAskAgain(context, record)) {
    return {
      type: 'inside',
      transition: transitionNames.model(record.id),
      context,
      before: context,
      need: nextNeed(context, record),
    }
  }
  const message = `${record.id} has used its ${maxModelCalls(record)} model calls without an answer`
  return { type: 'outcome', end: failedEnd(bareEnd(stepEnd.end), modelErrors.usedUp, message), context }
}

/** An end without what belonged to one call. */
function bareEnd({ step, attempt, startedAt }: EffectEnd): EffectEnd {
  return { step, attempt, startedAt, outcome: 'done' }
}

function endCall(parts: RouteParts, context: RunContext, stepEnd: StepEnd): Ended {
  const { graph } = parts
  const { record, stepIndex, end, step, at } = stepEnd
  const isUnknown = end.outcome === 'unknown'
  if (isUnknown && asksPerson(graph, record) && at !== undefined) {
    const { reserved: _, notBefore: __, ...rest } = step
    const asked: OpenStep = Object.freeze({ ...rest, kind: 'resolve', unknown: 'call', since: at })
    const waiting = withContext(context, { open: withIndex(context.open, stepIndex, asked) })
    const marked = updateCall(waiting, { node: record.id, stepIndex }, (call) => ({ ...call, phase: 'asked' }))
    return goOnWithTurn(parts, marked, stepEnd)
  }
  return goOnWithTurn(parts, endedCall(graph, context, stepEnd), stepEnd)
}

/** A person's answer about a call. The step stays the same; what ends is only the question. */
function answerCall(parts: RouteParts, context: RunContext, stepEnd: StepEnd): Ended {
  const { outcome } = stepEnd.end
  const isYes = outcome === 'approved' || outcome === 'edited'
  const asked = isYes ? context : withContext(context, { open: withoutIndex(context.open, stepEnd.stepIndex) })
  return goOnWithTurn(parts, answeredCall(asked, stepEnd), stepEnd)
}

/** After a call has changed: the turn goes on beside it, waits for people only, or is over. */
function goOnWithTurn(parts: RouteParts, context: RunContext, stepEnd: StepEnd): Ended {
  const { record, stepIndex, step, end } = stepEnd
  const before = currentCalls(context, record.id)
  const ranBefore = step.kind === 'call' || before.some((call) => call.phase === 'running' && call.step !== stepIndex)
  const unknown = before.find((call) => call.isUnknown === true)
  // An agent that is about to end begins nothing new; what runs may end.
  const opened = unknown === undefined ? openQueued(parts.graph, context, stepEnd) : context
  const runsNow = isInPhase(opened, record, 'running')
  const isUnderWay = runsNow || (unknown === undefined && isInPhase(opened, record, 'asked'))
  if (isUnderWay || (unknown === undefined && isInPhase(opened, record, 'queued'))) {
    const moved = runsNow ? transitionNames.tools(record.id) : transitionNames.person(record.id)
    const transition = runsNow === ranBefore || !isUnderWay ? transitionNames.item(record.id) : moved
    const need = isUnderWay || isShort(opened, record) ? null : oneQueuedCall
    return { type: 'inside', transition, context: opened, before: context, need }
  }
  if (unknown === undefined) return afterCalls(parts, context, stepEnd)
  const error = engineError('WAYSTONE_NODE_OUTCOME_UNKNOWN', `nobody knows whether tool ${unknown.tool} ran`)
  const ended = withoutQuestions(context, record.id)
  return { type: 'outcome', end: { ...bareEnd(end), outcome: 'unknown', error }, context: ended }
}

/** Others have given back what they had set aside: calls begin that fit now; undefined: nothing changes. Where nothing can help any more the limit is hit. */
export function roomForCalls(graph: Graph, context: RunContext, opening: Opening): InsideEnd | undefined {
  const { record } = opening
  // An agent that is about to end begins nothing new.
  if (currentCalls(context, record.id).some((call) => call.isUnknown === true)) return undefined
  const opened = openQueued(graph, context, opening)
  const isUnderWay = isInPhase(opened, record, 'running') || isInPhase(opened, record, 'asked')
  if (opened === context || (opened.steps === context.steps && isUnderWay)) return undefined
  const isRunning = isInPhase(opened, record, 'running')
  const transition = isRunning ? transitionNames.tools(record.id) : transitionNames.person(record.id)
  const need = isUnderWay || isShort(opened, record) ? null : oneQueuedCall
  return { type: 'inside', transition, context: opened, before: context, need }
}

function isShort({ short }: RunContext, { id }: NodeRecord): boolean {
  return short?.nodes.includes(id) === true
}

function isInPhase(context: RunContext, record: NodeRecord, phase: AgentCall['phase']): boolean {
  return currentCalls(context, record.id).some((call) => call.phase === phase)
}

function asksPerson(graph: Graph, record: NodeRecord): boolean {
  return !graph.edges.some((edge) => edge.from === record.id && edge.outcome === 'unknown' && edge.to !== personTarget)
}
