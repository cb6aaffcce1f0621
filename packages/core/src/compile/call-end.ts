import type { ErrorRecord } from '../errors/waystone-error.ts'
import type { Graph, NodeRecord } from '../graph/graph.ts'
import { toolRuleOf } from '../graph/tool-use.ts'
import type { ModelToolCall } from '../define/model.ts'
import type { AgentCall, RunContext } from '../snapshot/snapshot.ts'
import { currentCalls, memoryOf, updateCall, withMemory } from './agent-memory.ts'
import { markDegraded } from './degraded.ts'
import { errorOutside } from './group-error.ts'
import { cacheKeyOf, keepResult, privateMark } from './pure-cache.ts'
import type { StepEnd } from './step-end.ts'
import { countCall } from './tool-rules.ts'

/** Fills in a call whose step has ended, and what else follows from its end. Pure. */
export function endedCall(graph: Graph, context: RunContext, stepEnd: StepEnd): RunContext {
  const { record, stepIndex, end } = stepEnd
  if (end.outcome === 'done' || end.outcome === 'happened') return answerDone(graph, context, stepEnd)
  if (end.outcome !== 'unknown') return answerFailed(context, stepEnd)
  const result = end.result ?? messageOf(end)
  return updateCall(context, { node: record.id, stepIndex }, (call) => ({
    ...call,
    phase: 'done',
    result,
    isError: true,
    isUnknown: true,
  }))
}

/** Fills in a call that ended well: what the model is told, what rules count, what identical calls are answered with. */
function answerDone(graph: Graph, context: RunContext, stepEnd: StepEnd): RunContext {
  const { record, stepIndex, end, step } = stepEnd
  const asked = callOf(context, stepEnd)
  const result = end.result ?? messageOf(end)
  let next = updateCall(context, { node: record.id, stepIndex }, (call) => ({ ...call, phase: 'done', result }))
  const given = argumentsOf(context, record.id, step.callId)
  if (step.tool !== undefined && given !== undefined && end.outcome === 'done') {
    const key = cacheKeyOf(graph, record, { tool: step.tool, given: given.arguments })
    const cut = end.isCut === true ? { isCut: end.isCut } : {}
    next = keepResult(next, key, { tool: step.tool, step: stepIndex, result, ...cut, ...privateMark(graph, record) })
  }
  for (const tool of new Set([asked?.tool, step.tool])) next = countDone(next, record, tool)
  if (asked?.ran === undefined) return next
  const why = `${asked.ran} answered in place of ${asked.tool}`
  return markDegraded(next, { node: record.id, by: 'alternate', step: stepIndex, why })
}

/** A call that failed for good: its next alternate is to run, or the model is told the author's answer for that case, or what went wrong. */
function answerFailed(context: RunContext, stepEnd: StepEnd): RunContext {
  const { record, stepIndex, end } = stepEnd
  const asked = callOf(context, stepEnd)
  const rule = toolRuleOf(record, asked?.tool ?? '')
  const target = { node: record.id, stepIndex }
  const place = asked?.ran === undefined ? 0 : (rule?.alternates?.indexOf(asked.ran) ?? -1) + 1
  const alternate = rule?.alternates?.[place]
  if (alternate !== undefined) return updateCall(context, target, (call) => queuedAgain(call, alternate))
  const message = messageOf(end)
  if (rule?.otherwise === undefined)
    return updateCall(context, target, (call) => ({ ...call, phase: 'done', result: message, isError: true }))
  const { otherwise } = rule
  const next = updateCall(context, target, (call) => ({
    ...call,
    phase: 'done',
    result: otherwise,
    isDegraded: true,
  }))
  // The mark is part of the run's result: it says no more than the group of the node lets out.
  const told = messageOf({ ...end, error: errorOutside(record, end.error) })
  const why = `no answer of ${asked?.tool ?? ''}: ${told}`
  return markDegraded(next, { node: record.id, by: 'otherwise', step: stepIndex, why })
}

function queuedAgain(call: AgentCall, alternate: string): AgentCall {
  const { step: _, ...queued } = call
  return { ...queued, ran: alternate, phase: 'queued' }
}

function messageOf({ error, outcome }: { readonly error?: ErrorRecord | undefined; readonly outcome: string }): string {
  return error?.message ?? outcome
}

/** The call that a step runs; of several that share it, the first. */
function callOf(context: RunContext, { record, stepIndex }: StepEnd): AgentCall | undefined {
  return currentCalls(context, record.id).find((call) => call.step === stepIndex)
}

/** The call as the model asked for it, in the answer before the calls under way. */
function argumentsOf(context: RunContext, node: string, callId: string | undefined): ModelToolCall | undefined {
  const answer = memoryOf(context, node).entries.findLast((entry) => 'role' in entry)
  return answer !== undefined && 'role' in answer ? answer.calls.find((call) => call.id === callId) : undefined
}

function countDone(context: RunContext, record: NodeRecord, tool: string | undefined): RunContext {
  const memory = memoryOf(context, record.id)
  const called = countCall(record, memory.called, { tool: tool ?? '', what: 'done' })
  return called === undefined || called === memory.called
    ? context
    : withMemory(context, record.id, { ...memory, called })
}
