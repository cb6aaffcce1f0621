import OpenAI, { APIError, OpenAIError } from 'openai'
import { zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod'
import type { Response, ResponseStreamEvent } from 'openai/resources/responses/responses'
import type { ChatCompletionChunk } from 'openai/resources/chat/completions'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { ModelLab } from './model-lab.ts'
import type { LabScript } from './script.ts'
import { faults } from './faults.ts'
import { parseJson } from './json-access.ts'
import { startModelLab } from './start-model-lab.ts'

const labs: ModelLab[] = []

afterEach(async () => {
  await Promise.all(labs.splice(0).map((lab) => lab.close()))
})

async function labWith(...script: LabScript): Promise<{ lab: ModelLab; client: OpenAI }> {
  const lab = await startModelLab({ script })
  labs.push(lab)
  return { lab, client: new OpenAI({ baseURL: lab.url, apiKey: 'sk-test', maxRetries: 0, logLevel: 'off' }) }
}

async function all<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of stream) items.push(item)
  return items
}

const usage = { inputTokens: 1200, outputTokens: 340, cachedTokens: 1000, reasoningTokens: 300 }
const weather = {
  type: 'function',
  name: 'weather',
  description: 'Weather of a city',
  strict: true,
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
} as const
const chatWeather = {
  type: 'function',
  function: { name: weather.name, description: weather.description, parameters: weather.parameters },
} as const
const Report = z.object({ title: z.string(), pages: z.int() })

describe('Responses through the openai SDK', () => {
  it('creates a text with its usage', async () => {
    const { lab, client } = await labWith({ text: 'Good day.', usage, model: 'small-2026-01-01' })
    const response = await client.responses.create({ model: 'small', instructions: 'Be kind.', input: 'Hello' })
    expect(response.output_text).toBe('Good day.')
    expect(response.status).toBe('completed')
    expect(response.model).toBe('small-2026-01-01')
    expect(response.usage).toEqual({
      input_tokens: 1200,
      input_tokens_details: { cached_tokens: 1000, cache_write_tokens: 0 },
      output_tokens: 340,
      output_tokens_details: { reasoning_tokens: 300 },
      total_tokens: 1540,
    })
    expect(response).toHaveProperty('_request_id', 'req_0001')
    lab.assertComplete()
  })

  it('streams events in their order, numbered from 0, and ends with what was created', async () => {
    const parts = { reasoning: 'Thinking it over.', text: 'A text long enough for several pieces.', usage }
    const { client } = await labWith(parts, parts)
    const request = { model: 'small', input: 'Hello', include: ['reasoning.encrypted_content' as const] }
    const events: ResponseStreamEvent[] = await all(await client.responses.create({ ...request, stream: true }))
    expect(events.map(({ sequence_number: number }) => number)).toEqual([...events.keys()])
    expect(events.map(({ type }) => type).filter((type, index, types) => type !== types[index - 1])).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    const deltas = events.flatMap((event) => (event.type === 'response.output_text.delta' ? [event.delta] : []))
    expect(deltas.length).toBeGreaterThan(1)
    expect(deltas.join('')).toBe('A text long enough for several pieces.')
    const last = events.at(-1)
    const streamed = last?.type === 'response.completed' ? last.response : undefined
    const created = await client.responses.create(request)
    expect(created.output[0]).toMatchObject({ type: 'reasoning', encrypted_content: 'lab-encrypted-0002-0' })
    expect(withoutIds(streamed)).toEqual(withoutIds(created))
  })

  it('gives the helper stream its final response, and the same calls as without a stream', async () => {
    const calls = [
      { name: 'weather', arguments: { city: 'Málaga 🌍' } },
      { name: 'weather', arguments: { city: 'Oslo' } },
    ]
    const { client } = await labWith({ calls }, { calls })
    const request = { model: 'small', input: 'Weather?', tools: [weather] }
    const stream = client.responses.stream(request)
    const streamed = await stream.finalResponse()
    const created = await client.responses.create(request)
    for (const response of [streamed, created]) {
      const made = response.output.flatMap((item) => (item.type === 'function_call' ? [item] : []))
      expect(made.map(({ name, arguments: text }) => [name, parseJson(text)])).toEqual([
        ['weather', { city: 'Málaga 🌍' }],
        ['weather', { city: 'Oslo' }],
      ])
      expect(new Set(made.map(({ call_id: id }) => id)).size).toBe(2)
    }
  })

  it('carries a conversation with reasoning, calls and results, and refuses one that was torn', async () => {
    const { lab, client } = await labWith(
      { reasoning: 'I need the weather.', calls: [{ name: 'weather', arguments: { city: 'Oslo' } }] },
      'Snow.',
    )
    const first = await client.responses.create({ model: 'small', input: 'Weather?', tools: [weather] })
    const call = first.output.find((item) => item.type === 'function_call')
    const result = { type: 'function_call_output', call_id: call?.call_id ?? '', output: 'snow' } as const
    const ask = (input: OpenAI.Responses.ResponseInput): Promise<Response> =>
      client.responses.create({ model: 'small', input, tools: [weather] })
    const [reasoning, made] = first.output as [OpenAI.Responses.ResponseReasoningItem, typeof call & object]
    await expect(ask([result])).rejects.toThrow('No tool call found for function call output with call_id call_0001_0')
    await expect(ask([reasoning, made])).rejects.toThrow('No tool output found for function call call_0001_0')
    await expect(ask([made, result])).rejects.toThrow("without its required 'reasoning' item: 'rs_0001_0'")
    await expect(ask([reasoning, result])).rejects.toThrow('No tool call found')
    expect((await ask([{ role: 'user', content: 'Weather?' }, reasoning, made, result])).output_text).toBe('Snow.')
    expect(lab.problems).toHaveLength(4)
    expect(lab.entries.at(-1)?.request?.messages).toEqual([
      { role: 'user', text: 'Weather?' },
      { role: 'call', text: 'weather({"city":"Oslo"})' },
      { role: 'tool', text: 'snow' },
    ])
  })

  it('parses structured output, and calls with strict schemas', async () => {
    const { client } = await labWith(
      { json: { title: 'A', pages: 3 } },
      { calls: [{ name: 'report', arguments: { title: 'B', pages: 4 } }] },
    )
    const parsed = await client.responses.parse({
      model: 'm',
      input: 'x',
      text: { format: zodTextFormat(Report, 'report') },
    })
    expect(parsed.output_parsed).toEqual({ title: 'A', pages: 3 })
    const called = await client.responses.parse({
      model: 'm',
      input: 'x',
      tools: [zodResponsesFunction({ name: 'report', parameters: Report })],
    })
    expect(called.output[0]).toMatchObject({ type: 'function_call', parsed_arguments: { title: 'B', pages: 4 } })
  })

  it('shows refusals, cut answers and failures as OpenAI does, streamed and not', async () => {
    const parts = [faults.refusal('No.'), faults.incomplete('Half of'), faults.contentFilter(), faults.failed('Sorry.')]
    const { client } = await labWith(...parts.flatMap((one) => [one, one]))
    const seen: unknown[] = []
    for (const _ of parts) {
      const created = await client.responses.create({ model: 'm', input: 'x' })
      const streamed = await client.responses.stream({ model: 'm', input: 'x' }).finalResponse()
      expect(withoutIds({ ...streamed, output_parsed: undefined })).toMatchObject({ status: created.status })
      seen.push([created.status, created.incomplete_details?.reason, created.error?.message, firstPart(created)])
    }
    expect(seen).toEqual([
      ['completed', undefined, undefined, { type: 'refusal', refusal: 'No.' }],
      ['incomplete', 'max_output_tokens', undefined, expect.objectContaining({ text: 'Half of' })],
      ['incomplete', 'content_filter', undefined, expect.objectContaining({ text: '' })],
      ['failed', undefined, 'Sorry.', undefined],
    ])
  })

  it('throws the error of a stream with its code', async () => {
    const { client } = await labWith(faults.errorInStream(3), faults.errorInStream(3))
    const stream = await client.responses.create({ model: 'm', input: 'x', stream: true })
    await expect(all(stream)).rejects.toBeInstanceOf(APIError)
    await expect(client.responses.create({ model: 'm', input: 'x' })).rejects.toMatchObject({ status: 500 })
  })
})

describe('chat completions through the openai SDK', () => {
  const messages = [{ role: 'user', content: 'Hello' }] as const

  it('creates a text with its usage', async () => {
    const { lab, client } = await labWith({ text: 'Good day.', usage })
    const completion = await client.chat.completions.create({ model: 'small', messages: [...messages] })
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: 'Good day.', refusal: null },
    })
    expect(completion.usage).toMatchObject({
      prompt_tokens: 1200,
      completion_tokens: 340,
      total_tokens: 1540,
      prompt_tokens_details: { cached_tokens: 1000 },
      completion_tokens_details: { reasoning_tokens: 300 },
    })
    lab.assertComplete()
  })

  it('reports usage in a stream only when asked, and the lab counts only what it reported', async () => {
    const { lab, client } = await labWith({ text: 'Good day to you.', usage }, { text: 'Good day to you.', usage })
    const request = { model: 'small', messages: [...messages], stream: true as const }
    const silent: ChatCompletionChunk[] = await all(await client.chat.completions.create(request))
    expect(silent.some((chunk) => 'usage' in chunk)).toBe(false)
    expect(lab.totals()).toMatchObject({ unreported: 1, usage: { inputTokens: 0 } })
    const told = await all(
      await client.chat.completions.create({ ...request, stream_options: { include_usage: true } }),
    )
    expect(told.map((chunk) => chunk.usage?.total_tokens ?? null)).toEqual([...told.slice(1).map(() => null), 1540])
    expect(told.at(-1)?.choices).toEqual([])
    expect(told.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Good day to you.')
    expect(lab.totals()).toMatchObject({ unreported: 1, usage })
  })

  it('streams parallel calls that the helper puts together', async () => {
    const calls = [
      { name: 'weather', arguments: { city: 'Málaga 🌍' } },
      { name: 'weather', arguments: { city: 'Oslo' }, id: 'mine' },
    ]
    const { client } = await labWith({ calls })
    const stream = client.chat.completions.stream({ model: 'm', messages: [...messages], tools: [chatWeather] })
    const { choices } = await stream.finalChatCompletion()
    expect(choices[0]?.finish_reason).toBe('tool_calls')
    expect(choices[0]?.message.tool_calls).toMatchObject([
      { id: 'call_0001_0', function: { name: 'weather', arguments: '{"city":"Málaga 🌍"}' } },
      { id: 'mine', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
    ])
  })

  it('refuses a conversation whose calls and results do not fit', async () => {
    const { client } = await labWith('Snow.')
    const calls = [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{}' } }] as const
    const asked: OpenAI.ChatCompletionMessageParam = { role: 'assistant', content: null, tool_calls: [...calls] }
    const result = { role: 'tool', tool_call_id: 'c1', content: 'snow' } as const
    const ask = (...rest: OpenAI.ChatCompletionMessageParam[]): Promise<OpenAI.ChatCompletion> =>
      client.chat.completions.create({ model: 'm', messages: [...messages, ...rest] })
    await expect(ask(result)).rejects.toThrow("must be a response to a preceeding message with 'tool_calls'")
    await expect(ask(asked)).rejects.toThrow('did not have response messages: c1')
    await expect(ask(asked, ...messages, result)).rejects.toThrow('did not have response messages: c1')
    expect((await ask(asked, result)).choices[0]?.message.content).toBe('Snow.')
  })

  it('shows refusals, cut answers and failures as OpenAI does, streamed and not', async () => {
    const parts = [faults.refusal('No.'), faults.incomplete('Half of'), faults.contentFilter()]
    const { client } = await labWith(
      ...parts.flatMap((one) => [one, one]),
      faults.failed('Sorry.'),
      faults.failed('Sorry.'),
    )
    const request = { model: 'm', messages: [...messages] }
    const seen: unknown[] = []
    for (const _ of parts) {
      const { choices } = await client.chat.completions.create(request)
      const streamed = await all(await client.chat.completions.create({ ...request, stream: true }))
      expect(streamed.at(-1)?.choices[0]?.finish_reason).toBe(choices[0]?.finish_reason)
      seen.push([choices[0]?.finish_reason, choices[0]?.message.content, choices[0]?.message.refusal])
    }
    expect(seen).toEqual([
      ['stop', null, 'No.'],
      ['length', 'Half of', null],
      ['content_filter', '', null],
    ])
    await expect(client.chat.completions.create(request)).rejects.toMatchObject({ status: 500, code: 'server_error' })
    await expect(all(await client.chat.completions.create({ ...request, stream: true }))).rejects.toThrow('Sorry.')
  })
})

describe('errors through the openai SDK', () => {
  it('have status, code, type and headers', async () => {
    const { client } = await labWith(
      faults.rateLimited({ retryAfterSeconds: 2, retryAfterMs: 1500 }),
      faults.rateLimited(),
      faults.quota(),
      faults.serverError(),
      faults.unavailable({ retryAfterMs: 5 }),
      faults.tooLong(),
    )
    const seen: unknown[] = []
    for (let index = 0; index < 6; index += 1) {
      const error = await client.responses.create({ model: 'm', input: 'x' }).catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(APIError)
      const { status, code, headers } = error as { status: number; code: string | null; headers: Headers }
      seen.push([status, code, headers.get('retry-after') ?? headers.get('retry-after-ms')])
    }
    expect(seen).toEqual([
      [429, 'rate_limit_exceeded', '2'],
      [429, 'rate_limit_exceeded', null],
      [429, 'insufficient_quota', null],
      [500, null, null],
      [503, null, '5'],
      [400, 'context_length_exceeded', null],
    ])
  })

  it('are obeyed by the retries of the SDK', async () => {
    const { lab } = await labWith(
      faults.rateLimited({ retryAfterMs: 1 }),
      faults.unavailable({ retryAfterMs: 1 }),
      'Now.',
    )
    const client = new OpenAI({ baseURL: lab.url, apiKey: 'k', maxRetries: 2 })
    expect((await client.responses.create({ model: 'm', input: 'x' })).output_text).toBe('Now.')
    expect(lab.entries.map(({ status }) => status)).toEqual([429, 503, 200])
  })

  it('come of cut streams, broken events and broken bodies', async () => {
    const { lab, client } = await labWith(
      faults.cut(4, 'One two three four five.'),
      faults.malformed(3),
      faults.cut(0, 'never'),
      faults.malformed(),
    )
    const ask = (stream: boolean): Promise<unknown> =>
      stream
        ? client.responses.stream({ model: 'm', input: 'x' }).finalResponse()
        : client.responses.create({ model: 'm', input: 'x' })
    await expect(ask(true)).rejects.toBeInstanceOf(OpenAIError)
    await expect(ask(true)).rejects.toThrow(/malformed server-sent event/)
    await expect(ask(false)).rejects.toThrow('terminated')
    await expect(ask(false)).rejects.toThrow(SyntaxError)
    const entries = await lab.untilIdle()
    expect(entries.map(({ frames, end, usage: used }) => [frames, end?.by, end?.isWhole, used])).toEqual([
      [4, 'lab', false, null],
      [4, 'lab', false, null],
      [0, 'lab', false, null],
      [1, 'lab', false, null],
    ])
    expect(lab.totals()).toMatchObject({ accepted: 4, unreported: 4 })
  })

  it('say what is wrong with schemas, tools, keys, bodies and paths', async () => {
    const lab = await startModelLab({ script: ['Fine.'], apiKey: 'right' })
    labs.push(lab)
    const client = new OpenAI({ baseURL: lab.url, apiKey: 'right', maxRetries: 0 })
    const open = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }
    const format = (schema: Record<string, unknown>): OpenAI.Responses.ResponseTextConfig => ({
      format: { type: 'json_schema', name: 'answer', strict: true, schema },
    })
    const ask = (more: Partial<OpenAI.Responses.ResponseCreateParamsNonStreaming>): Promise<Response> =>
      client.responses.create({ model: 'm', input: 'x', ...more })
    await expect(ask({ text: format(open) })).rejects.toThrow("'additionalProperties' is required to be supplied")
    await expect(ask({ text: format({ ...open, additionalProperties: false, required: [] }) })).rejects.toThrow(
      "Missing 'a'",
    )
    await expect(ask({ text: format({ type: 'array', items: open }) })).rejects.toThrow(`got 'type: "array"'`)
    await expect(ask({ tools: [{ ...weather, name: 'the weather' }] })).rejects.toThrow('does not match pattern')
    const deep = { type: 'object', properties: { a: open }, required: ['a'], additionalProperties: false }
    await expect(ask({ tools: [{ ...weather, parameters: deep }] })).rejects.toThrow("In context=('properties', 'a')")
    await expect(
      client.withOptions({ apiKey: 'wrong' }).responses.create({ model: 'm', input: 'x' }),
    ).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' })
    const raw = (path: string, body: string): Promise<number> =>
      fetch(`${lab.url}${path}`, { method: 'POST', body, headers: { authorization: 'Bearer right' } }).then(
        ({ status }) => status,
      )
    expect(await raw('/responses', '{"model":')).toBe(400)
    expect(await raw('/responses', '{"model":"m"}')).toBe(400)
    expect(await raw('/embeddings', '{}')).toBe(404)
    expect((await ask({})).output_text).toBe('Fine.')
    expect(lab.problems).toHaveLength(9)
  })
})

function firstPart(response: Response): unknown {
  const item = response.output[0]
  return item?.type === 'message' ? item.content[0] : undefined
}

/** A response without what is different for every request. */
function withoutIds(response: object | undefined): unknown {
  const volatile = new Set(['id', 'created_at', 'completed_at', 'encrypted_content', 'output_text', '_request_id'])
  return JSON.parse(JSON.stringify(response, (key, value: unknown) => (volatile.has(key) ? undefined : value)))
}
