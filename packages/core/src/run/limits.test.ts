import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { asks, says, scripted, type ScriptedModel } from '../../test/support/scripted-model.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import type { Limits } from '../define/workflow.ts'
import { createRuntime } from './create-runtime.ts'
import type { Run, Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

function start(workflow: Parameters<Runtime['start']>[0], options: RuntimeOptions = {}): Promise<Run<object>> {
  const runtime = createRuntime(options)
  open.push(runtime)
  return runtime.start(workflow, { input: { text: '' } })
}

const w = defineState({ text: z.string(), flag: z.string().optional() })
const done: string[] = []
const touch = defineTool({
  name: 'touch',
  description: 'Does something.',
  effect: 'pure',
  input: z.object({}),
  output: z.object({}),
  run: () => {
    done.push('tool')
    return {}
  },
})

/** An agent that is asked again and again. */
function asking(limits: Limits<unknown>) {
  const n = w.nodes({
    think: w.agent({
      model: 'fast',
      instructions: 'x',
      tools: [touch],
      writes: ['text'],
      maxInputTokens: 100,
      maxOutputTokens: 10,
      maxModelCalls: 20,
    }),
    more: w.gate({ outcomes: ['again', 'stop'], decide: () => 'again' }),
  })
  return w.workflow('asking', {
    input: z.object({ text: z.string() }),
    output: ['text'],
    nodes: n,
    start: n.think,
    edges: { think: { done: n.more }, more: { again: { to: n.think, limit: 50, otherwise: END }, stop: END } },
    limits: limits as Limits<never>,
  })
}

const usage = { inputTokens: 100, outputTokens: 10, cachedTokens: 40, reasoningTokens: 4 }

function talker(): ScriptedModel {
  return scripted(...Array.from({ length: 60 }, (_, index) => says({ text: `t${index}` }, usage)))
}

describe('limits', () => {
  it.each([
    ['modelCalls', 3, 3],
    ['inputTokens', 250, 2],
    ['outputTokens', 25, 2],
    ['tokens', 240, 2],
    ['cachedTokens', 100, 3],
    ['reasoningTokens', 10, 3],
  ] as const)('stop before the call that would exceed %s: %i (B1)', async (name, max, calls) => {
    const model = talker()
    const run = await start(asking({ [name]: max }), { models: { fast: model } })
    expect(await run.result()).toMatchObject({ status: 'exhausted', limit: name })
    expect(model.requests).toHaveLength(calls)
    const hits: unknown[] = []
    for await (const event of run.events()) if (event.type === 'limit.hit') hits.push([event.limit, event.max])
    expect(hits).toEqual([[name, max]])
  })

  it.each([
    ['modelCalls', 3, 3],
    ['inputTokens', 250, 3],
    ['outputTokens', 25, 3],
    ['tokens', 240, 3],
  ] as const)('stop right after %s: %i was exceeded, when declared so (B1)', async (name, max, calls) => {
    const model = talker()
    const run = await start(asking({ [name]: { max, check: 'after' } }), { models: { fast: model } })
    expect(await run.result()).toMatchObject({ status: 'exhausted', limit: name })
    expect(model.requests).toHaveLength(calls)
  })

  it('stop at a cost, and are refused without prices (B1)', async () => {
    const model = talker()
    const prices = { fast: { inputUsd: 10, cachedInputUsd: 10, outputUsd: 100 } }
    const workflow = asking({ costUsd: { max: 0.005, check: 'after' } })
    const run = await start(workflow, { models: { fast: model }, prices })
    expect(await run.result()).toMatchObject({ status: 'exhausted', limit: 'costUsd', usage: { costUsd: 0.006 } })
    expect(model.requests).toHaveLength(3)
    await expect(start(workflow, { models: { fast: model } })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_PRICES_MISSING',
    })
  })

  it('stop before the tool call that would exceed toolCalls (B1)', async () => {
    done.length = 0
    const turns = Array.from({ length: 10 }, (_, turn) => asks(['touch', { turn }]))
    const run = await start(asking({ toolCalls: 3 }), { models: { fast: scripted(...turns) } })
    expect(await run.result()).toMatchObject({ status: 'exhausted', limit: 'toolCalls', usage: { toolCalls: 3 } })
    expect(done).toHaveLength(3)
  })

  it('stop before the step that would exceed steps (B1)', async () => {
    const model = talker()
    const run = await start(asking({ steps: 5 }), { models: { fast: model } })
    expect(await run.result()).toMatchObject({ status: 'exhausted', limit: 'steps' })
    expect(model.requests).toHaveLength(3)
  })

  it('end the run when its time is over, whatever is under way, also in another process later (B1)', async () => {
    const clock = createManualClock()
    let signal: AbortSignal | undefined
    const model = scripted((options: { signal: AbortSignal }) => {
      signal = options.signal
      return new Promise(() => undefined)
    })
    const run = await start(asking({ duration: '1m' }), { models: { fast: model }, clock })
    await clock.advance(59_000)
    expect((await run.status()).status).toBe('running')
    const result = run.result()
    await clock.advance(3_000)
    expect(await result).toMatchObject({ status: 'exhausted', limit: 'durationMs' })
    expect(signal?.aborted).toBe(true)
  })

  it('on an edge count exactly, then take the otherwise edge, not an exception (G6)', async () => {
    const refined: string[] = []
    const n = w.nodes({
      act: w.task({
        effect: 'pure',
        reads: ['text'],
        writes: ['text'],
        run: ({ state }) => {
          refined.push(state.text)
          return { text: `${state.text}+` }
        },
      }),
      check: w.gate({ reads: ['text'], outcomes: ['pass', 'fail'], decide: () => 'fail' }),
      best: w.task({ effect: 'pure', writes: ['flag'], run: () => ({ flag: 'best effort' }) }),
    })
    const workflow = w.workflow('refine', {
      input: z.object({ text: z.string() }),
      output: ['text', 'flag'],
      nodes: n,
      start: n.act,
      edges: {
        act: { done: n.check },
        check: { pass: END, fail: { to: n.act, limit: 3, otherwise: n.best } },
        best: { done: END },
      },
    })
    const run = await start(workflow)
    expect(await run.result()).toMatchObject({ status: 'completed', output: { text: '++++', flag: 'best effort' } })
    expect(refined).toHaveLength(4)
  })
})

describe('limits.exhausted', () => {
  const exit = (kind: 'stop' | 'degrade' | 'person' | 'hand over') => {
    const n = w.nodes({
      work: w.gate({ outcomes: ['again', 'stop'], decide: () => 'again' }),
      degrade: w.task({ effect: 'pure', writes: ['flag'], run: () => ({ flag: 'degraded' }) }),
      person: w.approval({ show: ['text'] }),
      expert: w.agent({ model: 'good', instructions: 'x', writes: ['flag'] }),
    })
    const target = {
      stop: {},
      degrade: { exhausted: n.degrade },
      person: { exhausted: n.person },
      'hand over': { exhausted: n.expert },
    }[kind]
    return w.workflow('exits', {
      input: z.object({ text: z.string() }),
      output: ['flag'],
      nodes: n,
      start: n.work,
      edges: {
        work: { again: { to: n.work, limit: 100, otherwise: n.degrade }, stop: n.person },
        degrade: { done: END },
        person: { approved: n.expert, rejected: END },
        expert: { done: END },
      },
      limits: { steps: 4, ...target },
    })
  }

  it.each([
    ['stop', { status: 'exhausted', limit: 'steps' }],
    ['degrade', { status: 'completed', output: { flag: 'degraded' } }],
    ['person', { status: 'waiting' }],
    ['hand over', { status: 'completed', output: { flag: 'expert' } }],
  ] as const)('is an edge: %s (B3)', async (kind, expected) => {
    const run = await start(exit(kind), { models: { good: scripted(says({ flag: 'expert' })) } })
    expect(await run.result()).toMatchObject(expected)
  })
})
