import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { mortalView } from '../../test/support/store-view.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { END } from '../define/edge.ts'
import type { EffectClass } from '../define/effect-class.ts'
import { defineState } from '../define/state.ts'
import { defineTool, type EffectContext } from '../define/tool.ts'
import { nodeFailure } from '../errors/node-error.ts'
import { auditRun } from '../replay/audit-run.ts'
import { blamePath } from '../replay/blame.ts'
import { readHistory } from '../replay/history.ts'
import { forkRun } from '../replay/fork-run.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Liveness } from './liveness.ts'
import type { RunEvent } from './run-event.ts'
import type { Runtime, RuntimeOptions } from './runtime.ts'

const opened: Runtime[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((runtime) => runtime.close()))
})

function runtimeWith(options: RuntimeOptions = {}): Runtime {
  const runtime = createRuntime(options)
  opened.push(runtime)
  return runtime
}

const host = { host: 'here', pid: 1, processStartedAt: '1' }
const everyoneIs = (state: ReturnType<Liveness['stateOf']>): Liveness => ({ self: () => host, stateOf: () => state })

const w = defineState({
  numbers: z.array(z.number()),
  factor: z.number(),
  found: z.array(z.number()).optional(),
  failed: z.array(z.string()).optional(),
})
const input = z.object({ numbers: z.array(z.number()), factor: z.number() })

type Work = (item: number, context: EffectContext) => number | Promise<number>

/** A workflow of one map over `numbers`, whose work is given. */
function timesWorkflow(work: Work, effect: EffectClass = 'keyed') {
  const n = w.nodes({
    each: w.map({
      over: 'numbers',
      reads: ['factor'],
      writes: ['found'],
      effect,
      maxItems: 200,
      concurrency: 3,
      run: async (item, { state, index }, context) => (await work(item, context)) * state.factor + index,
      apply: (results) => ({ found: results.map(({ output }) => output) }),
    }),
  })
  return w.workflow('times', {
    input,
    output: ['found'],
    nodes: n,
    start: n.each,
    edges: { each: { done: END } },
  })
}

describe('a map of a function', () => {
  it('gives each item its place and effect id, runs no more than it may, and applies results in order (G7)', async () => {
    const ids: string[] = []
    let [running, most] = [0, 0]
    const workflow = timesWorkflow(async (item, { effectId, runId }) => {
      ids.push(effectId.slice(runId.length))
      running += 1
      most = Math.max(most, running)
      await Promise.resolve()
      running -= 1
      return item
    })
    const run = await runtimeWith().start(workflow, { input: { numbers: [5, 6, 7, 8], factor: 10 } })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { found: [50, 61, 72, 83] } })
    expect(ids).toEqual(['/0/0', '/0/1', '/0/2', '/0/3'])
    expect(most).toBe(3)
  })

  it('repeats only what was in flight after a crash, under the same effect ids (T5)', async () => {
    const ids: string[] = []
    const workflow = timesWorkflow(async (item, { effectId }) => {
      ids.push(effectId.split('/').slice(1).join('/'))
      await Promise.resolve()
      return item
    })
    const numbers = Array.from({ length: 100 }, (_, index) => index)
    const store = createMemoryStore()
    let commits = 0
    const mortal = mortalView(store, (method, kill) => method === 'commit' && ++commits === 18 && kill())
    const clock = createManualClock()
    const first = await createRuntime({ store: mortal.store, clock, liveness: everyoneIs('dead') }).start(workflow, {
      input: { numbers, factor: 1 },
    })
    await clock.settle()
    const before = ids.length
    expect(before).toBeLessThan(60)
    const run = await runtimeWith({ store, clock, liveness: everyoneIs('dead'), workflows: [workflow] }).open(
      first.runId,
    )
    await run.resume()
    expect(await run.result()).toMatchObject({ status: 'completed', output: { found: numbers.map((n) => 2 * n) } })
    expect(new Set(ids).size).toBe(100)
    expect(ids.length).toBeLessThanOrEqual(103)
    expect(await replayRun(store, workflow, run.runId)).toMatchObject({ divergence: null })
  })

  it('asks about the items of an unsafe map that were in flight, each by itself (T5, H4)', async () => {
    const done: number[] = []
    const workflow = timesWorkflow(async (item) => {
      done.push(item)
      await Promise.resolve()
      return item
    }, 'unsafe')
    const store = createMemoryStore()
    let commits = 0
    const mortal = mortalView(store, (method, kill) => method === 'commit' && ++commits === 3 && kill())
    const clock = createManualClock()
    const first = await createRuntime({ store: mortal.store, clock, liveness: everyoneIs('dead') }).start(workflow, {
      input: { numbers: [1, 2, 3, 4, 5, 6], factor: 1 },
    })
    await clock.settle()
    const run = await runtimeWith({ store, clock, liveness: everyoneIs('dead'), workflows: [workflow] }).open(
      first.runId,
    )
    await run.resume()
    for (let round = 0; round < 6 && (await run.result()).status === 'waiting'; round++) {
      const [request] = await run.requests()
      if (request === undefined) break
      expect(request).toMatchObject({ kind: 'unknown', node: 'each' })
      expect(request.reason).toMatch(/of each\[\d\] happened/)
      const item = Number(/each\[(\d)\]/.exec(request.reason)?.[1])
      expect(request.action.find(({ outcome }) => outcome === 'happened')?.input).toBe(item + 1)
      await expect(run.decide(request, { outcome: 'happened', by: 'ann' })).rejects.toMatchObject({
        code: 'WAYSTONE_INPUT_DECISION',
      })
      await run.decide(request, { outcome: 'happened', by: 'ann', result: 100 + item })
    }
    expect((await run.result()).status).toBe('completed')
    expect(new Set(done).size).toBe(done.length)
  })

  it('tells of its items in events, audit, blame, and goes on in a forked run', async () => {
    const store = createMemoryStore()
    const workflow = timesWorkflow((item) => item)
    const runtime = runtimeWith({ store, workflows: [workflow] })
    const run = await runtime.start(workflow, { input: { numbers: [1, 2, 3, 4], factor: 2 } })
    const facts: RunEvent[] = []
    for await (const event of run.events()) facts.push(event)
    const items = facts.flatMap((event) =>
      event.type === 'step.started' || event.type === 'step.ended' ? [`${event.type.slice(5)} ${event.item}`] : [],
    )
    expect(items.filter((text) => text.startsWith('ended'))).toEqual([
      'ended undefined',
      'ended 0',
      'ended 1',
      'ended 2',
      'ended 3',
      'ended undefined',
    ])
    expect(items).toContain('started 3')
    expect((await auditRun(store, run.runId)).chain.isIntact).toBe(true)
    expect(blamePath(await readHistory(store, run.runId), ['found']).writer).toMatchObject({
      type: 'node',
      node: 'each',
      kind: 'collect',
    })
    const forked = await runtime.open(
      await forkRun(runtime, run.runId, { at: 3, patch: { factor: 7 }, by: 'op', reason: 'x' }),
    )
    await forked.resume()
    // Items that had ended keep what they gave.
    expect((await forked.result()).output?.['found']).toEqual([2, 5, 23, 31])
  })
})

const double = defineTool({
  name: 'double',
  description: 'Doubles.',
  effect: 'pure',
  input: z.object({ of: z.number() }),
  output: z.object({ is: z.number() }),
  run: ({ of }) => {
    if (of < 0) throw nodeFailure('below zero')
    return { is: of * 2 }
  },
})

/** The options by which the workflows below differ. */
interface Ways {
  readonly excess?: 'fail' | 'cut'
  readonly maxItems?: number
  readonly over?: unknown
}

function doubleWorkflow({ excess = 'fail', maxItems = 4, over }: Ways = {}) {
  const n = w.nodes({
    each: w.map({
      // What types would refuse has to be refused in a run too.
      over: ({ state }) => (over === undefined ? state.numbers : (over as readonly number[])),
      reads: ['numbers'],
      writes: ['found', 'failed'],
      item: double,
      input: (of) => ({ of }),
      maxItems,
      excess,
      failed: 'keep',
      apply: (results) => ({
        found: results.flatMap(({ output }) => (output === undefined ? [] : [output.is])),
        failed: results.flatMap(({ index, error }) => (error === undefined ? [] : [`${index}: ${error.message}`])),
      }),
    }),
  })
  return w.workflow('doubled', {
    input,
    output: ['found', 'failed'],
    nodes: n,
    start: n.each,
    edges: { each: { done: END } },
  })
}

describe('a map of a tool', () => {
  it('keeps what ended well beside what failed (R5)', async () => {
    const run = await runtimeWith().start(doubleWorkflow({ maxItems: 5 }), {
      input: { numbers: [1, 2, -3, 4, 5], factor: 1 },
    })
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { found: [2, 4, 8, 10], failed: ['2: below zero'] },
      usage: { toolCalls: 5 },
    })
  })

  it('keeps errors in pieces as it keeps results, so that the thousandth costs what the first does', async () => {
    const numbers = Array.from({ length: 205 }, (_, index) => -1 - index)
    const runtime = runtimeWith()
    const run = await runtime.start(doubleWorkflow({ maxItems: 205 }), { input: { numbers, factor: 1 } })
    expect((await run.result()).output).toEqual({ found: [], failed: numbers.map((_, item) => `${item}: below zero`) })

    const history = await readHistory(runtime.store, run.runId)
    const { errors = {} } = history.at(history.last - 1).snapshot.context.maps?.['each'] ?? {}
    expect(Object.entries(errors).map(([piece, items]) => [piece, Object.keys(items).length])).toEqual([
      ['0', 100],
      ['1', 100],
      ['2', 5],
    ])
    const last = history.checkpoints.findLast(({ step }) => step?.item === 204)
    expect(last?.patch).toContainEqual(['set', ['context', 'maps', 'each', 'errors', '2', '204'], expect.anything()])
  })

  it('fails with a code when the list is too long, before any item is begun', async () => {
    const run = await runtimeWith().start(doubleWorkflow(), { input: { numbers: [1, 2, 3, 4, 5], factor: 1 } })
    const { status, error, usage } = await run.result()
    expect(status).toBe('failed')
    expect(error).toMatchObject({ code: 'WAYSTONE_NODE_TOO_MANY_ITEMS', details: { items: 5, maxItems: 4 } })
    expect(usage.toolCalls).toBe(0)
  })

  it('leaves the rest out where it says so', async () => {
    const run = await runtimeWith().start(doubleWorkflow({ excess: 'cut', maxItems: 2 }), {
      input: { numbers: [1, 2, 3], factor: 1 },
    })
    expect((await run.result()).output?.['found']).toEqual([2, 4])
  })

  it.each([7, null, 'text'])('fails with a code when it is to go over %j', async (over) => {
    const run = await runtimeWith().start(doubleWorkflow({ over }), { input: { numbers: [], factor: 1 } })
    expect((await run.result()).error).toMatchObject({ code: 'WAYSTONE_NODE_NO_LIST' })
  })

  it('takes the first output that is wanted', async () => {
    const n = w.nodes({
      each: w.map({
        over: 'numbers',
        writes: ['found'],
        item: double,
        input: (of) => ({ of }),
        maxItems: 10,
        concurrency: 1,
        done: 'first',
        wanted: ({ is }, item) => is > 10 && item > 0,
        apply: (results) => ({ found: results.map(({ output }) => output.is) }),
      }),
    })
    const workflow = w.workflow('first', {
      input,
      output: ['found'],
      nodes: n,
      start: n.each,
      edges: { each: { done: END, unsatisfied: END } },
    })
    const run = await runtimeWith().start(workflow, { input: { numbers: [1, 9, 8], factor: 1 } })
    expect((await run.result()).output?.found).toEqual([2, 18])
  })
})
