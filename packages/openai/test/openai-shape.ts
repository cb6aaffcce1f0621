import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Json, JsonObject } from '@waystone/core'

/**
 * A stand-in for OpenAI, from which recordings are made where no paid model may be called.
 *
 * What it says is made up. How it says it follows OpenAI's reference and the types of its SDK, field by field and event by event:
 * reasoning items with encrypted content, padding of events, cached and reasoning tokens, rate limit headers. One thing differs: a real
 * model streams a token an event, and this sends some sixty characters, so that recordings stay small.
 *
 * It shares no code with the model lab, so that what reads both is not only tested against the lab's own idea of OpenAI.
 */
export interface Said {
  /** Makes ids. Different for every answer. */
  readonly name: string
  /** The answer as text; absent: only calls. */
  readonly text?: string
  readonly calls?: readonly { readonly name: string; readonly arguments: JsonObject }[]
  readonly usage: {
    readonly input: number
    readonly cached: number
    readonly output: number
    readonly reasoning: number
  }
}

/** The model that answers, whatever alias of it is asked. */
const answering = 'gpt-6-luna-2026-09-22'
const created = Date.UTC(2026, 10, 20, 9) / 1000

/** Starts the stand-in. @param say - what it answers to a request body */
export async function startStandIn(
  say: (body: JsonObject) => Said,
): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer((request, response) => void answer(request, response, say))
  const { promise, resolve } = Promise.withResolvers<undefined>()
  server.listen(0, '127.0.0.1', () => resolve(undefined))
  await promise
  const { port } = server.address() as AddressInfo
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${port}/v1`, close }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  say: (body: JsonObject) => Said,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = JSON.parse(Buffer.concat(chunks).toString()) as JsonObject
  const said = say(body)
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'openai-version': '2020-10-01',
    'openai-processing-ms': '812',
    'x-request-id': `req_${idOf(said, 'request')}`,
    'x-ratelimit-limit-requests': '10000',
    'x-ratelimit-remaining-requests': '9999',
    'x-ratelimit-reset-requests': '6ms',
    'x-ratelimit-limit-tokens': '10000000',
    'x-ratelimit-remaining-tokens': String(10_000_000 - said.usage.input),
    'x-ratelimit-reset-tokens': '24ms',
  })
  const isChat = request.url?.endsWith('/chat/completions') === true
  for (const frame of isChat ? chatFrames(said) : responsesFrames(said, body)) response.write(frame)
  response.end()
}

/** Thirty hexadecimal digits, always the same for the same answer and part. */
function idOf({ name }: Said, part: string): string {
  return createHash('sha256').update(`${name}/${part}`).digest('hex').slice(0, 30)
}

/** Filling as OpenAI adds it, so that the length of an event does not give away what it says. */
function padding(said: Said, place: number): string {
  return createHash('md5')
    .update(`${said.name}/${place}`)
    .digest('base64url')
    .slice(0, 5 + (place % 11))
}

function pieces(text: string): readonly string[] {
  return text.match(/[^]{1,60}/g) ?? []
}

function* responsesFrames(said: Said, body: JsonObject): Generator<string> {
  let sequence = 0
  const frame = (type: string, fields: JsonObject): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...fields, sequence_number: sequence++ })}\n\n`
  const shell = responseShell(said, body)
  yield frame('response.created', { response: shell })
  yield frame('response.in_progress', { response: shell })
  const output = outputItems(said)
  for (const [place, item] of output.entries()) {
    yield frame('response.output_item.added', { item: begun(item), output_index: place })
    for (const { type, ...fields } of itemEvents(item)) {
      const pad = type.endsWith('.delta') ? { obfuscation: padding(said, sequence) } : {}
      yield frame(type, { ...fields, item_id: item['id'] ?? '', output_index: place, ...pad })
    }
    yield frame('response.output_item.done', { item, output_index: place })
  }
  const end = { status: 'completed', completed_at: created + 9, output, usage: responsesUsage(said) }
  yield frame('response.completed', { response: { ...shell, ...end } })
}

function outputItems(said: Said): readonly JsonObject[] {
  const sealed = createHash('sha512').update(said.name).digest('base64url')
  const reasoning = {
    id: `rs_${idOf(said, 'reasoning')}`,
    type: 'reasoning',
    encrypted_content: `gAAAAABp${sealed}${sealed}==`,
    summary: [],
  }
  const calls = (said.calls ?? []).map((call, place) => ({
    id: `fc_${idOf(said, `item ${place}`)}`,
    type: 'function_call',
    status: 'completed',
    arguments: JSON.stringify(call.arguments),
    call_id: `call_${idOf(said, `call ${place}`).slice(0, 24)}`,
    name: call.name,
  }))
  const text = { type: 'output_text', annotations: [], logprobs: [], text: said.text ?? '' }
  const message = {
    id: `msg_${idOf(said, 'message')}`,
    type: 'message',
    status: 'completed',
    content: [text],
    role: 'assistant',
  }
  return [reasoning, ...(said.text === undefined ? [] : [message]), ...calls]
}

function begun(item: JsonObject): JsonObject {
  if (item['type'] === 'message') return { ...item, status: 'in_progress', content: [] }
  return item['type'] === 'function_call' ? { ...item, status: 'in_progress', arguments: '' } : item
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

type ItemEvent = JsonObject & { readonly type: string }

function* itemEvents(item: JsonObject): Generator<ItemEvent> {
  if (item['type'] === 'function_call') {
    const text = textOf(item['arguments'])
    for (const delta of pieces(text)) yield { type: 'response.function_call_arguments.delta', delta }
    yield { type: 'response.function_call_arguments.done', arguments: text }
  }
  if (item['type'] !== 'message') return
  const [part] = item['content'] as readonly [JsonObject]
  const text = textOf(part['text'])
  yield { type: 'response.content_part.added', content_index: 0, part: { ...part, text: '' } }
  for (const delta of pieces(text)) {
    yield { type: 'response.output_text.delta', content_index: 0, delta, logprobs: [] }
  }
  yield { type: 'response.output_text.done', content_index: 0, logprobs: [], text }
  yield { type: 'response.content_part.done', content_index: 0, part }
}

function responseShell(said: Said, body: JsonObject): JsonObject {
  const given = (key: string, otherwise: Json): Json => body[key] ?? otherwise
  const format = (given('text', {}) as JsonObject)['format'] ?? { type: 'text' }
  return {
    id: `resp_${idOf(said, 'response')}`,
    object: 'response',
    created_at: created,
    status: 'in_progress',
    background: false,
    completed_at: null,
    error: null,
    frequency_penalty: 0,
    incomplete_details: null,
    instructions: given('instructions', null),
    max_output_tokens: given('max_output_tokens', null),
    max_tool_calls: null,
    model: answering,
    output: [],
    parallel_tool_calls: true,
    presence_penalty: 0,
    previous_response_id: null,
    prompt_cache_key: given('prompt_cache_key', null),
    prompt_cache_retention: null,
    reasoning: { effort: 'medium', summary: null },
    safety_identifier: null,
    service_tier: 'default',
    store: false,
    temperature: 1,
    text: { format, verbosity: 'medium' },
    tool_choice: 'auto',
    tools: given('tools', []),
    top_logprobs: 0,
    top_p: 0.98,
    truncation: 'disabled',
    usage: null,
    user: null,
    metadata: {},
  }
}

function responsesUsage({ usage }: Said): JsonObject {
  return {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cached, cache_write_tokens: 0 },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: usage.input + usage.output,
  }
}

function* chatFrames(said: Said): Generator<string> {
  let place = 0
  const shell = {
    id: `chatcmpl-${idOf(said, 'chat')}`,
    object: 'chat.completion.chunk',
    created,
    model: answering,
    service_tier: 'default',
    system_fingerprint: null,
  }
  const chunk = (delta: JsonObject, finish: string | null = null): string => {
    const choices = [{ index: 0, delta, finish_reason: finish }]
    return `data: ${JSON.stringify({ ...shell, choices, usage: null, obfuscation: padding(said, place++) })}\n\n`
  }
  const calls = said.calls ?? []
  yield chunk({ role: 'assistant', content: calls.length === 0 ? '' : null, refusal: null })
  for (const content of pieces(said.text ?? '')) yield chunk({ content })
  for (const [index, call] of calls.entries()) {
    const id = `call_${idOf(said, `call ${index}`).slice(0, 24)}`
    yield chunk({ tool_calls: [{ index, id, type: 'function', function: { name: call.name, arguments: '' } }] })
    for (const text of pieces(JSON.stringify(call.arguments))) {
      yield chunk({ tool_calls: [{ index, function: { arguments: text } }] })
    }
  }
  yield chunk({}, calls.length === 0 ? 'stop' : 'tool_calls')
  yield `data: ${JSON.stringify({ ...shell, choices: [], usage: chatUsage(said), obfuscation: '' })}\n\n`
  yield 'data: [DONE]\n\n'
}

function chatUsage({ usage }: Said): JsonObject {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}
