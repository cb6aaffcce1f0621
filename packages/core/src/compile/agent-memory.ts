import { own } from '../base/own.ts'
import { callsOfTurn } from '../snapshot/agent-calls.ts'
import type { AgentCall, AgentEntry, AgentMemory, RunContext } from '../snapshot/snapshot.ts'
import { withContext, withKey } from './steps.ts'

/** What is private to a node that asks a model; empty before its first call. */
export function memoryOf(context: RunContext, node: string): AgentMemory {
  return own(context.private, node) ?? { entries: [], modelCalls: 0, repairs: 0 }
}

/** Replaces what is private to a node. */
export function withMemory(context: RunContext, node: string, memory: AgentMemory): RunContext {
  return withContext(context, { private: withKey(context.private, node, Object.freeze(memory)) })
}

/** Adds an entry to a node's conversation. */
export function withEntry(context: RunContext, node: string, entry: AgentEntry): RunContext {
  const memory = memoryOf(context, node)
  return withMemory(context, node, { ...memory, entries: Object.freeze([...memory.entries, Object.freeze(entry)]) })
}

/** The calls of the agent's turn under way. */
export function currentCalls(context: RunContext, node: string): readonly AgentCall[] {
  return callsOfTurn(own(context.private, node))
}

/** Replaces the calls of the agent's turn under way. */
export function withCalls(context: RunContext, node: string, calls: readonly AgentCall[]): RunContext {
  const memory = memoryOf(context, node)
  const entry: AgentEntry = Object.freeze({ type: 'results', calls: Object.freeze(calls) })
  return withMemory(context, node, { ...memory, entries: Object.freeze([...memory.entries.slice(0, -1), entry]) })
}

/** Changes one call of the turn under way, named by its step. */
export function updateCall(
  context: RunContext,
  target: { readonly node: string; readonly stepIndex: number },
  change: (call: AgentCall) => AgentCall,
): RunContext {
  const calls = currentCalls(context, target.node).map((call) =>
    call.step === target.stepIndex ? Object.freeze(change(call)) : call,
  )
  return withCalls(context, target.node, calls)
}
