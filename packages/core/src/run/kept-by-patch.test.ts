import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { forkRun } from '../replay/fork-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const who = { by: 'ops', reason: 'a typing error' }

const v = defineState({ topic: z.string() })
const inner = v.nodes({ ask: v.approval({ show: ['topic'] }) })
const asking = v.workflow('asking', {
  input: z.object({ topic: z.string() }),
  output: [],
  nodes: inner,
  start: inner.ask,
  edges: { ask: { approved: END, rejected: END } },
})

const w = defineState({
  orders: z.array(z.string()),
  topic: z.string(),
  prefix: z.string(),
  seen: z.array(z.string()).optional(),
})
const n = w.nodes({
  first: w.task({ effect: 'pure', run: () => undefined }),
  each: w.map({
    over: 'orders',
    reads: ['orders', 'prefix'],
    writes: ['seen'],
    item: asking,
    input: (order, { state }) => ({ topic: `${state.prefix} ${order}` }),
    maxItems: 5,
    concurrency: 1,
    apply: (results) => ({ seen: results.map(({ index }) => String(index)) }),
  }),
  talk: w.nested(asking, { reads: ['topic'] }),
})
const shelf = w.workflow('shelf', {
  input: z.object({ orders: z.array(z.string()), topic: z.string(), prefix: z.string() }),
  output: ['seen'],
  nodes: n,
  start: n.first,
  edges: { first: { done: n.each }, each: { done: n.talk }, talk: { done: END } },
})
const input = { orders: ['a', 'b'], topic: 't', prefix: 'order' }

async function waiting() {
  const runtime = createRuntime({ workflows: [shelf] })
  open.push(runtime)
  const run = await runtime.start(shelf, { input })
  await run.result()
  return { runtime, run }
}

describe('what is kept when a patch comes', () => {
  it('is the list of a map under way; a fork from where it began makes it anew (H7)', async () => {
    const { runtime, run } = await waiting()
    const patched = await run.patch({ ...who, state: { orders: ['x', 'y', 'z'], prefix: 'parcel' } })
    expect(patched).toMatchObject({
      type: 'applied',
      kept: [{ node: 'each', kind: 'map', step: 1, keys: ['orders'], begunAt: 1 }],
    })
    const [request] = await run.requests()
    await run.decide(request ?? '', { outcome: 'approved', by: 'ada' })
    await run.result()
    // What begins later reads other keys as they are then, and is of the list as it was.
    expect(await run.requests()).toMatchObject([{ evidence: { topic: 'parcel b' } }])

    const forked = await runtime.open(await forkRun(runtime, run.runId, { ...who, at: 1, patch: { orders: ['x'] } }))
    await forked.resume()
    await forked.result()
    expect(await forked.requests()).toMatchObject([{ evidence: { topic: 'order x' } }])
  })

  it('is what a nested workflow was begun with, and nothing when the patch is of something else', async () => {
    const { run } = await waiting()
    expect(await run.patch({ ...who, state: { topic: 'u', prefix: 'p' } })).not.toHaveProperty('kept')
    for (const _ of input.orders) {
      const [request] = await run.requests()
      await run.decide(request ?? '', { outcome: 'approved', by: 'ada' })
      await run.result()
    }
    expect(await run.requests()).toMatchObject([{ node: 'talk/ask', evidence: { topic: 'u' } }])
    expect(await run.patch({ ...who, state: { topic: 'v', orders: [] } })).toMatchObject({
      kept: [{ node: 'talk', kind: 'workflow', keys: ['topic'] }],
    })
    expect(await run.requests()).toMatchObject([{ evidence: { topic: 'u' } }])
  })
})
