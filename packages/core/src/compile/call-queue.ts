import type { Graph } from '../graph/graph.ts'
import type { AgentCall, OpenStep, RunContext } from '../snapshot/snapshot.ts'
import { currentCalls, withCalls } from './agent-memory.ts'
import { findLimitHit, type Need } from './limits.ts'
import type { StepEnd } from './step-end.ts'
import { addOpen, oneToolCall } from './steps.ts'

/** What opening one queued call needs. */
export const oneQueuedCall: Need = Object.freeze({ steps: 1, reserved: oneToolCall })

/**
 * Opens queued calls of the turn, in the order the model asked: as many as may run side by side and as the limits allow. The
 * others stay queued until one of these has ended.
 */
export function openQueued(graph: Graph, context: RunContext, stepEnd: StepEnd): RunContext {
  const { record } = stepEnd
  const calls = currentCalls(context, record.id)
  const atOnce = (record.kind === 'agent' ? record.maxParallelCalls : undefined) ?? Infinity
  let running = calls.filter(({ phase }) => phase === 'running').length
  let next = context
  const list: AgentCall[] = []
  for (const call of calls) {
    if (call.phase !== 'queued' || running >= atOnce || isLimited(graph, next, stepEnd)) {
      list.push(call)
      continue
    }
    list.push(Object.freeze({ callId: call.callId, tool: call.tool, step: next.steps, phase: 'running' }))
    running += 1
    next = addOpen(next, openCall(stepEnd, call))
  }
  return next === context ? context : withCalls(next, record.id, list)
}

function isLimited(graph: Graph, context: RunContext, { at }: StepEnd): boolean {
  return findLimitHit(graph, context, { need: oneQueuedCall, at }) !== undefined
}

function openCall({ record, step, at }: StepEnd, call: AgentCall): OpenStep {
  return {
    node: record.id,
    visit: step.visit,
    kind: 'call',
    attempt: 1,
    since: at ?? 0,
    tool: call.tool,
    callId: call.callId,
    reserved: oneToolCall,
  }
}
