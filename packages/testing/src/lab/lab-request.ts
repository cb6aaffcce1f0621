import type { Json, JsonObject } from '@waystone/core'
import { listOf, objectOf, textOf } from './json-access.ts'

/** Which of the two APIs a request speaks. */
export type LabApi = 'responses' | 'chat'

/** One message of a request, the same for both APIs. */
export interface LabMessage {
  /** `call`: a tool call that the model made before; its text is `name(arguments)`. */
  readonly role: 'user' | 'assistant' | 'tool' | 'call'
  readonly text: string
}

/** A request as scripts see it: the same view of both APIs. */
export interface LabRequest {
  readonly api: LabApi
  readonly model: string
  /** Instructions, and the text of system and developer messages. */
  readonly instructions: string
  /** Order: as sent. Without system and developer messages. */
  readonly messages: readonly LabMessage[]
  /** Text of the last message of a user or a tool; empty when there is none. */
  readonly lastMessage: string
  /** Names of the tools that are offered. */
  readonly tools: readonly string[]
  /** Name of the JSON schema that the answer must fit; null when none is asked. */
  readonly output: string | null
  readonly isStream: boolean
  /** Everything, as it came. */
  readonly body: JsonObject
}

/** Reads the body of a request. What is missing or of the wrong kind is left out. */
export function readRequest(api: LabApi, body: JsonObject): LabRequest {
  const all = (api === 'chat' ? listOf(body['messages']) : inputItems(body)).flatMap(messagesOf)
  const system = all.filter(({ role }) => role === 'system').map(({ text }) => text)
  const messages = all.flatMap(({ role, text }) => (role === 'system' ? [] : [{ role, text }]))
  return {
    api,
    model: textOf(body['model']) ?? '',
    instructions: [textOf(body['instructions']) ?? '', ...system].filter((text) => text !== '').join('\n'),
    messages,
    lastMessage: messages.findLast(({ role }) => role === 'user' || role === 'tool')?.text ?? '',
    tools: listOf(body['tools']).map(toolName),
    output: outputName(api, body),
    isStream: body['stream'] === true,
    body,
  }
}

/** The input of a Responses request as a list of items. */
export function inputItems(body: JsonObject): readonly Json[] {
  const input = body['input']
  return typeof input === 'string' ? [{ role: 'user', content: input }] : listOf(input)
}

type AnyMessage = Omit<LabMessage, 'role'> & { readonly role: LabMessage['role'] | 'system' }

function messagesOf(value: Json): readonly AnyMessage[] {
  const item = objectOf(value)
  if (item['type'] === 'function_call') return [{ role: 'call', text: callText(item) }]
  if (item['type'] === 'function_call_output') return [{ role: 'tool', text: contentText(item['output']) }]
  const calls = listOf(item['tool_calls']).map((call) => callText(objectOf(objectOf(call)['function'])))
  const role = roleOf(item['role'])
  if (role === undefined) return []
  return [{ role, text: contentText(item['content']) }, ...calls.map((text) => ({ role: 'call', text }) as const)]
}

function roleOf(role: Json | undefined): AnyMessage['role'] | undefined {
  if (role === 'system' || role === 'developer') return 'system'
  return role === 'user' || role === 'assistant' || role === 'tool' ? role : undefined
}

function callText(call: JsonObject): string {
  return `${textOf(call['name']) ?? ''}(${textOf(call['arguments']) ?? ''})`
}

function contentText(content: Json | undefined): string {
  if (typeof content === 'string') return content
  return listOf(content)
    .map((part) => textOf(objectOf(part)['text']) ?? textOf(objectOf(part)['refusal']) ?? '')
    .filter((text) => text !== '')
    .join('\n')
}

function toolName(tool: Json): string {
  const { name, function: inner, type } = objectOf(tool)
  return textOf(name) ?? textOf(objectOf(inner)['name']) ?? textOf(type) ?? ''
}

function outputName(api: LabApi, body: JsonObject): string | null {
  const format = objectOf(api === 'chat' ? body['response_format'] : objectOf(body['text'])['format'])
  if (format['type'] !== 'json_schema') return null
  return textOf(format['name']) ?? textOf(objectOf(format['json_schema'])['name']) ?? null
}
