import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { asks, says, scripted, type ScriptedModel } from '../../test/support/scripted-model.ts'
import { check } from '../check/check.ts'
import type { AgentLimits } from '../define/limit.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import type { Limits, Workflow } from '../define/workflow.ts'
import { buildGraph } from '../graph/build.ts'
import type { Model } from '../define/model.ts'
import { readHistory } from '../replay/history.ts'
import { createRuntime } from './create-runtime.ts'
import { leastTokens } from './request-size.ts'
import type { Run, RunResult, Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ question: z.string(), answer: z.string().optional() })
const look = defineTool({
  name: 'look',
  description: 'Looks.',
  // Identical calls of a pure tool are made once a run.
  effect: 'idempotent',
  input: z.object({}),
  output: z.object({}),
  run: () => ({}),
})

interface Terms {
  readonly limits?: Limits<never>
  readonly own?: AgentLimits
  readonly maxInputTokens?: number
  readonly maxOutputTokens?: number
}

function asking({ limits, own, maxInputTokens, maxOutputTokens }: Terms): Workflow<{ question: string }> {
  const n = w.nodes({
    think: w.agent({
      model: 'fast',
      fallbacks: ['good'],
      instructions: 'Answer.',
      tools: [look],
      reads: ['question'],
      writes: ['answer'],
      retry: { attempts: 1 },
      ...(own !== undefined && { limits: own }),
      ...(maxInputTokens !== undefined && { maxInputTokens }),
      ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    }),
  })
  return w.workflow('ask', {
    input: z.object({ question: z.string() }),
    output: ['answer'],
    nodes: n,
    start: n.think,
    edges: { think: { done: END } },
    ...(limits !== undefined && { limits }),
  })
}

const prices = { fast: { inputUsd: 10, outputUsd: 10 }, good: { inputUsd: 20, outputUsd: 40 } }
const bounded = { maxInputTokens: 1_000, maxOutputTokens: 500 }

async function ask(
  terms: Terms,
  fast: Model,
  question = '2+2?',
): Promise<{ readonly result: RunResult<object>; readonly runtime: Runtime }> {
  const runtime = createRuntime({ models: { fast, good: scripted() }, prices })
  open.push(runtime)
  const run = await runtime.start(asking(terms), { input: { question } })
  return { result: await run.result(), runtime }
}

function turns(): ScriptedModel {
  return scripted(...[1, 2, 3].map((n) => asks(['look', { n }])), says({ answer: '4' }))
}

describe('the cost of a call', () => {
  it('is reserved before it is made, at the dearest of the models it may ask, and recorded with the start (B1)', async () => {
    // 1,000 tokens in and 500 out of the dearer model.
    const { result, runtime } = await ask({ ...bounded, limits: { costUsd: 0.0405 } }, turns())
    expect(result).toMatchObject({ status: 'exhausted', limit: 'costUsd', usage: { modelCalls: 1, costUsd: 0.0011 } })
    const { checkpoints } = await readHistory(runtime.store, result.runId)
    expect(checkpoints[0]?.event.payload).toMatchObject({ callCosts: { think: 0.04 } })
  })

  it('lets calls be made while they fit, by what those before really cost', async () => {
    const fast = turns()
    const { result } = await ask({ ...bounded, limits: { costUsd: 0.042 } }, fast)
    expect(result).toMatchObject({ status: 'exhausted', usage: { modelCalls: 2, costUsd: 0.0022 } })
    expect(fast.requests).toHaveLength(2)
  })

  it('is not reserved where its size is not bounded, which check says, nor for a limit that is looked at afterwards', async () => {
    const terms: Terms = { limits: { costUsd: 0.002 } }
    const { result, runtime } = await ask(terms, turns())
    expect(result).toMatchObject({ status: 'exhausted', usage: { modelCalls: 2 } })
    const { checkpoints } = await readHistory(runtime.store, result.runId)
    expect(checkpoints[0]?.event.payload).not.toHaveProperty('callCosts')
    const options = { models: { fast: scripted(), good: scripted() }, prices }
    expect(check(buildGraph(asking(terms)), options).bounds.costUsd.limited).toEqual({
      max: 0.002,
      note: 'and what the last call uses beyond it: "think" has no maxInputTokens',
    })
    const exact = check(buildGraph(asking({ ...bounded, limits: { costUsd: 0.1 } })), options)
    expect(exact.bounds.costUsd.limited).toEqual({ max: 0.1, note: null })
    const late: Terms = { ...bounded, limits: { costUsd: { max: 0.002, check: 'after' } } }
    expect((await ask(late, turns())).result.usage.modelCalls).toBe(2)
  })

  it('is refused at the start when the first call could already pass the limit', async () => {
    const own: Terms = { ...bounded, own: { costUsd: 0.01 } }
    await expect(ask(own, turns())).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_COST_LIMIT',
      message: 'one model call of "think" may cost 0.04 USD, and its own limit costUsd allows 0.01',
    })
    await expect(ask({ ...bounded, limits: { costUsd: 0.01 } }, turns())).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_COST_LIMIT',
    })
    const found = check(buildGraph(asking(own)), { models: { fast: scripted(), good: scripted() }, prices })
    expect(found.findings.map(({ message }) => message)).toEqual([
      'limit costUsd of agent "think" is 0.01, and one model call of it needs 0.04',
    ])
  })
})

describe('a call that its limit never lets be made', () => {
  const two = defineState({ question: z.string(), answer: z.string().optional() })
  const isHard = two.guard('isHard', ['question'], ({ question }) => question.includes('why'))
  const after = (isAlways: boolean): Workflow<{ question: string }> => {
    const n = two.nodes({
      look: two.task({ effect: 'pure', run: () => undefined }),
      think: two.agent({ model: 'good', instructions: 'Answer.', reads: ['question'], writes: ['answer'], ...bounded }),
    })
    return two.workflow('late', {
      input: z.object({ question: z.string() }),
      output: ['answer'],
      nodes: n,
      start: n.look,
      edges: { look: { done: isAlways ? n.think : [{ when: isHard, to: n.think }, END] }, think: { done: END } },
      limits: { costUsd: 0.03 },
    })
  }
  const late = (isAlways: boolean): Promise<Run<object>> => {
    const runtime = createRuntime({ models: { good: scripted() }, prices, onNotice: (notice) => told.push(notice) })
    open.push(runtime)
    return runtime.start(after(isAlways), { input: { question: 'why?' } })
  }
  const told: unknown[] = []

  it('is refused at the start where every path leads to it, however late', async () => {
    await expect(late(true)).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_COST_LIMIT',
      message: 'one model call of "think" may cost 0.04 USD, and limit costUsd of workflow "late" allows 0.03',
    })
    expect(check(buildGraph(after(true)), { prices }).findings).toMatchObject([
      { code: 'WAYSTONE_DEFINITION_LIMIT_BELOW_CALL', severity: 'error' },
    ])
  })

  it('is told of at the start where some path does without it', async () => {
    const run = await late(false)
    expect(told).toEqual([
      { type: 'call.never-made', runId: run.runId, node: 'think', limit: 'costUsd', need: 0.04, max: 0.03 },
    ])
    expect(await run.result()).toMatchObject({ status: 'exhausted', limit: 'costUsd', usage: { modelCalls: 0 } })
    expect(check(buildGraph(after(false)), { prices }).findings).toMatchObject([
      { code: 'WAYSTONE_DEFINITION_LIMIT_BELOW_CALL', severity: 'warning' },
    ])
  })

  it('does not hinder a start where another limit leads to an end without it', async () => {
    const n = two.nodes({
      poll: two.gate({ reads: ['question'], outcomes: ['again', 'ready'], decide: () => 'again' }),
      think: two.agent({ model: 'good', instructions: 'Answer.', reads: ['question'], writes: ['answer'], ...bounded }),
      cheap: two.task({ effect: 'pure', writes: ['answer'], run: () => ({ answer: 'no' }) }),
    })
    const poller = two.workflow('poller', {
      input: z.object({ question: z.string() }),
      output: ['answer'],
      nodes: n,
      start: n.poll,
      edges: {
        poll: { again: { to: n.poll, limit: 50, otherwise: n.think }, ready: n.think },
        think: { done: END },
        cheap: { done: END },
      },
      limits: { steps: 6, exhausted: n.cheap },
    })
    const held = two.nodes({ hold: two.nested(poller, { reads: ['question'], writes: ['answer'] }) })
    const holder = two.workflow('holder', {
      input: z.object({ question: z.string() }),
      output: ['answer'],
      nodes: held,
      start: held.hold,
      edges: { hold: { done: END } },
      limits: { costUsd: 0.03 },
    })
    const runtime = createRuntime({ models: { good: scripted() }, prices })
    open.push(runtime)
    const run = await runtime.start(holder, { input: { question: 'why?' } })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { answer: 'no' } })
    expect(check(buildGraph(holder), { prices }).findings.filter(({ severity }) => severity === 'error')).toEqual([])
  })
})

describe("an agent's limits", () => {
  it('are declared with the agent, end it as exhausted, and bound the worst case', async () => {
    const terms: Terms = { ...bounded, own: { modelCalls: 2, toolCalls: 5, tokens: 2_500, costUsd: 1, duration: '1m' } }
    const { result } = await ask(terms, turns())
    expect(result).toMatchObject({
      status: 'failed',
      error: { code: 'WAYSTONE_NODE_LIMIT_REACHED' },
      usage: { modelCalls: 2, toolCalls: 2 },
    })
    const { graph } = buildGraph(asking(terms))
    expect(graph.nodes['think']?.outcomes).toEqual(['done', 'failed', 'exhausted'])
    expect(graph.edges.map(({ id, to, isImplicit }) => [id, to, isImplicit])).toContainEqual([
      'think.exhausted',
      ':fail',
      true,
    ])
    const { bounds } = check({ graph })
    expect(bounds.modelCalls.graph.max).toBe(2)
    expect(bounds.toolCalls.graph.max).toBe(5)
    expect(bounds.tokens.graph.max).toBe(2_500)
    expect(bounds.durationMs.graph.max).toBe(60_000)
  })
})

describe('maxInputTokens', () => {
  it('keeps back a request that certainly has more tokens; nothing is sent and nothing is charged (B1, B5)', async () => {
    const fast = turns()
    const { result } = await ask({ maxInputTokens: 200 }, fast, 'word '.repeat(2_000))
    expect(result).toMatchObject({
      status: 'failed',
      error: { code: 'WAYSTONE_NODE_REQUEST_TOO_LARGE', retryable: false },
      usage: { modelCalls: 0, inputTokens: 0, estimatedCalls: 0 },
    })
    expect(fast.requests).toEqual([])
  })

  it('goes by the count of a model that can count', async () => {
    const counting = (tokens: number): Model => ({ ...scripted(says({ answer: '4' })), countTokens: () => tokens })
    expect((await ask({ maxInputTokens: 200 }, counting(200))).result.status).toBe('completed')
    const { result } = await ask({ maxInputTokens: 200 }, counting(201))
    expect(result.error?.message).toBe('the request has 201 tokens, and maxInputTokens allows 200; it was not sent')
  })

  it('is never passed in the estimate by a text that may be few tokens', () => {
    const request = (text: string): Parameters<typeof leastTokens>[0] => ({
      instructions: '',
      messages: [{ role: 'user', content: [{ type: 'text', text }] }],
      tools: [],
      output: null,
      maxOutputTokens: null,
    })
    expect(leastTokens(request(' '.repeat(10_000)))).toBe(1)
    expect(leastTokens(request('a sentence of eight words, as people write'))).toBeLessThan(8)
    expect(leastTokens(request('naïve 文字 🙂'))).toBe(3)
  })
})
