import type { Json } from '../base/json.ts'
import type { ModelMessage } from '../define/model.ts'
import type { AgentCall, AgentMemory } from './snapshot.ts'

/** The tool calls of an agent's turn under way; empty when it has none. */
export function callsOfTurn(memory: AgentMemory | undefined): readonly AgentCall[] {
  const last = memory?.entries.at(-1)
  return last !== undefined && 'type' in last && last.type === 'results' ? last.calls : []
}

/** The newest message of an agent's model that asks for a call. */
export function messageOfCall(
  memory: AgentMemory | undefined,
  callId: string,
): Extract<ModelMessage, { role: 'assistant' }> | undefined {
  const entry = memory?.entries.findLast((one) => 'role' in one && one.calls.some(({ id }) => id === callId))
  return entry !== undefined && 'role' in entry ? entry : undefined
}

/** What a call is run with: as a person changed it, else as the model asked. Undefined when nobody asks for it. */
export function argumentsOfCall(
  memory: AgentMemory | undefined,
  callId: string,
): { readonly arguments: Json } | undefined {
  const edited = callsOfTurn(memory).find((call) => call.callId === callId)?.arguments
  if (edited !== undefined) return { arguments: edited }
  return messageOfCall(memory, callId)?.calls.find(({ id }) => id === callId)
}
