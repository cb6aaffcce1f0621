import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { LanguageModelV3, LanguageModelV4 } from '@ai-sdk/provider'
import type { Model, ModelMessage } from '@waystone/core'
import { faults, type ModelLab } from '@waystone/testing/lab'
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import { callOnce, closeLabs, countTurns, key, labWith, mostTurns, thrownBy } from '../test/ask.ts'
import { aiSdkModel, type AiSdkCall, type AiSdkLanguageModel, type AiSdkModelOptions } from './ai-sdk-model.ts'

afterEach(closeLabs)

const usage = { inputTokens: 1200, outputTokens: 340, cachedTokens: 1000, reasoningTokens: 300 }
const weather = {
  name: 'weather',
  description: 'Weather of a city',
  inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
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

function modelAt(lab: ModelLab, options: AiSdkModelOptions = {}, apiKey = key): Model {
  const provider = createOpenAICompatible({
    name: 'lab',
    baseURL: lab.url,
    apiKey,
    includeUsage: true,
    supportsStructuredOutputs: true,
  })
  return aiSdkModel(provider.chatModel('small'), options)
}

it('takes models of both versions of the interface', () => {
  expectTypeOf<LanguageModelV3>().toExtend<AiSdkLanguageModel>()
  expectTypeOf<LanguageModelV4>().toExtend<AiSdkLanguageModel>()
})

describe.each([{ stream: true }, { stream: false }])('aiSdkModel at a real provider, $stream', (way) => {
  it('answers with text, usage in full, model and id', async () => {
    const lab = await labWith({ text: 'Good day to you all.', usage, model: 'small-2026-01-01' })
    const tokens: string[] = []
    const response = await callOnce(modelAt(lab, way), {}, { onToken: (text) => tokens.push(text) })
    expect(response).toMatchObject({
      message: { content: [{ type: 'text', text: 'Good day to you all.' }], calls: [] },
      finish: 'stop',
      usage,
      model: 'small-2026-01-01',
      responseId: 'chatcmpl-0001',
    })
    expect(tokens.join('')).toBe(way.stream ? 'Good day to you all.' : '')
    expect(lab.entries[0]?.request).toMatchObject({ instructions: 'Be kind.', messages: [{ text: 'Hello' }] })
  })

  it('asks for schemas, offers tools, reads calls and gives them back', async () => {
    const calls = [
      { name: 'weather', arguments: { city: 'Ulm' } },
      { name: 'weather', argumentsText: '{"city": ' },
    ]
    const lab = await labWith({ calls, usage }, { json: { title: 'Rain' } })
    const model = modelAt(lab, way)
    const { message, finish } = await callOnce(model, { tools: [weather], output, maxOutputTokens: 77 })
    expect(finish).toBe('tool-calls')
    expect(message.calls.map((call) => call.arguments)).toEqual([{ city: 'Ulm' }, { $malformed: '{"city": ' }])
    const results = message.calls.map(({ id, name }): ModelMessage => {
      return { role: 'tool', callId: id, name, content: [{ type: 'text', text: 'wet' }], isError: false }
    })
    const last = await callOnce(model, { tools: [weather], output, messages: [message, ...results] })
    expect(last.message.content).toEqual([{ type: 'text', text: '{"title":"Rain"}' }])
    expect(lab.entries[0]?.request?.body).toMatchObject({
      max_tokens: 77,
      response_format: { json_schema: { name: 'report' } },
    })
    expect(lab.entries[1]?.request?.messages.filter(({ text }) => text !== '')).toMatchObject([
      { role: 'call', text: 'weather({"city":"Ulm"})' },
      { role: 'call', text: expect.stringContaining('$malformed') as string },
      { role: 'tool', text: 'wet' },
      { role: 'tool', text: 'wet' },
    ])
    lab.assertComplete()
  })

  it('tells cut and filtered answers apart, and unknown usage', async () => {
    const lab = await labWith({ ...faults.incomplete('Half'), usage }, faults.contentFilter(), faults.noUsage('yes'))
    const model = modelAt(lab, way)
    expect(await callOnce(model)).toMatchObject({ finish: 'length', usage })
    expect(await callOnce(model)).toMatchObject({ finish: 'content-filter' })
    expect(await callOnce(model)).toMatchObject({ finish: 'stop', usage: null })
  })

  it.each([
    ['a rate limit', faults.rateLimited({ retryAfterMs: 30 }), { retryable: true, retryAfterMs: 30 }],
    ['a quota', faults.quota(), { retryable: false, details: { status: 429 } }],
    ['a broken server', faults.serverError(), { retryable: true, details: { status: 500 } }],
    ['too long an input', faults.tooLong(), { retryable: false, details: { status: 400 } }],
    ['a cut connection', faults.cut(2, 'a text that is never said in full'), { retryable: true }],
    ['an answer that is no JSON', faults.malformed(1), { retryable: true }],
    ['an error in a stream', faults.errorInStream(2, 'a text never said'), { retryable: true }],
  ] as const)('makes one request, and says whether another may help: %s', async (_, fault, expected) => {
    const lab = await labWith(fault)
    const error = await thrownBy(callOnce(modelAt(lab, way)))
    expect(error).toMatchObject({ code: 'WAYSTONE_NODE_MODEL_FAILED', ...expected })
    expect(error.message).toContain('model "small" at lab.chat')
    expect(lab.entries).toHaveLength(1)
  })

  it('keeps the key out of errors', async () => {
    const lab = await labWith()
    const error = await thrownBy(callOnce(modelAt(lab, way, 'sk-wrong-key-987654')))
    expect(error).toMatchObject({ retryable: false, details: { status: 401 } })
    expect(JSON.stringify([error, String(error.cause), error.stack])).not.toMatch(/sk-wrong|987654/)
  })

  it('closes the socket at once on an abort', async () => {
    const lab = await labWith(faults.hang(way.stream ? 2 : 'headers'))
    const abort = new AbortController()
    const call = thrownBy(callOnce(modelAt(lab, way), {}, { signal: abort.signal }))
    await lab.until((entries) => entries.length === 1 && (!way.stream || entries[0]?.frames === 2))
    const turns = countTurns()
    abort.abort()
    const [entry] = await lab.untilIdle()
    expect(turns()).toBeLessThanOrEqual(mostTurns)
    expect(entry?.end).toMatchObject({ by: 'client' })
    expect(await call).toMatchObject({ code: 'WAYSTONE_NODE_MODEL_FAILED', retryable: false, details: {} })
  })

  it('fails, retryably, when nothing comes in time, and when nobody listens', async () => {
    const lab = await labWith(faults.hang())
    const late = await thrownBy(callOnce(modelAt(lab, { ...way, timeoutMs: 100 })))
    expect(late).toMatchObject({ retryable: true, message: expect.stringContaining('within 100 ms') as string })
    await lab.close()
    const away = await thrownBy(callOnce(modelAt(lab, way)))
    expect(away).toMatchObject({ retryable: true, details: { usage: { inputTokens: 0 } } })
  })

  it('takes the submit tool’s arguments as the answer', async () => {
    const lab = await labWith({ calls: [{ name: 'submit_answer', arguments: { title: 'Rain' } }] })
    const model = modelAt(lab, { ...way, outputMode: 'submit-tool' })
    const response = await callOnce(model, { output })
    expect(response).toMatchObject({ finish: 'stop', message: { calls: [], content: [{ text: '{"title":"Rain"}' }] } })
    expect(lab.entries[0]?.request?.body).toMatchObject({ tool_choice: { function: { name: 'submit_answer' } } })
  })
})

describe.each(['v3', 'v4'])('aiSdkModel with a model of version %s', (specificationVersion) => {
  const mark = { signature: 'abc' }
  const parts = [
    { type: 'reasoning', text: 'Rain.', providerMetadata: { lab: mark } },
    { type: 'tool-call', toolCallId: 'c1', toolName: 'weather', input: '{"city":"Ulm"}' },
  ]
  const finish = {
    finishReason: { unified: 'tool-calls', raw: 'x' },
    usage: {
      inputTokens: { total: 10, noCache: 10, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: 5, text: 5, reasoning: undefined },
    },
  }

  function handWritten(asked: AiSdkCall[], last: object = finish): AiSdkLanguageModel {
    const stream = [
      { type: 'reasoning-start', id: '1' },
      { type: 'reasoning-delta', id: '1', delta: 'Ra' },
      { type: 'reasoning-delta', id: '1', delta: 'in.' },
      { type: 'reasoning-end', id: '1', providerMetadata: { lab: mark } },
      parts[1],
      { type: 'finish', ...last },
    ]
    return {
      specificationVersion,
      provider: 'lab',
      modelId: 'small',
      doGenerate: (call) => Promise.resolve({ content: parts, ...last, [String(asked.push(call))]: 0 }),
      doStream: (call) => Promise.resolve({ stream: ReadableStream.from(stream), [String(asked.push(call))]: 0 }),
    }
  }

  it.each([true, false])('keeps reasoning with its calls and gives it back, streamed %s', async (stream) => {
    const asked: AiSdkCall[] = []
    const model = aiSdkModel(handWritten(asked), { stream })
    const { message, usage: used } = await callOnce(model, { tools: [weather] })
    expect(used).toEqual({ inputTokens: 10, outputTokens: 5, cachedTokens: 0, reasoningTokens: 0 })
    await callOnce(model, { messages: [message] })
    expect(asked[1]?.prompt.at(-1)).toEqual({
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Rain.', providerOptions: { lab: mark } },
        { type: 'tool-call', toolCallId: 'c1', toolName: 'weather', input: { city: 'Ulm' } },
      ],
    })
    const other = aiSdkModel({ ...handWritten(asked), modelId: 'other' }, { stream })
    await callOnce(other, { messages: [message] })
    expect(JSON.stringify(asked[2]?.prompt)).not.toContain('signature')
  })

  it.each([true, false])('fails with the usage when the model stopped by an error, streamed %s', async (stream) => {
    const broken = { ...finish, finishReason: { unified: 'error', raw: undefined } }
    const error = await thrownBy(callOnce(aiSdkModel(handWritten([], broken), { stream })))
    expect(error).toMatchObject({ retryable: true, details: { usage: { inputTokens: 10, outputTokens: 5 } } })
  })

  it('writes images and files as that version wants them', async () => {
    const asked: AiSdkCall[] = []
    await callOnce(aiSdkModel(handWritten(asked), { stream: false }), {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', mediaType: 'image/png', data: 'AAAA' },
            { type: 'file', mediaType: 'application/pdf', name: 'a.pdf', data: 'https://example.com/a.pdf' },
          ],
        },
      ],
    })
    const url = new URL('https://example.com/a.pdf')
    const isV3 = specificationVersion === 'v3'
    expect(asked[0]?.prompt.at(-1)).toEqual({
      role: 'user',
      content: [
        { type: 'file', mediaType: 'image/png', data: isV3 ? 'AAAA' : { type: 'data', data: 'AAAA' } },
        {
          type: 'file',
          mediaType: 'application/pdf',
          filename: 'a.pdf',
          data: isV3 ? url : { type: 'url', url },
        },
      ],
    })
  })
})
