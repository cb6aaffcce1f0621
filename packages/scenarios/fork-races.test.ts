import {
  blamePath,
  createRuntime,
  defineState,
  END,
  forkRun,
  readHistory,
  rule,
  type Runtime,
  type Workflow,
} from '@waystone/core'
import { openAiModel } from '@waystone/openai'
import { virtualClock, type VirtualClock } from '@waystone/testing'
import { faults, startModelLab, type ModelLab } from '@waystone/testing/lab'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const w = defineState({ topic: z.string(), notes: rule.append(z.string()) })

async function labOf(): Promise<ModelLab> {
  const lab = await startModelLab({ script: [{ when: {}, isRepeated: true, answers: [faults.hang()] }] })
  closing.push(() => lab.close())
  return lab
}

/** Four branches, each of which gets ready and then asks the model; the last is ready when the others have asked. */
async function fourAsking(lab: ModelLab, limits: { readonly modelCalls?: number }): Promise<[Workflow, Runtime]> {
  const ready = (number: number) =>
    w.task({
      effect: 'pure',
      run: async (): Promise<void> => {
        if (number === 4) await lab.until(3)
      },
    })
  const ask = () =>
    w.agent({ model: 'fast', instructions: 'Say.', reads: ['topic'], writes: ['notes'], maxModelCalls: 1 })
  const n = w.nodes({
    plan: w.task({ effect: 'pure', run: () => undefined }),
    one: ready(1),
    two: ready(2),
    three: ready(3),
    four: ready(4),
    ask1: ask(),
    ask2: ask(),
    ask3: ask(),
    ask4: ask(),
    meet: w.join(),
  })
  const workflow = w.workflow('racing', {
    input: z.object({ topic: z.string(), notes: z.array(z.string()) }),
    output: ['notes'],
    nodes: n,
    start: n.plan,
    edges: {
      plan: { done: { fork: [n.one, n.two, n.three, n.four], join: n.meet } },
      one: { done: n.ask1 },
      two: { done: n.ask2 },
      three: { done: n.ask3 },
      four: { done: n.ask4 },
      ask1: { done: n.meet },
      ask2: { done: n.meet },
      ask3: { done: n.meet },
      ask4: { done: n.meet },
      meet: { done: END },
    },
    limits,
  })
  const model = openAiModel({ model: 'small', api: 'responses', baseUrl: lab.url, apiKey: null })
  const runtime = createRuntime({ workflows: [workflow], models: { fast: model } })
  closing.push(() => runtime.close())
  return [workflow, runtime]
}

describe('branches at a model', () => {
  it('that race for three calls make exactly three; the limit stops the others too (B2)', async () => {
    const lab = await labOf()
    const [workflow, runtime] = await fourAsking(lab, { modelCalls: 3 })
    const run = await runtime.start(workflow, { input: { topic: 'x', notes: [] } })
    expect((await run.result()).status).toBe('exhausted')
    await lab.untilIdle()
    expect(lab.entries).toHaveLength(3)
    expect(lab.entries.map(({ end }) => end?.by)).toEqual(['client', 'client', 'client'])
    const { checkpoints } = await readHistory(runtime.store, run.runId)
    const stopped = checkpoints.find(({ decision }) => decision?.limit !== undefined)
    expect(stopped?.decision).toMatchObject({
      node: 'four',
      taken: 'limits.exhausted',
      limit: { name: 'modelCalls', used: 3 },
    })
    expect(stopped?.commands.filter(({ type }) => type === 'cancelEffect')).toHaveLength(3)
  })

  it('are all closed by a cancel, and nothing is written after it (R9)', async () => {
    const lab = await labOf()
    const [workflow, runtime] = await fourAsking(lab, {})
    const run = await runtime.start(workflow, { input: { topic: 'x', notes: [] } })
    await lab.until(4)
    expect(await run.cancel({ by: 'ana', reason: 'enough' })).toMatchObject({ type: 'applied' })
    expect((await run.result()).status).toBe('cancelled')
    await lab.untilIdle()
    expect(lab.entries.map(({ end }) => end?.by)).toEqual(['client', 'client', 'client', 'client'])
    const { checkpoints } = await readHistory(runtime.store, run.runId)
    const at = checkpoints.findIndex(({ event }) => event.type === 'run.cancel')
    for (const { patch } of checkpoints.slice(at + 1))
      for (const [, path] of patch) expect(['closing', 'usage', 'ending']).toContain(path[1])
  })
})

interface Timed {
  readonly clock: VirtualClock
  readonly workflow: Workflow
  readonly runtime: Runtime
}

/** Branches that take their time on a virtual clock, each writing a note; then one that reads them all. */
function timed(times: { readonly [name: string]: number }): Timed {
  const clock = virtualClock()
  const work = (name: string) =>
    w.task({
      effect: 'pure',
      writes: ['notes'],
      run: async () => {
        await new Promise<void>((resolve) => void clock.at(clock.now() + (times[name] ?? 0), () => resolve()))
        return { notes: [name] }
      },
    })
  const n = w.nodes({
    plan: w.task({ effect: 'pure', run: () => undefined }),
    a: work('a'),
    b: work('b'),
    c: work('c'),
    d: work('d'),
    e: work('e'),
    meet: w.join(),
    last: w.task({ effect: 'pure', reads: ['notes'], run: () => undefined }),
  })
  const workflow = w.workflow('timed', {
    input: z.object({ topic: z.string(), notes: z.array(z.string()) }),
    output: ['notes'],
    nodes: n,
    start: n.plan,
    edges: {
      plan: { done: { fork: [n.a, n.b, n.c, n.d, n.e], join: n.meet } },
      a: { done: n.meet },
      b: { done: n.meet },
      c: { done: n.meet },
      d: { done: n.meet },
      e: { done: n.meet },
      meet: { done: n.last },
      last: { done: END },
    },
  })
  const runtime = createRuntime({ clock, workflows: [workflow] })
  closing.push(() => runtime.close())
  return { clock, workflow, runtime }
}

const start = { input: { topic: 'x', notes: ['before'] } }

describe('branches on a clock', () => {
  it('five of 100 ms take 100 ms; results are in branch order (G7)', async () => {
    const { clock, workflow, runtime } = timed({ a: 100, b: 100, c: 100, d: 100, e: 100 })
    const begun = clock.now()
    const run = await runtime.start(workflow, start)
    const { output } = await clock.runUntil(run.result())
    expect([output, clock.now() - begun]).toEqual([{ notes: ['before', 'a', 'b', 'c', 'd', 'e'] }, 100])
  })

  it('go on after a hold and a release, each once', async () => {
    const { clock, workflow, runtime } = timed({ a: 50, b: 10, c: 20, d: 90, e: 70 })
    const run = await runtime.start(workflow, start)
    await clock.advance(30)
    await run.hold({ by: 'ana', reason: 'look' })
    await clock.advance(100)
    const history = await readHistory(runtime.store, run.runId)
    const { snapshot } = history.at(history.last)
    // What ran when it was held has ended and joined; what comes behind the join has not begun.
    expect(Object.values(snapshot.context.open).map(({ node }) => node)).toEqual(['last'])
    expect(history.checkpoints.at(-1)?.status).toBe('held')
    await run.release({ by: 'ana', reason: 'fine' })
    expect(await clock.runUntil(run.result())).toMatchObject({
      status: 'completed',
      output: { notes: ['before', 'a', 'b', 'c', 'd', 'e'] },
    })
  })

  it('can be forked in the middle: what had joined is kept, what ran runs again (R4)', async () => {
    const { clock, workflow, runtime } = timed({ a: 50, b: 10, c: 20, d: 90, e: 70 })
    const run = await runtime.start(workflow, start)
    await clock.runUntil(run.result())
    const history = await readHistory(runtime.store, run.runId)
    const at = history.checkpoints.findIndex(({ decision }) => decision?.node === 'c')
    const forkedId = await forkRun(runtime, run.runId, { at, by: 'ana', reason: 'again' })
    const forked = await runtime.open(forkedId)
    await forked.resume()
    expect(await clock.runUntil(forked.result())).toMatchObject({
      status: 'completed',
      output: { notes: ['before', 'a', 'b', 'c', 'd', 'e'] },
    })
    const again = (await readHistory(runtime.store, forkedId)).checkpoints.flatMap(({ step }) => step?.node ?? [])
    expect(again).toEqual(['a', 'e', 'd', 'last'])
  })

  it('are blamed for what they wrote, also for items that their join has moved (O4)', async () => {
    const { clock, workflow, runtime } = timed({ a: 50, b: 10, c: 20, d: 90, e: 70 })
    const run = await runtime.start(workflow, start)
    await clock.runUntil(run.result())
    const history = await readHistory(runtime.store, run.runId)
    const writers = [0, 1, 2, 3, 4, 5].map((index) => {
      const { writer } = blamePath(history, ['notes', index])
      return writer.type === 'node' ? writer.node : writer.type
    })
    expect(writers).toEqual(['input', 'a', 'b', 'c', 'd', 'e'])
  })
})
