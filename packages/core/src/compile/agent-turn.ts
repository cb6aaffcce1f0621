import { own } from '../base/own.ts'
import { withIndex, withoutIndex } from '../base/with-index.ts'
import type { ModelToolCall } from '../define/model.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { personTarget, type Graph, type NodeRecord } from '../graph/graph.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { AgentCall, AgentEntry, OpenStep, RunContext } from '../snapshot/snapshot.ts'
import { currentCalls, memoryOf, updateCall, withEntry, withMemory } from './agent-memory.ts'
import { backoffUntil } from './backoff.ts'
import { oneQueuedCall, openQueued } from './call-queue.ts'
import { fallbackReason, nextModel, withAnswer } from './fallback.ts'
import { engineError } from './frozen-error.ts'
import { modelReservation, type Need } from './limits.ts'
import { transitionNames } from './names.ts'
import type { StepEnd } from './step-end.ts'
import { countCall, refuseCalls } from './tool-rules.ts'
import { oneToolCall, retryOf, settle, withContext } from './steps.ts'

/** What the end of an attempt means for its node. */
export type Ended =
  /** The node goes on inside. `before`: the context without that move, for when a limit of the workflow stands in its way. */
  | {
      readonly type: 'inside'
      readonly transition: string
      readonly context: RunContext
      readonly before: RunContext
      readonly need: Need | null
    }
  /** The node has ended with `end.outcome`. */
  | { readonly type: 'outcome'; readonly end: EffectEnd; readonly context: RunContext }

const modelErrors = {
  misfit: 'WAYSTONE_NODE_OUTPUT_MISFIT',
  usedUp: 'WAYSTONE_NODE_MODEL_CALLS_USED_UP',
} as const

/** Settles an attempt and says whether its node goes on inside (retry, repair, tools, next turn) or has ended. Pure. */
export function endStep(graph: Graph, context: RunContext, stepEnd: StepEnd): Ended {
  const { step, stepIndex, end } = stepEnd
  const settled = step.kind === 'resolve' ? context : settle(context, step, end)
  const closed = withContext(settled, { open: withoutIndex(settled.open, stepIndex) })
  const counted = step.kind === 'model' ? countModelCall(closed, stepEnd) : closed
  const retry = retryStep(graph, counted, stepEnd)
  if (retry !== undefined) return retry
  const fallback = fallbackStep(counted, stepEnd)
  if (fallback !== undefined) return fallback
  if (step.kind === 'call' || (step.kind === 'resolve' && step.unknown === 'call'))
    return endCall(graph, counted, stepEnd)
  if (step.kind === 'model' && end.message !== undefined && end.outcome !== 'failed')
    return endModelCall(graph, counted, stepEnd)
  return { type: 'outcome', end: fallBack(stepEnd), context: counted }
}

/** A model call that nobody knows the end of. Outcomes of reviewing gates come with a message and may have any name. */
function isLost({ step, end }: StepEnd): boolean {
  return step.kind === 'model' && end.outcome === 'lost' && end.message === undefined
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
  return withMemory(context, record.id, { ...memory, entries, modelCalls: memory.modelCalls + 1 })
}

function mayAskAgain(context: RunContext, record: NodeRecord): boolean {
  return memoryOf(context, record.id).modelCalls < maxModelCalls(record)
}

function maxModelCalls(record: NodeRecord): number {
  if (record.kind === 'agent') return record.maxModelCalls
  return record.kind === 'gate' ? (record.reviewer?.maxModelCalls ?? 0) : 0
}

function oneModelCall(record: NodeRecord): Need {
  return { steps: 1, reserved: modelReservation(record) }
}

/** The next attempt of the same step, when its policy, its error and its node's call limit allow one. */
function retryStep(graph: Graph, context: RunContext, stepEnd: StepEnd): Ended | undefined {
  const { record, step, stepIndex, end, at, effectId } = stepEnd
  if (at === undefined || !wantsRetry(graph, stepEnd)) return undefined
  if (step.kind === 'model' && !mayAskAgain(context, record)) return undefined
  const policy = retryOf(graph, record, step)
  const isAtOnce = isLost(stepEnd) || step.kind === 'resolve'
  const notBefore = isAtOnce
    ? undefined
    : backoffUntil(policy, { at, attempt: attemptOfModel(step), effectId, retryAfterMs: end.retryAfterMs })
  const kind = step.kind === 'resolve' ? (step.unknown ?? 'task') : step.kind
  const { notBefore: _, unknown: __, ...rest } = step
  const next: OpenStep = {
    ...rest,
    kind,
    attempt: step.attempt + 1,
    since: at,
    ...(notBefore !== undefined && { notBefore }),
  }
  const reserved = kind === 'tool' || kind === 'call' ? oneToolCall : next.reserved
  const error = end.error ?? context.error
  const reopened = withContext(context, {
    error,
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
  const { record, step, stepIndex, end, at } = stepEnd
  const reason = fallbackReason(stepEnd)
  if (at === undefined || reason === undefined || !mayAskAgain(context, record)) return undefined
  const model = nextModel(record, step.model ?? 0, reason)
  if (model === undefined) return undefined
  const { notBefore: _, ...rest } = step
  const next: OpenStep = { ...rest, attempt: step.attempt + 1, since: at, model, attemptsBefore: step.attempt }
  const asked = withMemory(context, record.id, { ...memoryOf(context, record.id), model, repairs: 0 })
  const reopened = withContext(asked, {
    error: end.error ?? context.error,
    open: withIndex(context.open, stepIndex, Object.freeze(next)),
  })
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

function endModelCall(graph: Graph, context: RunContext, stepEnd: StepEnd): Ended {
  const { record, end } = stepEnd
  const calls = end.message?.calls ?? []
  if (calls.length > 0 && record.kind === 'agent' && end.misfit === undefined)
    return askTools(graph, context, { stepEnd, calls })
  if (end.misfit === undefined) return { type: 'outcome', end, context }
  const memory = memoryOf(context, record.id)
  const repairs =
    record.kind === 'agent' ? record.repairs : record.kind === 'gate' ? (record.reviewer?.repairs ?? 0) : 0
  const isUsedUp = memory.repairs >= repairs
  const model = isUsedUp ? nextModel(record, memory.model ?? 0, 'misfit') : memory.model
  if ((isUsedUp && model === undefined) || !mayAskAgain(context, record)) {
    const message = `the answer of ${record.id} does not fit its schema after ${memory.repairs} repair${memory.repairs === 1 ? '' : 's'}: ${end.misfit.join('; ')}`
    return { type: 'outcome', end: failedEnd(end, modelErrors.misfit, message), context }
  }
  const entry: AgentEntry = Object.freeze({ type: 'repair', issues: end.misfit })
  const repaired = withMemory(context, record.id, {
    ...memory,
    entries: Object.freeze([...memory.entries, entry]),
    repairs: isUsedUp ? 0 : memory.repairs + 1,
    ...(model !== undefined && { model }),
  })
  return {
    type: 'inside',
    transition: transitionNames.repair(record.id),
    context: repaired,
    before: context,
    need: oneModelCall(record),
  }
}

function failedEnd(end: EffectEnd, code: ErrorCode, message: string): EffectEnd {
  const { patch: _, unset: __, output: ___, ...rest } = end
  return { ...rest, outcome: 'failed', error: engineError(code, message) }
}

/** Queues each call that may run and opens as many as may run now; answers the others at once. */
function askTools(
  graph: Graph,
  context: RunContext,
  { stepEnd, calls }: { readonly stepEnd: StepEnd; readonly calls: readonly ModelToolCall[] },
): Ended {
  const { record, end } = stepEnd
  // Names of tools and the order of calls come from a model; whatever its executor let pass, only calls that keep the rules run.
  const refused = refuseCalls(record, memoryOf(context, record.id), { calls, refused: end.refusedCalls ?? {} })
  let { called } = memoryOf(context, record.id)
  let queued = 0
  const list = calls.map(({ id, name }): AgentCall => {
    const refusal = own(refused, id)
    const base = { callId: id, tool: name }
    if (refusal !== undefined) {
      const { message, rule } = refusal
      return Object.freeze({ ...base, phase: 'done', result: message, isError: true, refused: rule })
    }
    queued += 1
    called = countCall(record, called, { tool: name, what: 'begun' })
    return Object.freeze({ ...base, phase: 'queued' })
  })
  const counted =
    called === undefined ? context : withMemory(context, record.id, { ...memoryOf(context, record.id), called })
  const asked = withEntry(counted, record.id, { type: 'results', calls: Object.freeze(list) })
  if (queued === 0) return nextTurn(asked, stepEnd)
  const opened = openQueued(graph, asked, stepEnd)
  return {
    type: 'inside',
    transition: transitionNames.tools(record.id),
    context: opened,
    before: context,
    // Whatever may not run now waits; none of them running means that a limit stands in the way.
    need: opened === asked ? oneQueuedCall : null,
  }
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
      need: oneModelCall(record),
    }
  }
  const message = `${record.id} has used its ${maxModelCalls(record)} model calls without an answer`
  return { type: 'outcome', end: failedEnd(bareEnd(stepEnd.end), modelErrors.usedUp, message), context }
}

/** An end without what belonged to one call. */
function bareEnd({ step, attempt, startedAt }: EffectEnd): EffectEnd {
  return { step, attempt, startedAt, outcome: 'done' }
}

function endCall(graph: Graph, context: RunContext, stepEnd: StepEnd): Ended {
  const { record, stepIndex, end, step, at } = stepEnd
  const isUnknown = end.outcome === 'unknown'
  if (isUnknown && asksPerson(graph, record) && at !== undefined) {
    const { reserved: _, notBefore: __, ...rest } = step
    const asked: OpenStep = Object.freeze({ ...rest, kind: 'resolve', unknown: 'call', since: at })
    const waiting = withContext(context, { open: withIndex(context.open, stepIndex, asked) })
    const marked = updateCall(waiting, { node: record.id, stepIndex }, (call) => ({ ...call, phase: 'asked' }))
    const next = openQueued(graph, marked, stepEnd)
    return { type: 'inside', transition: transitionNames.person(record.id), context: next, before: next, need: null }
  }
  const result = end.result ?? end.error?.message ?? end.outcome
  const isError = end.outcome !== 'done' && end.outcome !== 'happened'
  const ended = updateCall(context, { node: record.id, stepIndex }, (call) => ({
    ...call,
    phase: 'done',
    result,
    ...(isError && { isError }),
    ...(isUnknown && { isUnknown }),
  }))
  const next = isError ? ended : countDone(ended, record, step.tool)
  const unknown = currentCalls(next, record.id).find((call) => call.isUnknown === true)
  // The agent is about to end: nothing new begins, what runs may end.
  const opened = unknown === undefined ? openQueued(graph, next, stepEnd) : next
  const calls = currentCalls(opened, record.id)
  const isUnderWay = calls.some((call) => call.phase === 'running' || call.phase === 'asked')
  if (isUnderWay || (unknown === undefined && calls.some((call) => call.phase === 'queued'))) {
    const need = isUnderWay ? null : oneQueuedCall
    return { type: 'inside', transition: transitionNames.item(record.id), context: opened, before: next, need }
  }
  if (unknown === undefined) return nextTurn(next, stepEnd)
  const error = engineError('WAYSTONE_NODE_OUTCOME_UNKNOWN', `nobody knows whether tool ${unknown.tool} ran`)
  return { type: 'outcome', end: { ...bareEnd(end), outcome: 'unknown', error }, context: next }
}

function countDone(context: RunContext, record: NodeRecord, tool: string | undefined): RunContext {
  const memory = memoryOf(context, record.id)
  const called = countCall(record, memory.called, { tool: tool ?? '', what: 'done' })
  return called === undefined || called === memory.called
    ? context
    : withMemory(context, record.id, { ...memory, called })
}

function asksPerson(graph: Graph, record: NodeRecord): boolean {
  return !graph.edges.some((edge) => edge.from === record.id && edge.outcome === 'unknown' && edge.to !== personTarget)
}
