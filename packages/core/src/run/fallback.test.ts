import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { asks, says, scripted, scriptedUsage, type ScriptedModel } from '../../test/support/scripted-model.ts'
import { check } from '../check/check.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { nodeError } from '../errors/node-error.ts'
import { buildGraph } from '../graph/build.ts'
import { readHistory } from '../replay/history.ts'
import { readStats } from '../replay/stats.ts'
import { createRuntime } from './create-runtime.ts'
import type { Run, Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const askAlone = {
  model: 'fast',
  fallbacks: ['good'],
  instructions: 'Answer.',
  maxInputTokens: 300,
  maxOutputTokens: 100,
} as const
const w = defineState({ question: z.string(), answer: z.string().optional(), sure: z.number().optional() })
const look = defineTool({
  name: 'look',
  description: 'Looks.',
  effect: 'pure',
  input: z.object({}),
  output: z.object({ seen: z.string() }),
  run: () => ({ seen: 'a door' }),
})
const isUnsure = w.guard('isUnsure', ['sure'], ({ sure }) => sure === undefined || sure < 0.5)
const asking = {
  instructions: 'Answer the question.',
  reads: ['question'],
  writes: ['answer', 'sure'],
  retry: { attempts: 2, backoff: 1 },
} as const
const n = w.nodes({
  think: w.agent({
    ...asking,
    model: 'fast',
    fallbacks: ['good'],
    tools: [look],
    maxInputTokens: 300,
    maxOutputTokens: 100,
  }),
  rethink: w.agent({ ...asking, model: 'good' }),
})
const workflow = w.workflow('ask', {
  input: z.object({ question: z.string() }),
  output: ['answer'],
  nodes: n,
  start: n.think,
  edges: { think: { done: [{ when: isUnsure, to: n.rethink }, END] }, rethink: { done: END } },
})

function unavailable(): never {
  throw nodeError('WAYSTONE_NODE_MODEL_FAILED', 'the provider answered 503', {
    retryable: true,
    details: { status: 503 },
  })
}

const answer = { answer: 'a door', sure: 0.9 }

async function ask(
  fast: ScriptedModel,
  good: ScriptedModel,
  options: RuntimeOptions = {},
): Promise<[Run<object>, Runtime]> {
  const runtime = createRuntime({ models: { fast, good }, ...options })
  open.push(runtime)
  const run = await runtime.start(workflow, { input: { question: 'what is there?' } })
  await run.result()
  return [run, runtime]
}

describe('fallbacks', () => {
  it('answer when the model is unavailable, and checkpoint, events, result and figures say which one did (R7)', async () => {
    const prices = { fast: { inputUsd: 1, outputUsd: 1 }, good: { inputUsd: 10, outputUsd: 10 } }
    const good = scripted({ ...says(answer), model: 'good-2026' })
    const [run, { store }] = await ask(scripted(unavailable, unavailable), good, { prices })
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { answer: 'a door' },
      fallbacks: { think: 'good' },
      usage: { modelCalls: 3, inputTokens: 100, costUsd: 0.0011, estimatedCalls: 0 },
    })
    expect(good.effectIds).toEqual([`${run.runId}/0`])
    const { checkpoints } = await readHistory(store, run.runId)
    expect(checkpoints.at(-1)).toMatchObject({
      step: { index: 0, attempt: 3 },
      event: { payload: { model: 'good-2026', asked: 'good' } },
    })
    expect(checkpoints.map(({ decision }) => decision?.taken)).toEqual([
      undefined,
      'think:retry',
      'think:fallback',
      'think.done.1',
    ])
    const events: unknown[] = []
    for await (const event of run.events())
      if (event.type === 'step.started') events.push([event.attempt, event.fallback])
      else if (event.type === 'step.ended') events.push([event.outcome, event.asked, event.model])
    expect(events).toEqual([
      [1, undefined],
      ['failed', undefined, undefined],
      [2, undefined],
      ['failed', undefined, undefined],
      [3, 1],
      ['done', 'good', 'good-2026'],
    ])
    const models = (await readStats(store)).filter(({ group }) => group === 'model')
    expect(models.map(({ name, count, succeeded }) => [name, count, succeeded])).toEqual([
      ['fast', 2, 0],
      ['good', 1, 1],
    ])
  })

  it('are asked at once when the provider refuses the key or knows no such model', async () => {
    const refuse = (): never => {
      throw nodeError('WAYSTONE_NODE_MODEL_FAILED', 'the provider answered 401', { details: { status: 401 } })
    }
    const [run] = await ask(scripted(refuse), scripted(says(answer)))
    expect(await run.result()).toMatchObject({ status: 'completed', usage: { modelCalls: 2 } })
  })

  it('are told nothing of the reasoning of another model, and get their own back whole (R7)', async () => {
    const reasoned = (text: string): object => {
      const { message, ...rest } = asks(['look', {}])
      return { ...rest, message: { ...message, providerItems: [{ type: 'reasoning', text }] } }
    }
    const good = scripted(reasoned('of good'), says(answer))
    const [run] = await ask(scripted(reasoned('of fast'), unavailable, unavailable), good)
    expect((await run.result()).status).toBe('completed')
    expect(JSON.stringify(good.requests[0])).not.toContain('of fast')
    expect(good.requests[0]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool'])
    const last = JSON.stringify(good.requests[1])
    expect(last).toContain('of good')
    expect(last).not.toContain('of fast')
  })

  it('are not asked because of what the author does with an answer', async () => {
    const bad = { ...says(answer), usage: scriptedUsage, finish: 'refusal' }
    const good = scripted()
    const [run] = await ask(scripted(bad), good)
    expect(await run.result()).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_MODEL_REFUSED' } })
    expect(good.requests).toEqual([])
  })

  it('leave an unsure answer to an edge, which gives the work to another model (R7)', async () => {
    const good = scripted(says(answer))
    const [run] = await ask(scripted(says({ answer: 'a wall', sure: 0.2 })), good)
    expect(await run.result()).toMatchObject({ status: 'completed', output: { answer: 'a door' } })
    expect(good.effectIds).toEqual([`${run.runId}/1`])
    const unsaid = scripted(says(answer))
    const [second] = await ask(scripted(says({ answer: 'a wall', sure: null })), unsaid)
    expect((await second.result()).status).toBe('completed')
    expect(unsaid.requests).toHaveLength(1)
  })

  it('must be bound and priced before anything runs, and the bounds take the dearest', async () => {
    const runtime = createRuntime({ models: { fast: scripted() } })
    open.push(runtime)
    await expect(runtime.start(workflow, { input: { question: '?' } })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_MODELS_MISSING',
    })
    const nodes = w.nodes({ think: w.agent({ ...askAlone, reads: ['question'] }) })
    const alone = w.workflow('alone', {
      input: z.object({ question: z.string() }),
      output: [],
      nodes,
      start: nodes.think,
      edges: { think: { done: END } },
      limits: { costUsd: 1 },
    })
    const fast = { name: 'fast-1', call: unavailable }
    const prices = { fast: { inputUsd: 1, outputUsd: 1 }, good: { inputUsd: 10, outputUsd: 20 } }
    const unbound = check(buildGraph(alone), { models: { fast }, prices: { fast: prices.fast } })
    expect(unbound.findings.map(({ code, message }) => [code, message])).toEqual([
      ['WAYSTONE_DEFINITION_MODEL_UNBOUND', 'node "think" asks model "good", which is not bound; bound are "fast"'],
      ['WAYSTONE_DEFINITION_COST_UNKNOWN', expect.stringContaining('there is no price for "good"') as string],
    ])
    const { bounds } = check(buildGraph(alone), { models: { fast, good: fast }, prices })
    // 8 calls of 300 tokens in and 100 out, each of the dearer model.
    expect(bounds.costUsd.graph.max).toBe(0.04)
  })
})
