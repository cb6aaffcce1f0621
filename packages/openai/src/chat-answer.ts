import type { Json, JsonObject } from '@waystone/core'
import { brokenCall, providerFailure, type CallPlace } from './call-failure.ts'
import { codeOf, jsonOf, listOf, objectOf, textOf } from './json-access.ts'
import { markItems } from './provider-items.ts'
import { chatUsage } from './read-usage.ts'
import type { WireAnswer } from './turn.ts'

/** Reads a whole chat completion. @throws {NodeError} WAYSTONE_NODE_MODEL_FAILED when it is none, or failed; its usage is kept */
export function readChat(place: CallPlace, origin: string, given: unknown): WireAnswer {
  const completion = objectOf(given)
  const choice = objectOf(listOf(completion['choices'])[0])
  const message = objectOf(choice['message'])
  const usage = chatUsage(completion['usage'])
  const finish = textOf(choice['finish_reason'])
  const error = objectOf(choice['error'] ?? completion['error'])
  if (finish === 'error' || textOf(error['message']) !== undefined) {
    throw providerFailure(place, {
      status: undefined,
      code: codeOf(error['code']) ?? 'error',
      type: textOf(error['type']),
      message: textOf(error['message']) ?? '',
      requestId: textOf(completion['id']),
      readHeader: () => null,
      usage,
    })
  }
  if (!('message' in choice)) throw brokenCall(place, 'what came is no chat completion; look at baseUrl and api')
  const calls = listOf(message['tool_calls']).map((call, index) => readCall(objectOf(call), index))
  return {
    text: textOf(message['content']) ?? '',
    refusal: textOf(message['refusal']) ?? null,
    calls,
    cut: finish === 'length' ? 'length' : finish === 'content_filter' ? 'content-filter' : null,
    providerItems: markItems(origin, keptFields(message)),
    usage,
    model: textOf(completion['model']) ?? place.model,
    responseId: textOf(completion['id']),
  }
}

function readCall(call: Readonly<Record<string, unknown>>, index: number): WireAnswer['calls'][number] {
  const { name, arguments: args } = objectOf(call['function'])
  return {
    // Some servers number no calls; the id must only be unique within the message.
    id: textOf(call['id']) || `call_${index}`,
    name: textOf(name) ?? '',
    argumentsText: typeof args === 'object' && args !== null ? JSON.stringify(args) : (textOf(args) ?? ''),
  }
}

/** Fields of a message, beside text and calls, that a provider wants back. */
const wantedBack = ['reasoning_details', 'reasoning_content', 'reasoning']

/** What only the provider understands: its reasoning, and what it hung on calls, by their id. */
function keptFields(message: Readonly<Record<string, unknown>>): readonly JsonObject[] {
  const calls = listOf(message['tool_calls']).flatMap((given, index) => {
    const call = objectOf(given)
    const { id: _, type: __, function: ___, index: ____, ...extra } = call
    return Object.keys(extra).length === 0 ? [] : [[readCall(call, index).id, jsonOf(extra)] as const]
  })
  const kept: { [field: string]: Json } = {}
  for (const field of wantedBack) {
    const value = message[field]
    if (isGiven(value)) kept[field] = JSON.parse(JSON.stringify(value)) as Json
  }
  if (calls.length > 0) kept['calls'] = Object.fromEntries(calls)
  return Object.keys(kept).length === 0 ? [] : [kept]
}

interface OpenCall {
  readonly fields: Record<string, unknown>
  name: string
  text: string
}

/**
 * Puts the chunks of a streamed chat completion together.
 *
 * @returns a completion as it would have come whole
 * @throws {NodeError} WAYSTONE_NODE_MODEL_FAILED, retryable, when no chunk says how the answer ended
 */
export async function readChatStream(
  place: CallPlace,
  chunks: AsyncIterable<unknown>,
  onToken: (text: string) => void,
): Promise<unknown> {
  const shell: Record<string, unknown> = {}
  const message: Record<string, unknown> = {}
  const calls = new Map<number, OpenCall>()
  let finish: unknown = null
  for await (const given of chunks) {
    const chunk = objectOf(given)
    for (const field of ['id', 'model', 'usage']) if (isGiven(chunk[field])) shell[field] = chunk[field]
    const choice = objectOf(listOf(chunk['choices'])[0])
    finish = choice['finish_reason'] ?? finish
    const delta = objectOf(choice['delta'])
    onToken(textOf(delta['content']) ?? textOf(delta['refusal']) ?? '')
    for (const field of ['content', 'refusal', ...wantedBack]) append(message, field, delta[field])
    for (const call of listOf(delta['tool_calls'])) addCall(calls, objectOf(call))
  }
  if (typeof finish !== 'string') throw brokenCall(place, 'the stream ended before the answer was complete')
  const toolCalls = [...calls.entries()]
    .toSorted(([left], [right]) => left - right)
    .map(([, { fields, name, text }]) => ({ ...fields, function: { name, arguments: text } }))
  return { ...shell, choices: [{ finish_reason: finish, message: { ...message, tool_calls: toolCalls } }] }
}

function append(message: Record<string, unknown>, field: string, part: unknown): void {
  const before = message[field]
  if (typeof part === 'string') message[field] = `${textOf(before) ?? ''}${part}`
  else if (Array.isArray(part)) message[field] = [...listOf(before), ...(part as readonly unknown[])]
}

function addCall(calls: Map<number, OpenCall>, delta: Readonly<Record<string, unknown>>): void {
  const { index, function: given, ...fields } = delta
  const id = textOf(fields['id'])
  // Servers that number nothing send whole calls, each with an id of its own.
  const place = typeof index === 'number' ? index : id === undefined ? Math.max(0, calls.size - 1) : calls.size
  const call = calls.get(place) ?? { fields: {}, name: '', text: '' }
  const { name, arguments: text } = objectOf(given)
  for (const [field, value] of Object.entries(fields)) if (isGiven(value) && value !== '') call.fields[field] = value
  if (call.name === '') call.name = textOf(name) ?? ''
  call.text += typeof text === 'object' && text !== null ? JSON.stringify(text) : (textOf(text) ?? '')
  calls.set(place, call)
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}
