import { withIndex } from '../base/with-index.ts'
import type { Graph } from '../graph/graph.ts'
import { callApprovalOf } from '../graph/tool-use.ts'
import type { AgentCall, OpenStep, RunContext } from '../snapshot/snapshot.ts'
import { nextEscalation } from './escalation.ts'
import { findAgentLimitHit } from './agent-limits.ts'
import { visitEnd } from './agent-visit.ts'
import { currentCalls, withCalls } from './agent-memory.ts'
import { findLimitHit, mayFit, type Need } from './limits.ts'
import { withShort } from './short.ts'
import type { StepEnd } from './step-end.ts'
import { addOpen, oneToolCall, withContext } from './steps.ts'

/** What opening one queued call needs. */
export const oneQueuedCall: Need = Object.freeze({ steps: 1, reserved: oneToolCall })

/**
 * Opens queued calls of the turn, in the order the model asked: as many as may run side by side and as the limits allow. The
 * others stay queued until one of these has ended. People are asked at once, and what they have approved is set aside already: it
 * only waits for its place.
 */
export function openQueued(graph: Graph, context: RunContext, stepEnd: Opening): RunContext {
  const { record } = stepEnd
  const calls = currentCalls(context, record.id)
  const atOnce = (record.kind === 'agent' ? record.maxParallelCalls : undefined) ?? Infinity
  let running = calls.filter(({ phase, sameAs }) => phase === 'running' && sameAs === undefined).length
  const opened = new Map<string, number>()
  let next = context
  const list: AgentCall[] = []
  const mayRun = (): boolean => running < atOnce
  let isShort = false
  for (const call of calls) {
    const shared = call.phase === 'queued' && call.sameAs !== undefined ? opened.get(call.sameAs) : undefined
    if (shared !== undefined) {
      list.push(Object.freeze({ ...call, step: shared, phase: 'running' }))
      continue
    }
    const isApproved = call.step !== undefined
    const isQuestion = call.asks !== undefined && !isApproved
    if (call.phase !== 'queued' || call.sameAs !== undefined || (!isQuestion && !mayRun())) {
      list.push(call)
      continue
    }
    if (!isApproved && isLimited(graph, next, stepEnd)) {
      isShort ||= isShortOfOthers(graph, next, stepEnd)
      list.push(call)
      continue
    }
    const { callId, tool, phase: _, step = next.steps, ...rest } = call
    list.push(Object.freeze({ callId, tool, step, phase: isQuestion ? 'asked' : 'running', ...rest }))
    opened.set(callId, step)
    if (!isQuestion) running += 1
    next = isApproved
      ? runApproved(next, step, stepEnd)
      : addOpen(next, { ...openCall(graph, call, stepEnd), ...visitEnd(next, record) })
  }
  const hasBegun = next !== context
  return withShort(hasBegun ? withCalls(next, record.id, list) : context, record.id, { isShort, hasBegun })
}

/** What opens calls: the end of a step of the agent's, or room that others have left. */
export type Opening = Pick<StepEnd, 'record' | 'at'> & { readonly step: Pick<OpenStep, 'visit'> }

function isLimited(graph: Graph, context: RunContext, { record, at }: Opening): boolean {
  const move = { need: oneQueuedCall, at }
  return (findAgentLimitHit(record, context, move) ?? findLimitHit(graph, context, move)) !== undefined
}

/** A call waits for others to give back what they have set aside; what its own agent has set aside comes back with calls of its own. */
function isShortOfOthers(graph: Graph, context: RunContext, { record, at }: Opening): boolean {
  const move = { need: oneQueuedCall, at }
  return findAgentLimitHit(record, context, move) === undefined && mayFit(graph, context, move)
}

function openCall(graph: Graph, call: AgentCall, { record, step, at }: Opening): OpenStep {
  const rule = call.asks === undefined ? null : callApprovalOf(graph, record, call.tool)
  const expiresInMs = rule?.expiresInMs ?? null
  return {
    node: record.id,
    visit: step.visit,
    kind: call.asks === undefined ? 'call' : 'approval',
    attempt: 1,
    since: at ?? 0,
    tool: call.ran ?? call.tool,
    callId: call.callId,
    ...(at !== undefined && expiresInMs !== null && { expiresAt: at + expiresInMs }),
    ...(at !== undefined && rule !== null && nextEscalation(rule, at, 0)),
    reserved: oneToolCall,
  }
}

function runApproved(context: RunContext, stepIndex: number, { at }: Opening): RunContext {
  const step = context.open[stepIndex]
  if (step === undefined) return context
  const running: OpenStep = Object.freeze({ ...step, kind: 'call', since: at ?? step.since })
  return withContext(context, { open: withIndex(context.open, stepIndex, running) })
}
