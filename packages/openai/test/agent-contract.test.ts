import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  createRuntime,
  defineState,
  defineTool,
  END,
  type Model,
  type ModelPrice,
  type Run,
  type Runtime,
  type Usage,
} from '@waystone/core'
import { faults, type LabScript, type ModelLab } from '@waystone/testing/lab'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { aiSdkModel } from '../src/ai-sdk-model.ts'
import type { OpenAiModelOptions } from '../src/model-options.ts'
import { openAiPrices } from '../src/prices.ts'
import { closeLabs, countTurns, key, labWith, modelAt, mostTurns, ways, type Way } from './ask.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
  await closeLabs()
})

const w = defineState({ order: z.string(), answer: z.string().optional(), sure: z.number().optional() })
const looked: string[] = []
const lookUp = defineTool({
  name: 'look-up',
  description: 'Looks an order up.',
  effect: 'pure',
  input: z.object({ order: z.string() }),
  output: z.object({ state: z.string() }),
  run: ({ order }) => {
    looked.push(order)
    return { state: `${order} is on its way` }
  },
})
const n = w.nodes({
  clerk: w.agent({
    model: 'fast',
    instructions: 'Say where the order is.',
    tools: [lookUp],
    reads: ['order'],
    writes: ['answer', 'sure'],
    maxInputTokens: 5000,
    maxOutputTokens: 500,
    maxModelCalls: 8,
    retry: { attempts: 3, backoff: 1 },
  }),
})
const workflow = w.workflow('orders', {
  input: z.object({ order: z.string() }),
  output: ['answer', 'sure'],
  nodes: n,
  start: n.clerk,
  edges: { clerk: { done: END } },
})

const price = { inputUsd: 2, cachedInputUsd: 0.2, outputUsd: 10 }
const usage = { inputTokens: 1200, outputTokens: 340, cachedTokens: 1000, reasoningTokens: 300 }
const answer = { answer: 'A1 is on its way', sure: 0.9 }
const asked = { calls: [{ name: 'look-up', arguments: { order: 'A1' } }], usage }
const answered = { json: answer, usage }

interface Asked {
  readonly lab: ModelLab
  readonly run: Run<object>
}

async function ask(way: Way, script: LabScript, options: Partial<OpenAiModelOptions> = {}): Promise<Asked> {
  return askModel(script, { make: (lab) => modelAt(lab, way, options), prices: { fast: price } })
}

interface Terms {
  readonly make: (lab: ModelLab) => Model
  readonly prices: Readonly<Record<string, ModelPrice>>
}

async function askModel(script: LabScript, { make, prices }: Terms): Promise<Asked> {
  looked.length = 0
  const lab = await labWith(...script)
  const runtime = createRuntime({ models: { fast: make(lab) }, prices, secrets: () => key })
  open.push(runtime)
  return { lab, run: await runtime.start(workflow, { input: { order: 'A1' } }) }
}

/** What the run must have used: what the lab says it answered, and the reservation for each answer that did not say. */
function usedAt(lab: ModelLab): Partial<Usage> {
  const { requests, usage: sum, unreported: silent } = lab.totals()
  const unreported = silent + lab.entries.filter(({ status }) => status === null).length
  const inputTokens = sum.inputTokens + unreported * 5000
  const outputTokens = sum.outputTokens + unreported * 500
  const fresh = inputTokens - sum.cachedTokens
  const costUsd =
    (fresh * price.inputUsd + sum.cachedTokens * price.cachedInputUsd + outputTokens * price.outputUsd) / 1e6
  return {
    modelCalls: requests,
    inputTokens,
    outputTokens,
    cachedTokens: sum.cachedTokens,
    reasoningTokens: sum.reasoningTokens,
    estimatedCalls: unreported,
    costUsd: Math.round(costUsd * 1e9) / 1e9,
  }
}

describe.each(ways)('an agent, $api, stream $stream', (way) => {
  it('runs tools in parallel and answers in the shape of its schema (B5)', async () => {
    const calls = ['A1', 'B2', 'C3'].map((order) => ({ name: 'look-up', arguments: { order } }))
    const { lab, run } = await ask(way, [{ calls, usage, reasoning: 'Look first.' }, answered])
    const result = await run.result()
    expect(result).toMatchObject({ status: 'completed', output: answer, usage: usedAt(lab) })
    expect(looked.toSorted()).toEqual(['A1', 'B2', 'C3'])
    expect(result.usage.toolCalls).toBe(3)
    expect(lab.entries[1]?.request?.messages.filter(({ role }) => role === 'tool')).toHaveLength(3)
    lab.assertComplete()
  })

  it('asks for a repair once, and counts both answers (K4, B5)', async () => {
    const { lab, run } = await ask(way, [{ json: { answer: 4 }, usage }, answered])
    expect(await run.result()).toMatchObject({ status: 'completed', output: answer, usage: usedAt(lab) })
    expect(lab.entries[1]?.request?.lastMessage).toContain('does not fit')
    lab.assertComplete()
  })

  it('tells the model of calls that cannot be run, and goes on (T2, B5)', async () => {
    const script = [
      { ...faults.badArguments('look-up'), usage },
      { ...faults.unknownTool('remove'), usage },
      asked,
      answered,
    ]
    const { lab, run } = await ask(way, script)
    expect(await run.result()).toMatchObject({ status: 'completed', output: answer, usage: usedAt(lab) })
    expect(looked).toEqual(['A1'])
    lab.assertComplete()
  })

  it.each([
    ['a refusal', faults.refusal(), 'WAYSTONE_NODE_MODEL_REFUSED', 1],
    ['a filtered answer', faults.contentFilter('Half'), 'WAYSTONE_NODE_MODEL_FILTERED', 1],
    ['a cut answer', faults.incomplete('{"answer": "A1 is'), 'WAYSTONE_NODE_MODEL_CUT', 3],
    ['a quota', faults.quota(), 'WAYSTONE_NODE_MODEL_FAILED', 1],
    ['a wrong request', faults.tooLong(), 'WAYSTONE_NODE_MODEL_FAILED', 1],
    ['a failing service', faults.serverError(), 'WAYSTONE_NODE_MODEL_FAILED', 3],
    // Its repair would send more than the node may.
    ['an answer of a megabyte', faults.huge(1_000_000), 'WAYSTONE_NODE_REQUEST_TOO_LARGE', 1],
  ] as const)('fails with a code on %s, everything counted (B5)', async (...[, fault, code, requests]) => {
    const { lab, run } = await ask(way, [{ when: {}, answers: [{ ...fault, usage }], isRepeated: true }])
    const result = await run.result()
    expect(result).toMatchObject({ status: 'failed', error: { code }, usage: usedAt(lab) })
    expect(lab.entries).toHaveLength(requests)
  })

  it.each([
    ['a rate limit', faults.rateLimited({ retryAfterMs: 2 })],
    ['a broken server', faults.serverError()],
    ['a busy server', faults.unavailable()],
    ['a cut connection', faults.cut(1, 'a text that is never said in full')],
    ['an answer that is no JSON', faults.malformed(1)],
    ['an error in a stream', faults.errorInStream(2, 'a text that is never said in full')],
    ['a response that failed', { ...faults.failed(), usage }],
    ['a wait before the headers', { calls: [{ name: 'look-up', arguments: { order: 'Z9' } }], usage, delayMs: 40 }],
    ['silence about usage', faults.noUsage({ calls: [{ name: 'look-up', arguments: { order: 'Z9' } }] })],
  ] as const)('comes through %s, everything counted (B5, D3)', async (_, fault) => {
    const { lab, run } = await ask(way, [asked, fault, answered])
    expect(await run.result()).toMatchObject({ status: 'completed', output: answer, usage: usedAt(lab) })
    lab.assertComplete()
  })

  it('comes through an answer that never ends, charged as reserved (B5, D3)', async () => {
    const hung = faults.hang(way.stream ? 2 : 'headers')
    const { lab, run } = await ask(way, [asked, hung, answered], { timeoutMs: 1500 })
    expect(await run.result()).toMatchObject({ status: 'completed', output: answer, usage: usedAt(lab) })
    expect(lab.entries[1]?.end).toMatchObject({ by: 'client', isWhole: false })
    lab.assertComplete()
  })

  it('answers through the submit tool, and through a last turn with a schema', async () => {
    const submitted = { calls: [{ name: 'submit_answer', arguments: answer }], usage }
    const submit = await ask(way, [asked, submitted], { outputMode: 'submit-tool' })
    expect(await submit.run.result()).toMatchObject({ output: answer, usage: usedAt(submit.lab) })
    const last = await ask(way, [asked, 'It is on its way.', answered], { outputMode: 'final-schema-turn' })
    expect(await last.run.result()).toMatchObject({ output: answer })
    expect(last.lab.entries.map(({ request }) => [request?.output, request?.tools.length])).toEqual([
      [null, 1],
      [null, 1],
      ['clerk', 0],
    ])
  })

  it('closes the socket at once on a cancel (R9)', async () => {
    const { lab, run } = await ask(way, [asked, faults.hang(way.stream ? 2 : 'headers')])
    await lab.until(2)
    const turns = countTurns()
    await run.cancel({ by: 'ana', reason: 'enough' })
    const [, hung] = await lab.untilIdle()
    expect(turns()).toBeLessThanOrEqual(mostTurns)
    expect(hung?.end).toMatchObject({ by: 'client' })
    expect(await run.result()).toMatchObject({ status: 'cancelled', usage: usedAt(lab) })
  })

  it('shows tokens as they come when it streams', async () => {
    const { run } = await ask(way, [{ ...answered, delayMs: 50 }])
    const texts: string[] = []
    for await (const event of run.events({ tokens: true })) if (event.type === 'token.received') texts.push(event.text)
    expect(texts.join('')).toBe(way.stream ? JSON.stringify(answer) : '')
  })

  it('stores no key', async () => {
    const { lab, run } = await ask(way, [{ error: { status: 400, message: `header Bearer ${key}` } }])
    const result = await run.result()
    expect(JSON.stringify(result)).not.toContain(key)
    expect(lab.entries).toHaveLength(1)
  })
})

describe('an agent', () => {
  it('costs what the table says of the model that answered, with or without the date of a snapshot', async () => {
    const answers = [
      { ...asked, model: 'gpt-6-luna-2026-09-22' },
      { ...answered, model: 'gpt-5.2' },
    ]
    const make = (lab: ModelLab): Model => modelAt(lab, { api: 'responses', stream: true }, { model: 'gpt-6-luna' })
    const { run } = await askModel(answers, { make, prices: openAiPrices })
    const luna = (200 * 0.1 + 1000 * 0.01 + 340 * 0.5) / 1e6
    const older = (200 * 1.75 + 1000 * 0.175 + 340 * 14) / 1e6
    expect((await run.result()).usage.costUsd).toBeCloseTo(luna + older, 9)
  })

  it.each([true, false])('runs on a provider of the AI SDK, streamed %s, everything counted (B5)', async (stream) => {
    const make = ({ url }: ModelLab): Model => {
      const settings = { name: 'lab', baseURL: url, apiKey: key, includeUsage: true, supportsStructuredOutputs: true }
      return aiSdkModel(createOpenAICompatible(settings).chatModel('small'), { stream })
    }
    const bad = faults.badArguments('look-up')
    const script = [faults.serverError(), { ...bad, usage }, asked, faults.cut(1, 'never'), answered]
    const { lab, run } = await askModel(script, { make, prices: { fast: price } })
    expect(await run.result()).toMatchObject({ status: 'completed', output: answer, usage: usedAt(lab) })
    expect(looked).toEqual(['A1'])
    lab.assertComplete()
  })
})
