import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { agentItems, answering, noteTool, passing, wordAgent, wordOf, workflowItems } from '../../test/nested/items.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { says, asks } from '../../test/support/scripted-model.ts'
import { mortalView } from '../../test/support/store-view.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { compile } from '../compile/compile.ts'
import { auditRun } from '../replay/audit-run.ts'
import { forkRun } from '../replay/fork-run.ts'
import { readHistory } from '../replay/history.ts'
import { replayRun } from '../replay/replay-run.ts'
import { readStats } from '../replay/stats.ts'
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

const dead: Liveness = { self: () => ({ host: 'here', pid: 1, processStartedAt: '1' }), stateOf: () => 'dead' }
const words = ['sun', 'moon', 'star', 'sky']
const meaning = (text: string): unknown => says({ meaning: `of ${wordOf(text)}` })

describe('a map of agents', () => {
  it('asks each agent with its item alone, and gives what they answer in order of the list (G7, M4)', async () => {
    const model = answering(meaning)
    const runtime = runtimeWith({ models: { writer: model } })
    const workflow = agentItems({ concurrency: 2 })
    const run = await runtime.start(workflow, { input: { words } })
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { meanings: words.map((word) => `of ${word}`) },
      usage: { modelCalls: 4 },
    })
    for (const [index, word] of words.entries())
      expect(model.requests[index]?.messages).toEqual([
        { role: 'user', content: [{ type: 'text', text: JSON.stringify({ word }) }] },
      ])
    expect(await replayRun(runtime.store, workflow, run.runId)).toMatchObject({ divergence: null })
    const { snapshot } = (await readHistory(runtime.store, run.runId)).at(
      (await readHistory(runtime.store, run.runId)).last,
    )
    expect(snapshot.context).not.toHaveProperty('children')
    expect(snapshot.context).not.toHaveProperty('maps')
    expect(snapshot.context).toMatchObject({ open: {}, closing: {} })
  })

  it('asks no finished agent again after a crash, and each call under its own effect id (T5)', async () => {
    const model = answering(meaning)
    const workflow = agentItems({ concurrency: 3 })
    const many = Array.from({ length: 20 }, (_, index) => `word${index}`)
    const store = createMemoryStore()
    let commits = 0
    const mortal = mortalView(store, (method, kill) => method === 'commit' && ++commits === 30 && kill())
    const clock = createManualClock()
    const models = { writer: model }
    const first = await createRuntime({ store: mortal.store, clock, liveness: dead, models }).start(workflow, {
      input: { words: many },
    })
    await clock.settle()
    const before = model.effectIds.length
    expect(before).toBeGreaterThan(3)
    expect(before).toBeLessThan(20)
    const run = await runtimeWith({ store, clock, liveness: dead, models, workflows: [workflow] }).open(first.runId)
    await run.resume()
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { meanings: many.map((one) => `of ${one}`) },
    })
    expect(new Set(model.effectIds).size).toBe(20)
    expect(model.effectIds.length).toBeLessThanOrEqual(23)
    expect(await replayRun(store, workflow, run.runId)).toMatchObject({ divergence: null })
  })

  it('makes exactly the calls that a limit of the run allows, and lets those under way end (B2)', async () => {
    const model = answering(async (text) => {
      await Promise.resolve()
      return meaning(text)
    })
    const runtime = runtimeWith({ models: { writer: model } })
    const run = await runtime.start(agentItems({ concurrency: 8, limits: { modelCalls: 3 } }), {
      input: { words: [...words, ...words] },
    })
    expect(await run.result()).toMatchObject({ status: 'exhausted', limit: 'modelCalls', usage: { modelCalls: 3 } })
    expect(model.requests).toHaveLength(3)
    const history = await readHistory(runtime.store, run.runId)
    const done = history.checkpoints.filter(({ step }) => step?.kind === 'output')
    expect(done.map(({ step }) => step?.item)).toEqual([0, 1, 2])
  })

  it('keeps, drops or raises an agent that fails, others being kept (R5)', async () => {
    const model = answering((text) => {
      if (wordOf(text) === 'moon') throw new Error('no such word')
      return meaning(text)
    })
    const runtime = runtimeWith({ models: { writer: model } })
    const outcome = async (failed: 'keep' | 'drop' | 'raise', done: 'all' | { atLeast: number } = 'all') => {
      const workflow = agentItems({ failed, done, retry: { attempts: 1 } })
      return await (await runtime.start(workflow, { input: { words } })).result()
    }
    expect(await outcome('keep')).toMatchObject({
      status: 'completed',
      output: { meanings: ['of sun', 'no 1', 'of star', 'of sky'] },
    })
    expect(await outcome('drop', { atLeast: 3 })).toMatchObject({
      output: { meanings: ['of sun', 'of star', 'of sky'] },
    })
    expect(await outcome('drop')).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_FAIL_TAKEN' } })
    expect(await outcome('raise')).toMatchObject({ status: 'failed', error: { message: /no such word/ } })
  })

  it('ends model calls that hang by its timeout: neither the map nor a drain waits for them for ever', async () => {
    const hung: string[] = []
    const model = answering((text, { signal }) => {
      if (wordOf(text) !== 'moon') return meaning(text)
      hung.push('moon')
      // It heeds nothing but being told to stop.
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error)
        })
      })
    })
    const store = createMemoryStore()
    const clock = createManualClock()
    const runtime = runtimeWith({ models: { writer: model }, clock, store })
    const workflow = agentItems({ failed: 'keep', timeout: '10s', retry: { attempts: 1 } })
    const run = await runtime.start(workflow, { input: { words } })
    await expect.poll(() => hung.length).toBe(1)
    const drained = runtime.close({ drain: true })
    await clock.advance(10_000)
    await drained
    const other = runtimeWith({ models: { writer: model }, clock, store, workflows: [workflow] })
    const resumed = await other.open(workflow, run.runId)
    await resumed.resume()
    expect(await resumed.result()).toMatchObject({
      status: 'completed',
      output: { meanings: ['of sun', 'no 1', 'of star', 'of sky'] },
    })
    expect(hung).toHaveLength(1)
  })

  it('stops agents that still run when it is over, whose ends are late (G7)', async () => {
    const clock = createManualClock()
    const aborted: string[] = []
    const model = answering(async (text, { signal }) => {
      const word = wordOf(text)
      if (word === 'sun') return meaning(text)
      return await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted.push(word)
          reject(new Error('aborted'))
        })
      })
    })
    const runtime = runtimeWith({ models: { writer: model }, clock })
    const workflow = agentItems({ done: 'any' })
    const run = await runtime.start(workflow, { input: { words } })
    await clock.settle()
    expect(await run.result()).toMatchObject({ status: 'completed', output: { meanings: ['of sun'] } })
    expect(aborted).toEqual(['moon', 'star', 'sky'])
    const history = await readHistory(runtime.store, run.runId)
    expect(history.at(history.last).snapshot.context).not.toHaveProperty('children')
    expect(await replayRun(runtime.store, workflow, run.runId)).toMatchObject({ divergence: null })
  })

  it('asks a person about a call of one agent while the others go on (H4)', async () => {
    const noted: string[] = []
    const agent = wordAgent([noteTool((word) => noted.push(word), true)])
    const model = answering((text) => {
      const word = wordOf(text)
      if (word === 'moon' && !text.includes('call-0')) return asks(['note', { word }])
      return meaning(text)
    })
    const runtime = runtimeWith({ models: { writer: model } })
    const workflow = agentItems({ concurrency: 2 }, agent)
    const run = await runtime.start(workflow, { input: { words } })
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    expect(model.requests).toHaveLength(4)
    const [request, ...others] = await run.requests()
    expect(others).toEqual([])
    expect(request).toMatchObject({ node: 'each/agent', items: [1], kind: 'call' })
    await run.decide(request ?? '', { outcome: 'approved', by: 'ada', reason: 'fine' })
    expect(await run.result()).toMatchObject({ status: 'completed' })
    expect(noted).toEqual(['moon'])
    const audit = await auditRun(runtime.store, run.runId)
    expect(audit.people).toMatchObject([{ by: 'ada', node: 'each/agent', items: [1], tool: 'note' }])
    expect(await replayRun(runtime.store, workflow, run.runId)).toMatchObject({ divergence: null })
  })

  it('gives its attempts to the calls of the models (R1)', async () => {
    let calls = 0
    const model = answering((text) => {
      calls += 1
      if (calls === 1) throw passing()
      return meaning(text)
    })
    const clock = createManualClock()
    const runtime = runtimeWith({ models: { writer: model }, clock })
    const run = await runtime.start(agentItems({ retry: { attempts: 2, backoff: '1s' } }), {
      input: { words: ['sun'] },
    })
    await clock.settle()
    await clock.advance(2_000)
    expect(await run.result()).toMatchObject({ status: 'completed', usage: { modelCalls: 2 } })
  })
})

describe('a map of workflows', () => {
  it('runs each with a state of its own, and tells where its steps are (G7, K3)', async () => {
    const runtime = runtimeWith({ models: { writer: answering(meaning) } })
    const workflow = workflowItems({ concurrency: 2 })
    const run = await runtime.start(workflow, { input: { words } })
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { meanings: words.map((word) => `of ${word}!`) },
    })
    const events: RunEvent[] = []
    for await (const event of run.events()) events.push(event)
    const checks = events.flatMap((event) =>
      event.type === 'step.ended' && event.node === 'each/check' ? [event.items] : [],
    )
    expect(checks).toEqual([[0], [1], [2], [3]])
    const started = events.flatMap((event) =>
      event.type === 'step.started' && event.node === 'each/write' ? [event.items] : [],
    )
    expect(started).toEqual([[0], [1], [2], [3]])
    const stats = await readStats(runtime.store)
    expect(stats.find(({ name }) => name === 'words/each/write')).toMatchObject({ count: 4, succeeded: 4 })
    // One visit, whatever its list, its four items and its results are.
    const each = stats.filter(({ name }) => name === 'words/each')
    expect(each.map(({ group, count, succeeded }) => [group, count, succeeded])).toEqual([
      ['node', 1, 1],
      ['item', 4, 4],
    ])
    expect(await replayRun(runtime.store, workflow, run.runId)).toMatchObject({ divergence: null })
  })

  it('begins an item anew when it has failed and may be tried again (R1)', async () => {
    const seen: string[] = []
    const clock = createManualClock()
    const workflow = workflowItems({
      retry: { attempts: 3, backoff: '1s' },
      onTask: (word, { effectId }) => {
        seen.push(`${word} ${effectId.split('/').slice(1).join('/')}`)
        return word === 'moon' && seen.length < 4 ? passing() : undefined
      },
    })
    const runtime = runtimeWith({ models: { writer: answering(meaning) }, clock })
    const run = await runtime.start(workflow, { input: { words: ['sun', 'moon'] } })
    for (let round = 0; round < 4; round++) {
      await clock.settle()
      await clock.advance(5_000)
    }
    expect(await run.result()).toMatchObject({ status: 'completed', output: { meanings: ['of sun!', 'of moon!'] } })
    expect(seen).toHaveLength(4)
    expect(new Set(seen).size).toBe(4)
    const { checkpoints } = await readHistory(runtime.store, run.runId)
    const begun = checkpoints.filter(({ step }) => step?.kind === 'input' && step.item === 1)
    expect(begun.map(({ step }) => step?.attempt)).toEqual([1, 2, 3])
    expect(await replayRun(runtime.store, workflow, run.runId)).toMatchObject({ divergence: null })
  })

  it('takes a workflow that has used up its own limit for a failed item (R5)', async () => {
    const runtime = runtimeWith({ models: { writer: answering(meaning) } })
    const run = await runtime.start(workflowItems({ failed: 'keep', inner: { steps: 1 } }), { input: { words } })
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { meanings: ['no 0', 'no 1', 'no 2', 'no 3'] },
    })
  })

  it('leaves items that wait for a person open while others end, and goes on with each by itself (H4)', async () => {
    const runtime = runtimeWith({ models: { writer: answering(meaning) } })
    const workflow = workflowItems({ hasEditor: true, failed: 'keep' })
    const run = await runtime.start(workflow, { input: { words } })
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    const requests = await run.requests()
    expect(requests.map(({ node, items, evidence }) => [node, items, evidence['word']])).toEqual(
      words.map((word, index) => ['each/editor', [index], word]),
    )
    for (const [index, request] of requests.entries())
      await run.decide(request, { outcome: index === 1 ? 'rejected' : 'approved', by: 'ada', reason: 'so' })
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { meanings: ['of sun!', 'no 1', 'of star!', 'of sky!'] },
    })
    const opened = []
    for await (const event of run.events()) if (event.type === 'request.opened') opened.push(event.items)
    expect(opened).toEqual([[0], [1], [2], [3]])
  })

  it('is cancelled with everything in it, and begins nothing while it is held (H6, R9)', async () => {
    const clock = createManualClock()
    const stopped: string[] = []
    const workflow = workflowItems({
      concurrency: 2,
      onTask: async (word, { signal }) =>
        await new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            stopped.push(word)
            resolve(undefined)
          })
        }),
    })
    const runtime = runtimeWith({ models: { writer: answering(meaning) }, clock })
    const run = await runtime.start(workflow, { input: { words } })
    await clock.settle()
    await run.hold({ by: 'ops', reason: 'look' })
    expect(await run.status()).toMatchObject({ status: 'held' })
    await run.cancel({ by: 'ops', reason: 'enough' })
    await clock.settle()
    expect(await run.result()).toMatchObject({ status: 'cancelled' })
    expect(stopped).toEqual(['sun', 'moon'])
    const history = await readHistory(runtime.store, run.runId)
    expect(history.at(history.last).snapshot.context).toMatchObject({ open: {}, closing: {} })
    expect(history.at(history.last).snapshot.context).not.toHaveProperty('children')
    expect(await replayRun(runtime.store, workflow, run.runId)).toMatchObject({ divergence: null })
  })

  it('goes on in a forked run with what had ended, and asks anew for what was open (T2)', async () => {
    const model = answering(meaning)
    const runtime = runtimeWith({ models: { writer: model } })
    const workflow = workflowItems({ concurrency: 2, hasEditor: true })
    const run = await runtime.start(workflow, { input: { words } })
    await run.result()
    const [request] = await run.requests()
    await run.decide(request ?? '', { outcome: 'approved', by: 'ada', reason: 'so' })
    await run.result()
    const asked = model.requests.length
    const { last } = await readHistory(runtime.store, run.runId)
    const runId = await forkRun(runtime, run.runId, { at: last, by: 'eve', reason: 'try' })
    const fork = await runtime.open(runId)
    await fork.resume()
    await fork.result()
    expect(model.requests).toHaveLength(asked)
    for (let round = 0; round < 4 && (await fork.result()).status === 'waiting'; round++)
      for (const open of await fork.requests())
        await fork.decide(open, { outcome: 'approved', by: 'ada', reason: 'so' })
    expect(await fork.result()).toMatchObject({
      status: 'completed',
      output: { meanings: words.map((word) => `of ${word}!`) },
    })
    expect(model.requests).toHaveLength(4)
    expect(await replayRun(runtime.store, workflow, runId)).toMatchObject({ divergence: null })
  })

  it('is audited item by item: a yes in one item is none in another (H9)', async () => {
    const pay = defineTool({
      name: 'pay',
      description: 'Pays.',
      effect: 'keyed',
      input: z.object({ word: z.string() }),
      output: z.object({ paid: z.boolean() }),
      run: () => ({ paid: true }),
    })
    const s = defineState({ word: z.string(), paid: z.boolean().optional() })
    const sn = s.nodes({
      editor: s.approval({ show: ['word'] }),
      pay: s.tool(pay, { reads: ['word'], writes: ['paid'] }),
    })
    const bill = s.workflow('bill', {
      input: z.object({ word: z.string() }),
      output: ['paid'],
      nodes: sn,
      start: sn.editor,
      edges: { editor: { approved: sn.pay, rejected: sn.pay }, pay: { done: END } },
      policies: [{ never: pay, without: [sn.editor, 'approved'] }],
    })
    const w = defineState({ words: z.array(z.string()) })
    const n = w.nodes({ each: w.map({ over: 'words', item: bill, input: (word) => ({ word }), maxItems: 9 }) })
    const bills = w.workflow('bills', {
      input: z.object({ words: z.array(z.string()) }),
      output: [],
      nodes: n,
      start: n.each,
      edges: { each: { done: END } },
    })
    const runtime = runtimeWith({ workflows: [compile(bills, { unchecked: true })] })
    const run = await runtime.start(bills, { input: { words: ['sun', 'moon', 'star'] } })
    await run.result()
    const [sun, moon, star] = await run.requests()
    for (const [request, outcome] of [
      [star, 'approved'],
      [sun, 'rejected'],
      [moon, 'approved'],
    ] as const)
      await run.decide(request ?? '', { outcome, by: 'ada', reason: 'so' })
    expect(await run.result()).toMatchObject({ status: 'completed' })
    const { policies } = await auditRun(runtime.store, run.runId)
    const { checkpoints } = await readHistory(runtime.store, run.runId)
    const broken = policies.flatMap(({ violations }) => violations)
    expect(policies).toMatchObject([{ within: 'each', uses: { length: 3 } }])
    expect(broken.map((sequence) => checkpoints[sequence]?.items)).toEqual([[0]])
  })

  it('is undone item by item, in reverse of how things ended, when the run fails (R8)', async () => {
    const undone: string[] = []
    const s = defineState({ word: z.string(), booked: z.string().optional() })
    const sn = s.nodes({
      book: s.task({
        effect: 'keyed',
        reads: ['word'],
        writes: ['booked'],
        run: ({ state }) => ({ booked: `booked ${state.word}` }),
        compensate: {
          effect: 'keyed',
          run: ({ state }) => {
            undone.push(state.word)
          },
        },
      }),
    })
    const booking = s.workflow('booking', {
      input: z.object({ word: z.string() }),
      output: ['booked'],
      nodes: sn,
      start: sn.book,
      edges: { book: { done: END } },
    })
    const w = defineState({ words: z.array(z.string()) })
    const n = w.nodes({
      each: w.map({ over: 'words', item: booking, input: (word) => ({ word }), maxItems: 9, concurrency: 1 }),
      last: w.task({
        effect: 'pure',
        retry: { attempts: 1 },
        run: () => {
          throw passing()
        },
      }),
    })
    const trips = w.workflow('trips', {
      input: z.object({ words: z.array(z.string()) }),
      output: [],
      nodes: n,
      start: n.each,
      edges: { each: { done: n.last }, last: { done: END } },
    })
    const runtime = runtimeWith()
    const run = await runtime.start(trips, { input: { words: ['sun', 'moon', 'star'] } })
    expect(await run.result()).toMatchObject({ status: 'failed' })
    expect(undone).toEqual(['star', 'moon', 'sun'])
    expect(await replayRun(runtime.store, trips, run.runId)).toMatchObject({ divergence: null })
  })
})
