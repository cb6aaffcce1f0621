import { afterEach, describe, expect, it } from 'vitest'
import { NodeError } from '@waystone/core'
import { faults } from '@waystone/testing/lab'
import { callOnce, closeLabs, countTurns, key, labWith, modelAt, mostTurns, thrownBy, ways } from '../test/ask.ts'
import { openAiModel } from './openai-model.ts'

afterEach(closeLabs)

const usage = { inputTokens: 1200, outputTokens: 340, cachedTokens: 1000, reasoningTokens: 300 }
const weather = {
  name: 'weather',
  description: 'Weather of a city',
  inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}
const open = {
  name: 'open',
  description: 'Anything',
  inputSchema: { type: 'object', properties: { city: { type: 'string' } } },
}
const output = {
  name: 'report',
  schema: {
    type: 'object',
    properties: { title: { type: 'string' } },
    required: ['title'],
    additionalProperties: false,
  },
}

describe.each(ways)('openAiModel, $api, stream $stream', (way) => {
  it('answers with text, usage in full, model and id', async () => {
    const lab = await labWith({ text: 'Good day to you all.', usage, model: 'small-2026-01-01' })
    const tokens: string[] = []
    const response = await callOnce(modelAt(lab, way), {}, { onToken: (text) => tokens.push(text) })
    expect(response).toMatchObject({
      message: { role: 'assistant', content: [{ type: 'text', text: 'Good day to you all.' }], calls: [] },
      finish: 'stop',
      usage,
      model: 'small-2026-01-01',
      responseId: expect.stringContaining('0001') as string,
    })
    expect(tokens.join('')).toBe(way.stream ? 'Good day to you all.' : '')
    const [entry] = await lab.untilIdle()
    expect(entry?.end).toMatchObject({ by: 'lab', isWhole: true })
    lab.assertComplete()
  })

  it("says what is left of the provider's limits, if that is told", async () => {
    const limit = { remainingRequests: 7, resetRequests: '1s', remainingTokens: 900, resetTokens: '6m0s' }
    const lab = await labWith(faults.withRateLimit(limit, 'yes'), 'no')
    expect((await callOnce(modelAt(lab, way))).quota).toEqual({
      requests: { remaining: 7, resetMs: 1_000 },
      tokens: { remaining: 900, resetMs: 360_000 },
    })
    expect(await callOnce(modelAt(lab, way))).not.toHaveProperty('quota')
  })

  it('sends the key, an id for the provider, and nothing from the environment', async () => {
    const lab = await labWith('yes')
    await callOnce(modelAt(lab, way, { headers: { 'x-team': 'blue' } }))
    const headers = lab.entries[0]?.headers
    expect(headers).toMatchObject({ authorization: '[secret]', 'x-client-request-id': 'run-1/0/1', 'x-team': 'blue' })
    expect(headers?.['openai-organization']).toBeUndefined()
    expect(headers?.['x-stainless-retry-count']).toBe('0')
  })

  it('asks for schemas strictly, for tools where theirs allows it', async () => {
    const lab = await labWith({ json: { title: 'On rain' } })
    const response = await callOnce(modelAt(lab, way), { output, tools: [weather, open], maxOutputTokens: 77 })
    expect(response.message.content).toEqual([{ type: 'text', text: '{"title":"On rain"}' }])
    expect(lab.entries[0]?.request).toMatchObject({ output: 'report', tools: ['weather', 'open'] })
    const text = JSON.stringify(lab.entries[0]?.body)
    expect(text.match(/"strict":true/g)).toHaveLength(2)
    expect(text).toContain(way.api === 'chat' ? '"max_tokens":77' : '"max_output_tokens":77')
  })

  it('keeps the usage when it was not said at all unknown', async () => {
    const lab = await labWith(faults.noUsage('yes'))
    expect((await callOnce(modelAt(lab, way))).usage).toBeNull()
  })

  it('reads calls, several of them, and keeps arguments that are no JSON', async () => {
    const lab = await labWith({
      calls: [
        { name: 'weather', arguments: { city: 'Ulm' } },
        { name: 'weather', argumentsText: '{"city": ' },
        { name: 'weather', argumentsText: '' },
      ],
    })
    const { message, finish } = await callOnce(modelAt(lab, way), { tools: [weather] })
    expect(finish).toBe('tool-calls')
    expect(message.calls.map((call) => call.arguments)).toEqual([{ city: 'Ulm' }, { $malformed: '{"city": ' }, {}])
    expect(new Set(message.calls.map(({ id }) => id)).size).toBe(3)
  })

  it('gives calls and their results back in order, with arguments that are JSON again', async () => {
    const lab = await labWith({ calls: [{ name: 'weather', argumentsText: '{"city": ' }] }, 'done')
    const model = modelAt(lab, way)
    const { message } = await callOnce(model, { tools: [weather] })
    const [call] = message.calls
    await callOnce(model, {
      tools: [weather],
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
        message,
        {
          role: 'tool',
          callId: call?.id ?? '',
          name: 'weather',
          content: [{ type: 'text', text: 'no' }],
          isError: true,
        },
      ],
    })
    expect(lab.entries[1]?.request?.messages.filter(({ text }) => text !== '')).toEqual([
      { role: 'user', text: 'Hello' },
      { role: 'call', text: String.raw`weather({"$malformed":"{\"city\": "})` },
      { role: 'tool', text: 'no' },
    ])
  })

  it('tells refusals, cut and filtered answers apart, each with its usage', async () => {
    const lab = await labWith(
      { ...faults.refusal('I will not.'), usage },
      { ...faults.incomplete('Half of'), usage },
      { ...faults.contentFilter('Half'), usage },
    )
    const model = modelAt(lab, way)
    const refused = await callOnce(model)
    expect(refused).toMatchObject({ finish: 'refusal', usage, message: { content: [{ text: 'I will not.' }] } })
    expect(await callOnce(model)).toMatchObject({ finish: 'length', usage })
    expect(await callOnce(model)).toMatchObject({ finish: 'content-filter', usage })
  })

  it.each([
    ['a rate limit', faults.rateLimited({ retryAfterMs: 30 }), true, 429, 30],
    ['a rate limit in seconds', faults.rateLimited({ retryAfterSeconds: 2 }), true, 429, 2000],
    ['a rate limit that says nothing', faults.rateLimited(), true, 429, undefined],
    ['a quota', faults.quota(), false, 429, undefined],
    ['a broken server', faults.serverError(), true, 500, undefined],
    ['a busy server', faults.unavailable(), true, 503, undefined],
    ['too long an input', faults.tooLong(), false, 400, undefined],
    ['a forbidden model', { error: { status: 403, message: 'no' } }, false, 403, undefined],
    ['a missing model', { error: { status: 404, code: 'model_not_found' } }, false, 404, undefined],
  ] as const)(
    'makes one request, and says whether another may help: %s',
    async (...[, fault, retryable, status, wait]) => {
      const lab = await labWith(fault)
      const error = await thrownBy(callOnce(modelAt(lab, way)))
      expect(error).toMatchObject({
        code: 'WAYSTONE_NODE_MODEL_FAILED',
        retryable,
        retryAfterMs: wait,
        details: { status },
      })
      expect(error.message).toContain(`model "small" at ${new URL(lab.url).host}`)
      expect(lab.entries).toHaveLength(1)
    },
  )

  it('waits for the limit that is used up when only the rate limit headers say how long', async () => {
    const limit = { remainingRequests: 5, resetRequests: '10m', remainingTokens: 0, resetTokens: '1m2s' }
    const lab = await labWith({ ...faults.withRateLimit(limit, ''), error: { status: 429 } })
    expect(await thrownBy(callOnce(modelAt(lab, way)))).toMatchObject({ retryAfterMs: 62_000 })
  })

  it('keeps the key out of what it says about the key', async () => {
    const lab = await labWith('never')
    const error = await thrownBy(
      callOnce(modelAt(lab, way), {}, { secret: () => Promise.resolve('sk-wrong-key-987654') }),
    )
    expect(error).toMatchObject({ retryable: false, details: { status: 401 } })
    expect(error.message).toContain('the key in secret OPENAI_API_KEY is not accepted')
    expect(JSON.stringify([error, String(error.cause), error.stack])).not.toMatch(/sk-wrong|987654/)
  })

  it('takes a key out of an error that repeats it', async () => {
    const lab = await labWith({ error: { status: 400, message: `bad header Bearer ${key}` } })
    const error = await thrownBy(callOnce(modelAt(lab, way)))
    expect(error.message).toContain('bad header Bearer [key]')
    expect(JSON.stringify([error, String(error.cause), error.stack])).not.toContain(key)
  })

  it.each([1, 3])('fails, retryably, when the connection is cut after %i frames', async (frames) => {
    const lab = await labWith(
      faults.cut(frames, 'a text that takes many frames to say, so that it is cut in the middle'),
    )
    expect(await thrownBy(callOnce(modelAt(lab, way)))).toMatchObject({
      code: 'WAYSTONE_NODE_MODEL_FAILED',
      retryable: true,
      details: {},
    })
  })

  it('fails, retryably, when what comes is no JSON', async () => {
    const lab = await labWith(faults.malformed(1))
    expect(await thrownBy(callOnce(modelAt(lab, way)))).toMatchObject({ retryable: true })
  })

  it('fails with the usage when the response failed after it began', async () => {
    const lab = await labWith({ ...faults.failed('it broke'), usage })
    const error = await thrownBy(callOnce(modelAt(lab, way)))
    expect(error).toMatchObject({ code: 'WAYSTONE_NODE_MODEL_FAILED', retryable: true })
    expect(error.message).toContain('it broke')
    expect(error).toMatchObject({ details: way.api === 'responses' ? { usage } : {} })
  })

  it('fails when an error comes in the stream', async () => {
    const lab = await labWith(faults.errorInStream(2, 'a text that takes some frames'))
    expect(await thrownBy(callOnce(modelAt(lab, way)))).toMatchObject({
      retryable: true,
      message: expect.stringContaining('had an error') as string,
    })
  })

  it('fails, retryably, when nothing comes in time, and closes the connection', async () => {
    const lab = await labWith(faults.hang(way.stream ? 2 : 'headers'))
    const error = await thrownBy(callOnce(modelAt(lab, way, { timeoutMs: 150 })))
    expect(error).toMatchObject({ code: 'WAYSTONE_NODE_MODEL_FAILED', retryable: true })
    expect(error.message).toContain('no whole answer within 150 ms')
    const [entry] = await lab.untilIdle()
    expect(entry?.end).toMatchObject({ by: 'client', isWhole: false })
  })

  it('fails, retryably, when nobody listens', async () => {
    const lab = await labWith()
    await lab.close()
    const error = await thrownBy(callOnce(modelAt(lab, way)))
    expect(error).toMatchObject({ retryable: true })
    expect(error.message).toContain('cannot be reached')
    expect(error.message).toContain('ECONNREFUSED')
  })

  it('closes the socket at once on an abort, before and in the middle of an answer', async () => {
    const hanging = way.stream ? [faults.hang(), faults.hang(2)] : [faults.hang(), faults.slow(200, 'a slow text')]
    const lab = await labWith(...hanging)
    const model = modelAt(lab, way)
    for (const [index] of hanging.entries()) {
      const abort = new AbortController()
      const call = thrownBy(callOnce(model, {}, { signal: abort.signal }))
      await lab.until((entries) => entries[index] !== undefined && (index === 0 || entries[index].answeredAt !== null))
      const turns = countTurns()
      abort.abort()
      const entries = await lab.untilIdle()
      expect(turns()).toBeLessThanOrEqual(mostTurns)
      expect(entries[index]?.end).toMatchObject({ by: 'client', isWhole: false })
      expect(await call).toMatchObject({ code: 'WAYSTONE_NODE_MODEL_FAILED', retryable: false, details: {} })
    }
  })

  it('makes no request when it was told to stop before', async () => {
    const lab = await labWith()
    const error = await thrownBy(callOnce(modelAt(lab, way), {}, { signal: AbortSignal.abort() }))
    expect(error).toMatchObject({ code: 'WAYSTONE_NODE_ABORTED' })
    expect(lab.entries).toHaveLength(0)
  })

  it('submit-tool: takes the arguments of the submit tool as the answer', async () => {
    const lab = await labWith({ calls: [{ name: 'submit_answer', arguments: { title: 'Rain' } }], usage })
    const response = await callOnce(modelAt(lab, way, { outputMode: 'submit-tool' }), { output, tools: [weather] })
    expect(response).toMatchObject({
      finish: 'stop',
      usage,
      message: { calls: [], content: [{ text: '{"title":"Rain"}' }] },
    })
    expect(lab.entries[0]?.request).toMatchObject({ tools: ['weather', 'submit_answer'], output: null })
    expect(lab.entries[0]?.request?.body['tool_choice']).toBeUndefined()
  })

  it('submit-tool: runs other calls of the turn first, and insists in a repair', async () => {
    const submit = { name: 'submit_answer', arguments: { title: 'Rain' } }
    const lab = await labWith({ calls: [submit, { name: 'weather', arguments: { city: 'Ulm' } }] }, { calls: [submit] })
    const model = modelAt(lab, way, { outputMode: 'submit-tool' })
    const response = await callOnce(model, { output, tools: [weather] })
    expect(response.message.calls.map(({ name }) => name)).toEqual(['weather'])
    await callOnce(model, { output, tools: [weather], isRepair: true })
    expect(JSON.stringify(lab.entries[1]?.request?.body['tool_choice'])).toContain('submit_answer')
  })

  it('final-schema-turn: tells the schema beside tools, and enforces it where there are none', async () => {
    const lab = await labWith('{"title":"Rain"}', { json: { title: 'Rain' } }, { json: { title: 'Rain' } })
    const model = modelAt(lab, way, { outputMode: 'final-schema-turn' })
    await callOnce(model, { output, tools: [weather] })
    await callOnce(model, { output, tools: [weather], isRepair: true })
    await callOnce(model, { output })
    expect(lab.entries.map(({ request }) => [request?.output, request?.tools])).toEqual([
      [null, ['weather']],
      ['report', []],
      ['report', []],
    ])
    expect(lab.entries[0]?.request?.instructions).toContain('"title"')
  })

  it('begins requests of a conversation alike, so that the provider can cache them', async () => {
    const lab = await labWith('one', 'two')
    const model = modelAt(lab, way, { promptCacheKey: 'team' })
    const first = { role: 'user', content: [{ type: 'text', text: 'Hello' }] } as const
    const { message } = await callOnce(model, { tools: [weather, open], output })
    await callOnce(model, { tools: [weather, open], output, messages: [first, message, first] })
    const [one, two] = lab.entries.map(({ body }) => JSON.stringify(body).replace(/\]\}$/, ''))
    expect(two?.startsWith(one ?? '?')).toBe(true)
    expect(lab.entries[0]?.request?.body['prompt_cache_key']).toBe('team')
  })

  it('sends images and files', async () => {
    const lab = await labWith('seen')
    await callOnce(modelAt(lab, way), {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look' },
            { type: 'image', mediaType: 'image/png', data: 'AAAA' },
            { type: 'file', mediaType: 'application/pdf', name: 'a.pdf', data: 'BBBB' },
          ],
        },
      ],
    })
    const text = JSON.stringify(lab.entries[0]?.body)
    expect(text).toContain('data:image/png;base64,AAAA')
    expect(text).toContain('data:application/pdf;base64,BBBB')
  })

  it('passes options on', async () => {
    const lab = await labWith('yes')
    await callOnce(
      modelAt(lab, way, {
        temperature: 0.5,
        reasoningEffort: 'low',
        serviceTier: 'flex',
        parallelToolCalls: false,
        organization: 'org-1',
        project: 'proj-1',
        extraBody: { provider: { require_parameters: true }, model: 'another' },
      }),
      { tools: [weather] },
    )
    expect(lab.entries[0]?.body).toMatchObject({
      temperature: 0.5,
      service_tier: 'flex',
      parallel_tool_calls: false,
      model: 'small',
      provider: { require_parameters: true },
    })
    expect(lab.entries[0]?.headers).toMatchObject({ 'openai-organization': 'org-1', 'openai-project': 'proj-1' })
  })
})

describe('provider items', () => {
  const asked = { reasoning: 'Rain is likely.', calls: [{ name: 'weather', arguments: { city: 'Ulm' } }] }
  const responses = { api: 'responses', stream: true } as const

  it('keeps reasoning whole with its calls, in order, and gives it back', async () => {
    const lab = await labWith(asked, 'done')
    const model = modelAt(lab, responses)
    const { message } = await callOnce(model, { tools: [weather] })
    expect(message.providerItems).toHaveLength(3)
    await callOnce(model, { tools: [weather], messages: [message, result(message.calls[0]?.id)] })
    expect(lab.entries[1]?.request?.body['input']).toEqual([
      expect.objectContaining({ type: 'reasoning', encrypted_content: 'lab-encrypted-0001-0' }),
      expect.objectContaining({ type: 'function_call', call_id: message.calls[0]?.id, arguments: '{"city":"Ulm"}' }),
      { type: 'function_call_output', call_id: message.calls[0]?.id, output: 'wet' },
    ])
    expect(lab.entries[0]?.request?.body).toMatchObject({ store: false, include: ['reasoning.encrypted_content'] })
  })

  it('gives them to no other model and no other API', async () => {
    const lab = await labWith(asked, 'done', 'done', 'done')
    const { message } = await callOnce(modelAt(lab, responses), { tools: [weather] })
    const messages = [message, result(message.calls[0]?.id)]
    await callOnce(modelAt(lab, responses, { model: 'other' }), { tools: [weather], messages })
    await callOnce(modelAt(lab, { api: 'chat', stream: true }), { tools: [weather], messages })
    await callOnce(modelAt(lab, responses, { model: 'small-2026-09-01' }), { tools: [weather], messages })
    const reasoned = lab.entries.map(({ body }) => JSON.stringify(body).includes('lab-encrypted'))
    expect(reasoned).toEqual([false, false, false, true])
  })

  it('gives back the arguments that count, and answers a submission that was not taken', async () => {
    const submit = { name: 'submit_answer', arguments: { title: 'Rain' } }
    const lab = await labWith({ ...asked, calls: [submit, ...asked.calls] }, 'done')
    const model = modelAt(lab, responses, { outputMode: 'submit-tool' })
    const { message } = await callOnce(model, { tools: [weather], output })
    const edited = { ...message, calls: message.calls.map((call) => ({ ...call, arguments: { city: 'Bonn' } })) }
    await callOnce(model, { tools: [weather], output, messages: [edited, result(message.calls[0]?.id)] })
    expect(lab.entries[1]?.request?.body['input']).toMatchObject([
      { type: 'reasoning' },
      { name: 'submit_answer' },
      { name: 'weather', arguments: '{"city":"Bonn"}' },
      { type: 'function_call_output', output: 'noted' },
      { type: 'function_call_output', output: 'wet' },
    ])
  })

  function result(callId = '') {
    return { role: 'tool', callId, name: 'weather', content: [{ type: 'text', text: 'wet' }], isError: false } as const
  }
})

describe('openAiModel', () => {
  it.each([
    [{ model: '' }, 'model'],
    [{ api: 'completions' }, 'api'],
    [{ outputMode: 'xml' }, 'outputMode'],
    [{ baseUrl: 'localhost:11434' }, 'baseUrl'],
    [{ baseUrl: 'https://me:secret@host/v1' }, 'baseUrl'],
    [{ apiKey: key }, 'apiKey'],
    [{ timeoutMs: 0 }, 'timeoutMs'],
  ])('refuses %j', (wrong, option) => {
    const make = (): unknown => openAiModel({ model: 'small', api: 'chat', ...(wrong as object) })
    expect(make).toThrow(expect.objectContaining({ code: 'WAYSTONE_INPUT_MODEL_OPTION', details: { option } }))
    expect(make).not.toThrow(key)
  })

  it('sends no key when there is none, and holds none', async () => {
    const lab = await labWith('never')
    const model = modelAt(lab, { api: 'chat', stream: false }, { apiKey: null })
    const error = await thrownBy(callOnce(model))
    expect(error.message).toContain('it wants a key: name its secret in apiKey')
    expect(lab.entries[0]?.headers['authorization']).toBeUndefined()
    expect(JSON.stringify(model)).toBe('{"name":"small"}')
  })

  it('refuses a secret that is no key, without repeating it', async () => {
    const lab = await labWith()
    const model = modelAt(lab, { api: 'chat', stream: false })
    const error = await thrownBy(callOnce(model, {}, { secret: () => Promise.resolve('two words') }))
    expect(error.message).toBe('secret OPENAI_API_KEY is no API key: it is empty, or holds spaces or other characters')
  })

  it('lets the error of a missing secret through', async () => {
    const lab = await labWith()
    const missing = new NodeError('WAYSTONE_NODE_SECRET_MISSING', 'not set')
    const model = modelAt(lab, { api: 'chat', stream: false })
    expect(await thrownBy(callOnce(model, {}, { secret: () => Promise.reject(missing) }))).toBe(missing)
  })
})
