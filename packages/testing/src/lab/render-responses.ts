import type { Json, JsonObject, ModelUsage } from '@waystone/core'
import { pieces, type PreparedAnswer } from './answer.ts'
import { frameOf } from './frames.ts'
import { isObject, listOf, objectOf, textOf } from './json-access.ts'
import type { LabRequest } from './lab-request.ts'

/** The body of `POST /v1/responses` when it is not streamed. */
export function responsesBody(answer: PreparedAnswer, request: LabRequest): JsonObject {
  const output = answer.failed === null ? outputItems(answer, request) : []
  return { ...responseShell(answer, request), ...ending(answer), output }
}

/** The events of `POST /v1/responses` when it is streamed. Order: as OpenAI sends them, `sequence_number` from 0. */
export function* responsesFrames(answer: PreparedAnswer, request: LabRequest): Generator<string> {
  let sequence = 0
  const shell = { ...responseShell(answer, request), status: 'in_progress' }
  for (const { type, fields } of events(answer, request, shell)) {
    yield frameOf(type, { type, sequence_number: sequence, ...fields })
    sequence += 1
  }
}

interface WireEvent {
  readonly type: string
  readonly fields: JsonObject
}

function* events(answer: PreparedAnswer, request: LabRequest, shell: JsonObject): Generator<WireEvent> {
  yield { type: 'response.created', fields: { response: shell } }
  yield { type: 'response.in_progress', fields: { response: shell } }
  const output = answer.failed === null ? outputItems(answer, request) : []
  for (const [place, item] of output.entries()) {
    const begun = { ...item, ...beginning(item) }
    yield { type: 'response.output_item.added', fields: { output_index: place, item: begun } }
    yield* itemEvents(item, { item_id: item['id'] ?? null, output_index: place })
    yield { type: 'response.output_item.done', fields: { output_index: place, item } }
  }
  const end = ending(answer)
  yield { type: `response.${textOf(end['status']) ?? ''}`, fields: { response: { ...shell, ...end, output } } }
}

/** What an item has not yet when it begins. */
function beginning(item: JsonObject): JsonObject {
  if (item['type'] === 'function_call') return { status: 'in_progress', arguments: '' }
  if (item['type'] === 'message') return { status: 'in_progress', content: [] }
  return { summary: [] }
}

function* itemEvents(item: JsonObject, at: JsonObject): Generator<WireEvent> {
  if (item['type'] === 'function_call') yield* callEvents(item, at)
  for (const [index, part] of listOf(item['summary']).entries()) {
    yield* partEvents(objectOf(part), 'reasoning_summary', { ...at, summary_index: index })
  }
  for (const [index, part] of listOf(item['content']).entries()) {
    yield* partEvents(objectOf(part), 'content', { ...at, content_index: index })
  }
}

function* callEvents(item: JsonObject, at: JsonObject): Generator<WireEvent> {
  const text = textOf(item['arguments']) ?? ''
  for (const delta of pieces(text)) {
    yield { type: 'response.function_call_arguments.delta', fields: { ...at, delta } }
  }
  yield {
    type: 'response.function_call_arguments.done',
    fields: { ...at, arguments: text, name: item['name'] ?? null },
  }
}

function* partEvents(part: JsonObject, kind: 'content' | 'reasoning_summary', at: JsonObject): Generator<WireEvent> {
  const isRefusal = part['type'] === 'refusal'
  const text = textOf(part[isRefusal ? 'refusal' : 'text']) ?? ''
  const name = kind === 'reasoning_summary' ? 'reasoning_summary_text' : isRefusal ? 'refusal' : 'output_text'
  const extra = name === 'output_text' ? { logprobs: [] } : {}
  const empty = { ...part, [isRefusal ? 'refusal' : 'text']: '' }
  yield { type: `response.${kind}_part.added`, fields: { ...at, part: empty } }
  for (const delta of pieces(text)) yield { type: `response.${name}.delta`, fields: { ...at, delta, ...extra } }
  yield { type: `response.${name}.done`, fields: { ...at, [isRefusal ? 'refusal' : 'text']: text, ...extra } }
  yield { type: `response.${kind}_part.done`, fields: { ...at, part } }
}

function outputItems(answer: PreparedAnswer, request: LabRequest): readonly JsonObject[] {
  const { number } = answer
  const withEncrypted = listOf(request.body['include']).includes('reasoning.encrypted_content')
  const reasoning = answer.reasoning.map(({ summary, encrypted }, place) => ({
    id: `rs_${number}_${place}`,
    type: 'reasoning',
    summary: summary === null ? [] : [{ type: 'summary_text', text: summary }],
    ...(withEncrypted ? { encrypted_content: encrypted } : {}),
  }))
  const calls = answer.calls.map(({ id, name, argumentsText }, place) => ({
    id: `fc_${number}_${place}`,
    type: 'function_call',
    status: 'completed',
    arguments: argumentsText,
    call_id: id,
    name,
  }))
  return [...reasoning, ...messageItems(answer), ...calls]
}

function messageItems({ number, text, refusal, incomplete }: PreparedAnswer): readonly JsonObject[] {
  const content = [
    ...(text === null ? [] : [{ type: 'output_text', text, annotations: [], logprobs: [] }]),
    ...(refusal === null ? [] : [{ type: 'refusal', refusal }]),
  ]
  if (content.length === 0) return []
  const status = incomplete === null ? 'completed' : 'incomplete'
  return [{ id: `msg_${number}`, type: 'message', status, role: 'assistant', content }]
}

function ending({ incomplete, failed, usage, created }: PreparedAnswer): JsonObject {
  const reported = usage === null ? null : responsesUsage(usage)
  if (failed !== null) return { status: 'failed', error: { ...failed }, usage: reported }
  if (incomplete !== null) {
    return { status: 'incomplete', incomplete_details: { reason: incomplete }, usage: reported }
  }
  return { status: 'completed', completed_at: created + 1, usage: reported }
}

function responsesUsage(usage: ModelUsage): JsonObject {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: { cached_tokens: usage.cachedTokens, cache_write_tokens: 0 },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.inputTokens + usage.outputTokens,
  }
}

/** A response that has not begun to answer: everything that only repeats the request. */
function responseShell({ number, created, model }: PreparedAnswer, { body }: LabRequest): JsonObject {
  const given = (key: string, otherwise: Json): Json => body[key] ?? otherwise
  const reasoning = objectOf(body['reasoning'])
  return {
    id: `resp_${number}`,
    object: 'response',
    created_at: created,
    status: 'in_progress',
    background: false,
    completed_at: null,
    error: null,
    incomplete_details: null,
    instructions: given('instructions', null),
    max_output_tokens: given('max_output_tokens', null),
    max_tool_calls: given('max_tool_calls', null),
    model,
    output: [],
    parallel_tool_calls: given('parallel_tool_calls', true),
    previous_response_id: given('previous_response_id', null),
    prompt_cache_key: given('prompt_cache_key', null),
    reasoning: { effort: reasoning['effort'] ?? null, summary: reasoning['summary'] ?? null },
    safety_identifier: given('safety_identifier', null),
    service_tier: 'default',
    store: given('store', true),
    temperature: given('temperature', 1),
    text: isObject(body['text']) ? { format: { type: 'text' }, ...body['text'] } : { format: { type: 'text' } },
    tool_choice: given('tool_choice', 'auto'),
    tools: given('tools', []),
    top_logprobs: 0,
    top_p: given('top_p', 1),
    truncation: given('truncation', 'disabled'),
    usage: null,
    user: given('user', null),
    metadata: given('metadata', {}),
  }
}

/**
 * The ids of an answer's last reasoning item and of the item right after it, which must be given back together.
 *
 * @returns `[item, reasoning]`; null without reasoning, or when nothing follows it
 */
export function reasoningPair({
  number,
  reasoning,
  text,
  refusal,
  calls,
}: PreparedAnswer): readonly [string, string] | null {
  if (reasoning.length === 0) return null
  const hasMessage = text !== null || refusal !== null
  if (!hasMessage && calls.length === 0) return null
  return [hasMessage ? `msg_${number}` : `fc_${number}_0`, `rs_${number}_${reasoning.length - 1}`]
}
