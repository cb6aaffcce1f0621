import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { asks, says, scripted, type ScriptedModel } from '../../test/support/scripted-model.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { Store } from '../checkpoint/store.ts'
import { END } from '../define/edge.ts'
import type { EffectClass } from '../define/effect-class.ts'
import { defineState } from '../define/state.ts'
import type { ToolRules } from '../define/tool-rule.ts'
import { defineTool, type AnyTool } from '../define/tool.ts'
import { nodeError } from '../errors/node-error.ts'
import { blamePath } from '../replay/blame.ts'
import { readHistory } from '../replay/history.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Run, RunResult, Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ city: z.string(), reply: z.string().optional(), body: z.string().optional() })
let ran: string[] = []

interface Way {
  readonly name: string
  readonly answers?: () => string | string[]
  readonly effect?: EffectClass
  readonly retry?: number
  readonly cache?: boolean
  readonly maxOutputBytes?: number
}

/** A tool that says when it is run. */
function tool<const Name extends string>({
  name,
  answers,
  effect = 'idempotent',
  retry = 1,
  ...more
}: Way & { name: Name }) {
  return defineTool({
    name,
    description: name,
    effect,
    retry: { attempts: retry, backoff: 1 },
    ...more,
    input: z.object({ city: z.string() }),
    output: z.union([z.string(), z.array(z.string())]),
    run: ({ city }, context) => {
      ran.push(`${name} ${city} ${context.effectId.split('/')[1] ?? ''} ${context.effect}`)
      return answers?.() ?? name
    },
  })
}

const fails = (): never => {
  throw nodeError('WAYSTONE_NODE_THREW', 'closed', { retryable: true })
}

interface Asked {
  readonly store: Store
  readonly model: ScriptedModel
  readonly run: Run<object>
  readonly result: RunResult<object>
}

interface Question {
  readonly tools: readonly AnyTool<'a' | 'b'>[]
  readonly toolRules?: ToolRules<'a' | 'b', { city: string; reply?: string; body?: string }>
  readonly answers: readonly unknown[]
  /** Agents that the answers are for; a second one ends at once otherwise. */
  readonly visits?: number
}

async function ask({ tools, toolRules = {}, answers, visits = 1 }: Question): Promise<Asked> {
  ran = []
  const n = w.nodes({
    first: w.agent({ model: 'fast', instructions: 'Help.', tools, toolRules, writes: ['reply'] }),
    second: w.agent({ model: 'fast', instructions: 'Help.', tools, toolRules, writes: ['reply'] }),
  })
  const workflow = w.workflow('desk', {
    input: z.object({ city: z.string() }),
    output: ['reply'],
    nodes: n,
    start: n.first,
    edges: { first: { done: n.second }, second: { done: END } },
  })
  const model = scripted(...answers, ...(visits === 1 ? [says({ reply: 'done' })] : []))
  const store = createMemoryStore()
  const runtime = createRuntime({ models: { fast: model }, store })
  open.push(runtime)
  const run = await runtime.start(workflow, { input: { city: 'Rome' } })
  const result = await run.result()
  expect(await replayRun(store, workflow, run.runId)).toMatchObject({ divergence: null })
  return { model, run, result, store }
}

const done = says({ reply: 'done' })
const rome = { city: 'Rome' }

/** The last tool messages that the model was told in a call, in order. */
function told({ model }: Asked, call: number): readonly string[] {
  return (model.requests[call]?.messages ?? []).flatMap((message) =>
    message.role === 'tool' ? message.content.map((part) => (part.type === 'text' ? part.text : '')) : [],
  )
}

describe('alternates of a tool', () => {
  const b = tool({ name: 'b' })

  it('are given the same arguments when a call has failed after its own retries (T4)', async () => {
    const asked = await ask({
      tools: [tool({ name: 'a', answers: fails, retry: 2 })],
      toolRules: { a: { alternates: [b] } },
      answers: [asks(['a', rome]), done],
    })
    expect(ran).toEqual(['a Rome 1 idempotent', 'a Rome 1 idempotent', 'b Rome 2 idempotent'])
    expect(told(asked, 1)).toEqual(['"b"'])
    expect(asked.result).toMatchObject({
      status: 'completed',
      degraded: [{ node: 'first', by: 'alternate', step: 2, why: 'b answered in place of a', times: 1 }],
      usage: { toolCalls: 3 },
    })
    const steps: unknown[] = []
    for await (const event of asked.run.events())
      if (event.type === 'step.ended' && event.kind === 'call') steps.push([event.step, event.tool, event.outcome])
    expect(steps).toEqual([
      [1, 'a', 'failed'],
      [1, 'a', 'failed'],
      [2, 'b', 'done'],
    ])
  })

  it('fail too, and the degraded answer is told and flagged `degraded: true` (T4)', async () => {
    const asked = await ask({
      tools: [tool({ name: 'a', answers: fails, retry: 2 })],
      toolRules: { a: { alternates: [tool({ name: 'b', answers: fails })], otherwise: { weather: 'unknown' } } },
      answers: [asks(['a', rome], ['a', { city: 'Oslo' }]), done],
    })
    expect(ran).toHaveLength(6)
    const answer = '{"degraded":true,"result":{"weather":"unknown"}}'
    expect(told(asked, 1)).toEqual([answer, answer])
    expect(asked.result.degraded).toEqual([
      { node: 'first', by: 'otherwise', step: 4, why: 'no answer of a: closed', times: 2 },
    ])
  })

  it('tell the model what went wrong last when there is no other answer', async () => {
    const asked = await ask({
      tools: [tool({ name: 'a', answers: fails })],
      toolRules: { a: { alternates: [tool({ name: 'b', answers: fails })] } },
      answers: [asks(['a', rome]), done],
    })
    expect(told(asked, 1)).toEqual(['{"error":"closed"}'])
    expect(asked.result).not.toHaveProperty('degraded')
  })

  it('are not reached while the outcome is unknown: it may have happened', async () => {
    const lost = (): never => {
      throw nodeError('WAYSTONE_NODE_OUTCOME_UNKNOWN', 'the line is dead')
    }
    const w2 = tool({ name: 'a', answers: lost, effect: 'keyed' })
    const n = w.nodes({
      first: w.agent({
        model: 'fast',
        instructions: 'Help.',
        tools: [w2],
        toolRules: { a: { effect: 'unsafe', alternates: [b], otherwise: 'none' } },
        writes: ['reply'],
      }),
    })
    const workflow = w.workflow('desk', {
      input: z.object({ city: z.string() }),
      output: ['reply'],
      nodes: n,
      start: n.first,
      edges: { first: { done: END } },
    })
    ran = []
    const runtime = createRuntime({ models: { fast: scripted(asks(['a', rome]), done) } })
    open.push(runtime)
    const run = await runtime.start(workflow, { input: { city: 'Rome' } })
    expect((await run.result()).status).toBe('waiting')
    expect(ran).toEqual(['a Rome 1 unsafe'])
    const [request] = await run.requests()
    if (request === undefined) throw new RangeError('no request')
    await run.decide(request, { outcome: 'failed', by: 'ann', reason: 'looked it up' })
    expect(await run.result()).toMatchObject({ status: 'completed', degraded: [{ by: 'alternate' }] })
    expect(ran).toEqual(['a Rome 1 unsafe', 'b Rome 2 idempotent'])
  })
})

describe('identical calls of a pure tool', () => {
  it('are made once in a run, by whichever agent, also in another visit (T6)', async () => {
    const asked = await ask({
      tools: [tool({ name: 'a', effect: 'pure' })],
      answers: [asks(['a', rome]), asks(['a', rome]), done, asks(['a', rome], ['a', { city: 'Oslo' }]), done],
      visits: 2,
    })
    expect(ran).toEqual(['a Rome 1 pure', 'a Oslo 5 pure'])
    expect([told(asked, 2), told(asked, 4)]).toEqual([
      ['"a"', '"a"'],
      ['"a"', '"a"'],
    ])
    expect(asked.result.usage.toolCalls).toBe(2)
  })

  it('are marked where they were not made: in events, in decisions and in what a value is blamed on (T6, O4)', async () => {
    const look = tool({ name: 'a', effect: 'pure' })
    const asked = await ask({
      tools: [look],
      answers: [
        asks(['a', rome]),
        done,
        asks(['a', rome], ['a', { city: 'Oslo' }]),
        asks(['a', rome]),
        says({ reply: 'once more' }),
      ],
      visits: 2,
    })
    const marks: unknown[] = []
    for await (const event of asked.run.events())
      if (event.type === 'edge.taken' && event.decision.cached !== undefined)
        marks.push([event.decision.taken, event.decision.cached])
    expect(marks).toEqual([
      ['second:tools', [{ callId: expect.any(String) as string, tool: 'a', step: 1 }]],
      ['second:model', [{ callId: expect.any(String) as string, tool: 'a', step: 1 }]],
    ])
    const history = await readHistory(asked.store, asked.run.runId)
    expect(blamePath(history, ['reply']).calls).toMatchObject([
      { tool: 'a', step: 1, sequence: 2, isCached: true },
      { tool: 'a', step: 4, sequence: 5 },
      { tool: 'a', step: 1, sequence: 2, isCached: true },
    ])
  })

  it('in one turn share a step, and both are answered (T6)', async () => {
    const asked = await ask({
      tools: [tool({ name: 'a', effect: 'pure' })],
      answers: [asks(['a', rome], ['a', rome]), done],
    })
    expect(ran).toEqual(['a Rome 1 pure'])
    expect(told(asked, 1)).toEqual(['"a"', '"a"'])
  })

  it('share a failure too, and are tried again in the next turn', async () => {
    const asked = await ask({
      tools: [tool({ name: 'a', effect: 'pure', answers: fails })],
      answers: [asks(['a', rome], ['a', rome]), asks(['a', rome]), done],
    })
    expect(ran).toHaveLength(2)
    expect(told(asked, 2)).toEqual(['{"error":"closed"}', '{"error":"closed"}', '{"error":"closed"}'])
  })

  it('are made each time by a tool that says so, or is not pure in this use', async () => {
    const answers = [asks(['a', rome]), asks(['a', rome]), done]
    await ask({ tools: [tool({ name: 'a', effect: 'pure', cache: false })], answers })
    expect(ran).toHaveLength(2)
    await ask({ tools: [tool({ name: 'a', effect: 'pure' })], toolRules: { a: { effect: 'keyed' } }, answers })
    expect(ran).toHaveLength(2)
  })

  it('of tool nodes and agents share what was given (T6)', async () => {
    ran = []
    const look = tool({ name: 'a', effect: 'pure' })
    const apply = (body: unknown): { body: string } => ({ body: String(body) })
    const n = w.nodes({
      before: w.tool(look, { reads: ['city'], writes: ['body'], apply }),
      agent: w.agent({ model: 'fast', instructions: 'x', tools: [look], writes: ['reply'] }),
      after: w.tool(look, { reads: ['city'], writes: ['body'], apply }),
    })
    const workflow = w.workflow('both', {
      input: z.object({ city: z.string() }),
      output: ['reply', 'body'],
      nodes: n,
      start: n.before,
      edges: { before: { done: n.agent }, agent: { done: n.after }, after: { done: END } },
    })
    const store = createMemoryStore()
    const runtime = createRuntime({ models: { fast: scripted(asks(['a', rome]), done) }, store })
    open.push(runtime)
    const run = await runtime.start(workflow, { input: { city: 'Rome' } })
    expect(await run.result()).toMatchObject({ output: { reply: 'done', body: 'a' }, usage: { toolCalls: 1 } })
    expect(ran).toEqual(['a Rome 0 pure'])
    const cached: unknown[] = []
    for await (const event of run.events())
      if (event.type === 'step.ended' && event.isCached === true) cached.push(event.node)
    expect(cached).toEqual(['after'])
    expect(await replayRun(store, workflow, run.runId)).toMatchObject({ divergence: null })
  })
})

describe('an output that is too large', () => {
  it('is cut for a model, with how much there was', async () => {
    const asked = await ask({
      tools: [
        tool({ name: 'a', answers: () => 'x'.repeat(300_000) }),
        tool({ name: 'b', answers: () => ['é', 'ü'], maxOutputBytes: 5 }),
      ],
      answers: [asks(['a', rome], ['b', rome]), done],
    })
    const [text, list] = told(asked, 1)
    expect(JSON.parse(text ?? '')).toEqual({
      cut: 'the output has 300000 bytes; these are the first 262144, the rest was left out',
      beginning: 'x'.repeat(262_144),
    })
    expect(JSON.parse(list ?? '')).toEqual({
      cut: 'the output has 11 bytes; these are the first 5, the rest was left out',
      beginning: '["é"',
    })
  })

  it('is kept as it was cut for models only: a tool node is never given half an output', async () => {
    ran = []
    const look = tool({ name: 'a', effect: 'pure', answers: () => 'x'.repeat(100), maxOutputBytes: 50 })
    const n = w.nodes({
      agent: w.agent({ model: 'fast', instructions: 'x', tools: [look], writes: ['reply'] }),
      after: w.tool(look, { reads: ['city'], writes: ['body'], apply: (body) => ({ body: JSON.stringify(body) }) }),
    })
    const workflow = w.workflow('both', {
      input: z.object({ city: z.string() }),
      output: ['reply', 'body'],
      nodes: n,
      start: n.agent,
      edges: { agent: { done: n.after }, after: { done: END } },
    })
    const model = scripted(asks(['a', rome]), asks(['a', rome]), done)
    const runtime = createRuntime({ models: { fast: model } })
    open.push(runtime)
    const run = await runtime.start(workflow, { input: { city: 'Rome' } })
    expect(await run.result()).toMatchObject({
      status: 'failed',
      error: { code: 'WAYSTONE_NODE_OUTPUT_TOO_LARGE', details: { bytes: 102, maxOutputBytes: 50 } },
    })
    expect(ran).toEqual(['a Rome 1 pure', 'a Rome 4 pure'])
  })

  it('fails a tool node: half of it would not be what its schema says', async () => {
    const n = w.nodes({
      fetch: w.tool(tool({ name: 'a', answers: () => 'x'.repeat(300_000) }), {
        reads: ['city'],
        writes: ['body'],
        apply: (body) => ({ body: String(body) }),
      }),
    })
    const workflow = w.workflow('big', {
      input: z.object({ city: z.string() }),
      output: ['body'],
      nodes: n,
      start: n.fetch,
      edges: { fetch: { done: END } },
    })
    const runtime = createRuntime({})
    open.push(runtime)
    const run = await runtime.start(workflow, { input: { city: 'Rome' } })
    expect(await run.result()).toMatchObject({
      status: 'failed',
      error: { code: 'WAYSTONE_NODE_OUTPUT_TOO_LARGE', details: { bytes: 300_002, maxOutputBytes: 262_144 } },
    })
  })
})

describe('an edge that degrades', () => {
  it('marks the run when it is taken, and not otherwise (T4)', async () => {
    const build = (answers: () => string | string[]) => {
      const apply = (reply: unknown): { reply: string } => ({ reply: String(reply) })
      const n = w.nodes({
        first: w.tool(tool({ name: 'a', answers }), { reads: ['city'], writes: ['reply'], apply }),
        second: w.tool(tool({ name: 'b', answers }), { reads: ['city'], writes: ['reply'], apply }),
        guess: w.task({ effect: 'pure', writes: ['reply'], run: () => ({ reply: 'a guess' }) }),
      })
      return w.workflow('paths', {
        input: z.object({ city: z.string() }),
        output: ['reply'],
        nodes: n,
        start: n.first,
        edges: {
          first: { done: END, failed: n.second },
          second: { done: END, failed: { to: n.guess, degraded: true } },
          guess: { done: END },
        },
      })
    }
    const runtime = createRuntime({})
    open.push(runtime)
    const good = await runtime.start(
      build(() => 'sunny'),
      { input: { city: 'Rome' } },
    )
    expect(await good.result()).not.toHaveProperty('degraded')
    const poor = await createRuntime({}).start(build(fails), { input: { city: 'Rome' } })
    expect(await poor.result()).toMatchObject({
      status: 'completed',
      output: { reply: 'a guess' },
      degraded: [{ node: 'second', by: 'edge', step: 1, why: 'second.failed was taken', times: 1 }],
    })
  })
})
