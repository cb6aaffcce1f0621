import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createCountingIds } from '../../test/support/seeded-ids.ts'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { compile } from '../compile/compile.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import type { Workflow } from '../define/workflow.ts'
import { createRuntime } from './create-runtime.ts'
import type { Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

function runtimeWith(options: RuntimeOptions = {}): Runtime {
  const runtime = createRuntime(options)
  open.push(runtime)
  return runtime
}

const w = defineState({ count: z.number(), note: z.string().optional() })

function line(version = 1) {
  const n = w.nodes({
    first: w.task({
      effect: 'pure',
      reads: ['count'],
      writes: ['count'],
      run: ({ state }) => ({ count: state.count + 1 }),
    }),
    second: w.task({ reads: ['count'], writes: ['count'], run: async ({ state }) => ({ count: state.count * 10 }) }),
  })
  return w.workflow('line', {
    version,
    input: z.object({ count: z.number().int() }),
    output: ['count'],
    nodes: n,
    start: n.first,
    edges: { first: { done: n.second }, second: { done: END } },
  })
}

describe('createRuntime', () => {
  it.each([
    ['leaseMs', { leaseMs: 100 }],
    ['leaseMs', { leaseMs: 60_000 }],
    ['maxConcurrentRuns', { maxConcurrentRuns: 0 }],
  ])('refuses option %s outside its range', (name, options) => {
    expect(() => createRuntime(options)).toThrow(
      expect.objectContaining({
        code: 'WAYSTONE_INPUT_RUNTIME_OPTION',
        message: expect.stringContaining(name) as string,
      }),
    )
  })
})

describe('start', () => {
  it('runs a workflow to its end', async () => {
    const run = await runtimeWith().start(line(), { input: { count: 1 }, tags: { team: 'a' } })
    expect(await run.result()).toMatchObject({
      runId: run.runId,
      status: 'completed',
      output: { count: 20 },
      sequence: 2,
    })
  })

  it.each([
    ['a missing key', {}, 'count: '],
    ['a wrong type', { count: 'one' }, 'count: '],
    ['a value that fails a check', { count: 1.5 }, 'count: '],
    ['something else', 7, 'expected object'],
  ])('refuses %s in the input with every issue, and stores nothing', async (_, input, issue) => {
    const runtime = runtimeWith()
    await expect(runtime.start(line(), { input: input as { count: number } })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_START',
      message: expect.stringContaining(issue) as string,
    })
    expect((await runtime.list()).rows).toEqual([])
  })

  it('refuses input that is not JSON, with its path', async () => {
    const input = { count: 1n } as unknown as { count: number }
    await expect(runtimeWith().start(line(), { input })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_NOT_JSON',
      message: expect.stringContaining('at count') as string,
    })
  })

  it('refuses tags that are no text', async () => {
    const tags = { team: 7 } as unknown as { team: string }
    await expect(runtimeWith().start(line(), { input: { count: 1 }, tags })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_START',
    })
  })

  it('refuses models that are not bound, naming them, before anything runs', async () => {
    const n = w.nodes({ think: w.agent({ model: 'fast', instructions: 'x', writes: ['note'] }) })
    const workflow = w.workflow('agent', {
      input: z.object({ count: z.number() }),
      output: ['note'],
      nodes: n,
      start: n.think,
      edges: { think: { done: END } },
    })
    const runtime = runtimeWith({ models: { slow: scripted() } })
    await expect(runtime.start(workflow, { input: { count: 1 } })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_MODELS_MISSING',
      message: expect.stringContaining('"fast" (asked by think); bound are: slow') as string,
    })
    expect((await runtime.list()).rows).toEqual([])
  })

  it('refuses a workflow with errors, all at once', async () => {
    const n = w.nodes({
      loop: w.gate({ outcomes: ['again', 'stop'], decide: () => 'again' }),
      alone: w.gate({ outcomes: ['x'], decide: () => 'x' }),
    })
    const workflow = w.workflow('broken', {
      input: z.object({ count: z.number() }),
      output: ['count'],
      nodes: n,
      start: n.loop,
      edges: { loop: { again: n.loop, stop: END }, alone: { x: END } },
    })
    await expect(runtimeWith().start(workflow, { input: { count: 1 } })).rejects.toMatchObject({
      name: 'DefinitionError',
    })
  })

  it('with a key gives the first run again, also after it has ended', async () => {
    const store = createMemoryStore()
    const first = await runtimeWith({ store }).start(line(), { input: { count: 1 }, key: 'order-1' })
    const [again, other] = await Promise.all([
      runtimeWith({ store }).start(line(), { input: { count: 1 }, key: 'order-1' }),
      runtimeWith({ store }).start(line(), { input: { count: 5 }, key: 'order-2' }),
    ])
    expect(again.runId).toBe(first.runId)
    expect(other.runId).not.toBe(first.runId)
    expect((await again.result()).output).toEqual({ count: 20 })
    expect((await store.list({})).rows).toHaveLength(2)
  })

  it('with a key is refused when the key belongs to another input', async () => {
    const store = createMemoryStore()
    const first = await runtimeWith({ store }).start(line(), { input: { count: 1 }, key: 'order-1' })
    await expect(runtimeWith({ store }).start(line(), { input: { count: 5 }, key: 'order-1' })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_KEY_TAKEN',
      message: `key "order-1" of workflow "line" belongs to run ${first.runId}, which was started with {"count":1}, not with {"count":5}`,
    })
  })

  it('drives at most maxConcurrentRuns at once', async () => {
    let running = 0
    let most = 0
    const n = w.nodes({
      work: w.task({
        effect: 'pure',
        writes: ['note'],
        run: async () => {
          most = Math.max(most, ++running)
          await new Promise((resolve) => void setImmediate(resolve))
          running -= 1
          return { note: 'x' }
        },
      }),
    })
    const workflow = w.workflow('slow', {
      input: z.object({ count: z.number() }),
      output: ['note'],
      nodes: n,
      start: n.work,
      edges: { work: { done: END } },
    })
    const runtime = runtimeWith({ maxConcurrentRuns: 3 })
    const runs = await Promise.all(Array.from({ length: 20 }, () => runtime.start(workflow, { input: { count: 1 } })))
    const results = await Promise.all(runs.map((run) => run.result()))
    expect(results.every(({ status }) => status === 'completed')).toBe(true)
    expect(most).toBe(3)
  })

  it('keeps several versions of a workflow side by side', async () => {
    const store = createMemoryStore()
    const first = await runtimeWith({ store }).start(line(1), { input: { count: 1 } })
    await first.result()
    const runtime = runtimeWith({ store, workflows: [line(1), line(2)] })
    expect(runtime.compiled('line')?.graph.version).toBe(2)
    const hash = (await store.row(first.runId))?.graphHash ?? ''
    expect(runtime.compiled('line', hash)?.graph.version).toBe(1)
    await expect((await runtime.open(first.runId)).resume()).resolves.toBeUndefined()
  })
})

describe('open', () => {
  it('refuses a run that is not there, and another workflow', async () => {
    const runtime = runtimeWith()
    await expect(runtime.open('nothing')).rejects.toMatchObject({ code: 'WAYSTONE_STORE_RUN_UNKNOWN' })
    const run = await runtime.start(line(), { input: { count: 1 } })
    const n = w.nodes({ gate: w.gate({ outcomes: ['x'], decide: () => 'x' }) })
    const other = w.workflow('other', {
      input: z.object({ count: z.number() }),
      output: ['count'],
      nodes: n,
      start: n.gate,
      edges: { gate: { x: END } },
    })
    await expect(runtime.open(other, run.runId)).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_WRONG_WORKFLOW' })
  })
})

describe('a closed runtime', () => {
  it('refuses everything that would drive', async () => {
    const runtime = createRuntime()
    const run = await runtime.start(line(), { input: { count: 1 } })
    await run.result()
    await runtime.close()
    await expect(runtime.start(line(), { input: { count: 1 } })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_RUNTIME_CLOSED',
    })
    await expect(run.resume()).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_RUNTIME_CLOSED' })
    expect(() => runtime.work()).toThrow(expect.objectContaining({ code: 'WAYSTONE_INPUT_RUNTIME_CLOSED' }))
    await runtime.close()
  })
})

describe('routing', () => {
  it('never calls the third stage when validation refuses the output of the second (G5)', async () => {
    const s = defineState({ text: z.string() })
    const called: string[] = []
    const stage = (name: string, text: string) =>
      s.task({
        effect: 'pure',
        writes: ['text'],
        run: () => {
          called.push(name)
          return { text }
        },
      })
    const n = s.nodes({
      first: stage('first', 'good'),
      second: stage('second', 'bad'),
      valid: s.gate({
        reads: ['text'],
        outcomes: ['pass', 'fail'],
        decide: ({ state }) => (state.text === 'good' ? 'pass' : 'fail'),
      }),
      third: stage('third', 'done'),
    })
    const workflow = s.workflow('stages', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.first,
      edges: {
        first: { done: n.second },
        second: { done: n.valid },
        valid: { pass: n.third, fail: END },
        third: { done: END },
      },
    })
    const run = await runtimeWith().start(workflow, { input: { text: '' } })
    expect((await run.result()).output).toEqual({ text: 'bad' })
    expect(called).toEqual(['first', 'second'])
  })

  it('ends in a named no-route error that lists each guard and its value, in a graph built unchecked (G2)', async () => {
    const isOne = w.guard('isOne', ['count'], ({ count }) => count === 1)
    const isTwo = w.guard('isTwo', ['count'], ({ count }) => count === 2)
    const n = w.nodes({ gate: w.gate({ outcomes: ['x'], decide: () => 'x' }) })
    const workflow = w.workflow('unrouted', {
      input: z.object({ count: z.number() }),
      output: ['count'],
      nodes: n,
      start: n.gate,
      edges: {
        gate: {
          x: [
            { when: isOne, to: END },
            { when: isTwo, to: END },
          ] as never,
        },
      },
    })
    const run = await runtimeWith({ workflows: [compile(workflow, { unchecked: true })] }).start(workflow, {
      input: { count: 3 },
    })
    const result = await run.result()
    expect(result).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_NO_ROUTE' } })
    expect(result.error?.message).toMatch(/isOne=false.*\{"count":3\}.*isTwo=false.*\{"count":3\}/)
  })

  it('fails the run as guard-error, recorded, when a guard throws', async () => {
    const broken = w.guard('broken', ['count'], () => {
      throw new Error('guard is broken')
    })
    const n = w.nodes({ gate: w.gate({ outcomes: ['x'], decide: () => 'x' }) })
    const workflow = w.workflow('guarded', {
      input: z.object({ count: z.number() }),
      output: ['count'],
      nodes: n,
      start: n.gate,
      edges: { gate: { x: [{ when: broken, to: END }, END] } },
    })
    const run = await runtimeWith().start(workflow, { input: { count: 3 } })
    expect(await run.result()).toMatchObject({
      status: 'failed',
      error: { code: 'WAYSTONE_NODE_GUARD_ERROR', message: expect.stringContaining('guard is broken') as string },
    })
  })

  it.each([['guard', (s: ReturnType<typeof impure>) => s, 'guard "flips" said']])(
    'stops the run and names an impure %s',
    async (_, make, named) => {
      const run = await runtimeWith({ checkPurity: true }).start(make(impure()), { input: { count: 3 } })
      await expect(run.result()).rejects.toMatchObject({
        code: 'WAYSTONE_BUG_IMPURE_PLAN',
        message: expect.stringContaining(named) as string,
      })
      const relaxed = await runtimeWith({ checkPurity: false }).start(impure(), { input: { count: 3 } })
      expect((await relaxed.result()).status).toBe('completed')
    },
  )
})

/** A guard that says something else each time. */
function impure(): Workflow<{ count: number }, { count: number }> {
  let calls = 0
  const flips = w.guard('flips', ['count'], () => calls++ % 2 === 0)
  const n = w.nodes({
    gate: w.gate({ outcomes: ['x'], decide: () => 'x' }),
    other: w.gate({ outcomes: ['y'], decide: () => 'y' }),
  })
  return w.workflow('impure', {
    input: z.object({ count: z.number() }),
    output: ['count'],
    nodes: n,
    start: n.gate,
    edges: { gate: { x: [{ when: flips, to: n.other }, END] }, other: { y: END } },
  }) as Workflow<{ count: number }, { count: number }>
}

describe('determinism', () => {
  it('gives identical checkpoint bytes for the same script (R10)', async () => {
    const tool = defineTool({
      name: 'add',
      description: 'x',
      effect: 'pure',
      input: z.object({ by: z.number() }),
      output: z.object({ sum: z.number() }),
      run: ({ by }) => ({ sum: by + 1 }),
    })
    const s = defineState({ text: z.string().optional(), start: z.string() })
    const n = s.nodes({
      flaky: s.task({
        effect: 'pure',
        writes: ['text'],
        retry: { attempts: 3, backoff: '1s', jitter: 1 },
        run: (_, context) => {
          context.log('trying', { attempt: context.attempt })
          if (context.attempt < 3) throw new Error('again')
          return { text: `at ${context.now()}` }
        },
      }),
      think: s.agent({ model: 'fast', instructions: 'x', tools: [tool], reads: ['text'], writes: ['text'] }),
      sign: s.approval({ show: ['text'], expiresIn: '1h' }),
    })
    const workflow = s.workflow('script', {
      input: z.object({ start: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.flaky,
      edges: {
        flaky: { done: n.think },
        think: { done: n.sign },
        sign: { approved: END, rejected: END, expired: END },
      },
    })
    const texts: string[][] = []
    for (let round = 0; round < 2; round++) {
      const clock = createManualClock()
      const store = createMemoryStore()
      const models = { fast: scripted(asks(['add', { by: 1 }]), says({ text: 'b' })) }
      const runtime = runtimeWith({ clock, store, models, ids: createCountingIds() })
      const run = await runtime.start(workflow, { input: { start: 'x' } })
      await clock.advance(10_000)
      const [request] = await run.requests()
      await run.decide(request ?? '', { outcome: 'approved', by: 'ann' })
      expect((await run.result()).status).toBe('completed')
      texts.push((await store.after(0, 1_000)).map(({ text, hash }) => text + hash))
    }
    expect(texts[0]).toEqual(texts[1])
    expect(texts[0]?.length).toBe(8)
  })
})
