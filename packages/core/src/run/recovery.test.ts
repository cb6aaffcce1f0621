import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { says, scripted } from '../../test/support/scripted-model.ts'
import { mortalView, viewOf } from '../../test/support/store-view.ts'
import { nextTurn } from '../base/clock.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { Store } from '../checkpoint/store.ts'
import { END } from '../define/edge.ts'
import type { EffectClass } from '../define/effect-class.ts'
import { defineState } from '../define/state.ts'
import type { ModelCallOptions } from '../define/model.ts'
import { defineTool } from '../define/tool.ts'
import { storeError } from '../errors/store-error.ts'
import { createRuntime } from './create-runtime.ts'
import type { Liveness } from './liveness.ts'
import type { RuntimeNotice } from './notice.ts'
import type { Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

function runtimeWith(options: RuntimeOptions): Runtime {
  const runtime = createRuntime(options)
  open.push(runtime)
  return runtime
}

const host = { host: 'here', pid: 1, processStartedAt: '1' }
const everyoneIs = (state: ReturnType<Liveness['stateOf']>): Liveness => ({ self: () => host, stateOf: () => state })

const w = defineState({ text: z.string() })

/** Three tasks in a line that note their effect ids. */
function line(effects: string[], effect: EffectClass = 'idempotent') {
  const step = (name: string) =>
    w.task({
      effect,
      reads: ['text'],
      writes: ['text'],
      run: async ({ state }, context) => {
        effects.push(`${name} ${context.effectId.split('/')[1]}`)
        await Promise.resolve()
        return { text: state.text + name }
      },
    })
  const n = w.nodes({ a: step('a'), b: step('b'), c: step('c') })
  return w.workflow('line', {
    input: z.object({ text: z.string() }),
    output: ['text'],
    nodes: n,
    start: n.a,
    edges: { a: { done: n.b }, b: { done: n.c }, c: { done: END } },
  })
}

const thinking = w.nodes({
  think: w.agent({ model: 'fast', instructions: 'x', writes: ['text'], maxInputTokens: 300, maxOutputTokens: 30 }),
})
const agent = w.workflow('agent', {
  input: z.object({ text: z.string() }),
  output: ['text'],
  nodes: thinking,
  start: thinking.think,
  edges: { think: { done: END } },
})

describe('resume', () => {
  it.each([1, 2, 3])('goes on after a crash before commit %i, under the same effect ids (T5)', async (at) => {
    const effects: string[] = []
    const workflow = line(effects)
    const store = createMemoryStore()
    let commits = 0
    const mortal = mortalView(store, (method, kill) => method === 'commit' && ++commits === at && kill())
    const clock = createManualClock()
    const first = await createRuntime({ store: mortal.store, clock, liveness: everyoneIs('dead') }).start(workflow, {
      input: { text: '' },
    })
    await clock.settle()
    const run = await runtimeWith({ store, clock, liveness: everyoneIs('dead'), workflows: [workflow] }).open(
      first.runId,
    )
    await run.resume()
    expect(await run.result()).toMatchObject({ status: 'completed', output: { text: 'abc' } })
    expect(effects.length).toBe(4)
    expect(new Set(effects)).toEqual(new Set(['a 0', 'b 1', 'c 2']))
  })

  it('asks, and does not repeat, when an unsafe effect was under way (T5)', async () => {
    const effects: string[] = []
    const workflow = line(effects, 'unsafe')
    const store = createMemoryStore()
    let commits = 0
    const mortal = mortalView(store, (method, kill) => method === 'commit' && ++commits === 2 && kill())
    const clock = createManualClock()
    const first = await createRuntime({ store: mortal.store, clock, liveness: everyoneIs('dead') }).start(workflow, {
      input: { text: '' },
    })
    await clock.settle()
    const run = await runtimeWith({ store, clock, liveness: everyoneIs('dead'), workflows: [workflow] }).open(
      first.runId,
    )
    await run.resume()
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    expect(effects).toEqual(['a 0', 'b 1'])
    await run.decide(`${run.runId}/1`, { outcome: 'happened', by: 'ann', result: { text: 'ab!' } })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { text: 'ab!c' } })
    expect(effects).toEqual(['a 0', 'b 1', 'c 2'])
  })

  it('starts an unsafe effect that certainly did not start: an intent without a mark', async () => {
    const effects: string[] = []
    const workflow = line(effects, 'unsafe')
    const store = createMemoryStore()
    const mortal = mortalView(store, (method, kill) => method === 'markStarted' && kill())
    const clock = createManualClock()
    const first = await createRuntime({ store: mortal.store, clock, liveness: everyoneIs('dead') }).start(workflow, {
      input: { text: '' },
    })
    await clock.settle()
    expect(effects).toEqual([])
    const run = await runtimeWith({ store, clock, liveness: everyoneIs('dead'), workflows: [workflow] }).open(
      first.runId,
    )
    await run.resume()
    expect(await run.result()).toMatchObject({ status: 'completed', output: { text: 'abc' } })
  })

  it('makes a lost model call again and charges the lost one at its reservation (B5)', async () => {
    const store = createMemoryStore()
    const clock = createManualClock()
    const mortal = mortalView(store, (method, kill) => method === 'commit' && kill())
    const models = { fast: scripted(says({ text: 'first' }), says({ text: 'second' })) }
    const first = await createRuntime({ store: mortal.store, clock, models, liveness: everyoneIs('dead') }).start(
      agent,
      { input: { text: '' } },
    )
    await clock.settle()
    const prices = { fast: { inputUsd: 2, outputUsd: 10 } }
    const run = await runtimeWith({
      store,
      clock,
      models,
      prices,
      liveness: everyoneIs('dead'),
      workflows: [agent],
    }).open(first.runId)
    await run.resume()
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { text: 'second' },
      usage: {
        modelCalls: 2,
        inputTokens: 400,
        outputTokens: 40,
        estimatedCalls: 1,
        costUsd: (400 * 2 + 40 * 10) / 1e6,
      },
    })
    expect(models.fast.effectIds).toEqual([`${run.runId}/0`, `${run.runId}/0`])
  })

  it('makes no call again whose result is stored', async () => {
    const store = createMemoryStore()
    const models = { fast: scripted(says({ text: 'only' })) }
    const run = await runtimeWith({ store, models }).start(agent, { input: { text: '' } })
    await run.result()
    const again = await runtimeWith({ store, models, workflows: [agent] }).open(run.runId)
    await again.resume()
    expect(await again.result()).toMatchObject({ status: 'completed', usage: { modelCalls: 1 } })
    expect(models.fast.requests).toHaveLength(1)
  })

  it('settles what was being cancelled when the process died', async () => {
    const store = createMemoryStore()
    const clock = createManualClock()
    let commits = 0
    const mortal = mortalView(store, (method, kill) => method === 'commit' && ++commits === 2 && kill())
    const models = { fast: scripted(() => new Promise(() => undefined)) }
    const first = await createRuntime({ store: mortal.store, clock, models, liveness: everyoneIs('dead') }).start(
      agent,
      { input: { text: '' } },
    )
    await clock.settle()
    await first.cancel({ by: 'ann', reason: 'x' })
    const run = await runtimeWith({ store, clock, models, liveness: everyoneIs('dead'), workflows: [agent] }).open(
      first.runId,
    )
    await run.resume()
    expect(await run.result()).toMatchObject({ status: 'cancelled', usage: { modelCalls: 1, estimatedCalls: 1 } })
    const types: string[] = []
    for await (const event of run.events()) types.push(event.type)
    expect(types).toContain('run.cancelled')
  })
})

describe('a runtime that drives as many runs as it may', () => {
  it('begins no run by news that comes to it first, and asks about its lost effect when its turn comes (T5)', async () => {
    const effects: string[] = []
    const workflow = line(effects, 'unsafe')
    const store = createMemoryStore()
    const clock = createManualClock()
    const mortal = mortalView(store, (method, kill) => method === 'commit' && kill())
    const first = await createRuntime({ store: mortal.store, clock, liveness: everyoneIs('dead') }).start(workflow, {
      input: { text: '' },
    })
    await clock.settle()
    expect(effects).toEqual(['a 0'])
    const answer = Promise.withResolvers<unknown>()
    const models = { fast: scripted(() => answer.promise) }
    const options = { store, clock, models, liveness: everyoneIs('dead'), workflows: [workflow, agent] }
    const runtime = runtimeWith({ ...options, maxConcurrentRuns: 1 })
    const busy = await runtime.start(agent, { input: { text: '' } })
    const run = await runtime.open(first.runId)
    await run.resume()
    const moves = [run.hold({ by: 'ann', reason: 'look' }), run.release({ by: 'ann', reason: 'go' })]
    await clock.settle()
    expect(effects).toEqual(['a 0'])
    answer.resolve(says({ text: 'x' }))
    expect((await busy.result()).status).toBe('completed')
    expect(await Promise.all(moves)).toMatchObject([{ type: 'applied' }, { type: 'applied' }])
    expect((await run.result()).status).toBe('waiting')
    expect(await run.requests()).toMatchObject([{ kind: 'unknown', node: 'a' }])
    expect(effects).toEqual(['a 0'])
  })

  it.each([true, false])('answers what still waits for its turn when it is closed, drain: %s', async (drain) => {
    const store = createMemoryStore()
    const models = { fast: scripted(() => new Promise(() => undefined)) }
    const other = runtimeWith({ store, models })
    const run = await other.start(agent, { input: { text: '' } })
    await run.hold({ by: 'ann', reason: 'look' })
    await other.close()
    const runtime = runtimeWith({ store, models, workflows: [agent], maxConcurrentRuns: 1 })
    const busy = await runtime.start(agent, { input: { text: '' } })
    expect(busy.runId).not.toBe(run.runId)
    const released = (await runtime.open(run.runId)).release({ by: 'ann', reason: 'go' })
    const outcome = released.then(
      ({ type }) => type,
      (error: unknown) => (error as { code: string }).code,
    )
    while (((await store.row(run.runId))?.lease ?? null) === null) await nextTurn()
    for (let turn = 0; turn < 5; turn += 1) await nextTurn()
    if (drain) await busy.cancel({ by: 'ann', reason: 'enough' })
    await runtime.close({ drain })
    expect(await outcome).toBe(drain ? 'applied' : 'WAYSTONE_INPUT_RUNTIME_CLOSED')
  })
})

describe('a store that fails', () => {
  const failures = [
    ['WAYSTONE_STORE_FULL', 'disk full'],
    ['WAYSTONE_STORE_LOCKED', 'locked'],
    ['WAYSTONE_STORE_READ_ONLY', 'read-only'],
    ['WAYSTONE_STORE_CORRUPT', 'corrupt'],
    ['WAYSTONE_STORE_NEWER_FORMAT', 'newer'],
    ['WAYSTONE_STORE_FAILED', 'broken'],
  ] as const

  it.each(failures)(
    'with %s on write k stops the run there, loudly; it resumes when the store is well (R2)',
    async (code, message) => {
      for (const k of [1, 2, 3]) {
        const effects: string[] = []
        const workflow = line(effects)
        let writes = 0
        let isWell = false
        const notices: RuntimeNotice[] = []
        const store = viewOf(createMemoryStore(), (method) => {
          if (method === 'commit' && !isWell && ++writes >= k) throw storeError(code, message)
        })
        const onNotice = (notice: RuntimeNotice): never => {
          notices.push(notice)
          throw new Error('a listener that is broken')
        }
        const runtime = runtimeWith({ store, onNotice })
        const run = await runtime.start(workflow, { input: { text: '' } })
        await expect(run.result()).rejects.toMatchObject({ code })
        expect(effects).toHaveLength(k)
        expect((await run.status()).sequence).toBe(k - 1)
        expect(notices).toMatchObject([{ type: 'run.stopped', runId: run.runId, error: { code } }])
        await expect(run.result()).rejects.toMatchObject({ code })
        isWell = true
        await run.resume()
        expect(await run.result()).toMatchObject({ status: 'completed', output: { text: 'abc' } })
      }
    },
  )

  it('refuses the start when it cannot be stored', async () => {
    const effects: string[] = []
    const store = viewOf(createMemoryStore(), (method) => {
      if (method === 'create') throw storeError('WAYSTONE_STORE_FULL', 'disk full')
    })
    await expect(runtimeWith({ store }).start(line(effects), { input: { text: '' } })).rejects.toMatchObject({
      code: 'WAYSTONE_STORE_FULL',
    })
    expect(effects).toEqual([])
  })

  it('does not start an unsafe effect whose mark cannot be written', async () => {
    const effects: string[] = []
    const store = viewOf(createMemoryStore(), (method) => {
      if (method === 'markStarted') throw storeError('WAYSTONE_STORE_FULL', 'disk full')
    })
    const run = await runtimeWith({ store }).start(line(effects, 'unsafe'), { input: { text: '' } })
    await expect(run.result()).rejects.toMatchObject({ code: 'WAYSTONE_STORE_FULL' })
    expect(effects).toEqual([])
  })
})

describe('ownership', () => {
  const hanging = () => {
    const signals: AbortSignal[] = []
    const ends: (() => void)[] = []
    const n = w.nodes({
      work: w.task({
        effect: 'idempotent',
        writes: ['text'],
        run: (_, context) => {
          signals.push(context.signal)
          return new Promise<{ text: string }>((resolve) => ends.push(() => resolve({ text: `end ${ends.length}` })))
        },
      }),
    })
    const workflow = w.workflow('hanging', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.work,
      edges: { work: { done: END } },
    })
    return { workflow, signals, ends }
  }

  it('is refused to a second process while the first lives, which is named', async () => {
    const { workflow, ends } = hanging()
    const store = createMemoryStore()
    const run = await runtimeWith({ store, liveness: everyoneIs('alive') }).start(workflow, { input: { text: '' } })
    const other = await runtimeWith({ store, liveness: everyoneIs('alive'), workflows: [workflow] }).open(run.runId)
    await expect(other.resume()).rejects.toMatchObject({
      code: 'WAYSTONE_STORE_OWNED',
      message: expect.stringContaining('process 1 on here') as string,
    })
    ends[0]?.()
    expect((await other.result()).status).toBe('completed')
  })

  it('goes over at once when the owner is dead', async () => {
    const { workflow, ends } = hanging()
    const store = createMemoryStore()
    const clock = createManualClock()
    const mortal = mortalView(store)
    const first = await createRuntime({ store: mortal.store, clock, liveness: everyoneIs('dead') }).start(workflow, {
      input: { text: '' },
    })
    mortal.kill()
    const run = await runtimeWith({ store, clock, liveness: everyoneIs('dead'), workflows: [workflow] }).open(
      first.runId,
    )
    await run.resume()
    await clock.settle()
    ends[1]?.()
    expect((await run.result()).status).toBe('completed')
  })

  it('waits for the lease of an owner nobody can see, and says so', async () => {
    const { workflow, ends } = hanging()
    const store = createMemoryStore()
    const clock = createManualClock()
    const mortal = mortalView(store)
    const notices: RuntimeNotice[] = []
    const first = await createRuntime({ store: mortal.store, clock, liveness: everyoneIs('unknown') }).start(workflow, {
      input: { text: '' },
    })
    mortal.kill()
    const second = runtimeWith({
      store,
      clock,
      liveness: everyoneIs('unknown'),
      workflows: [workflow],
      onNotice: (notice) => notices.push(notice),
    })
    const run = await second.open(first.runId)
    const resumed = run.resume()
    await clock.settle()
    expect(notices).toMatchObject([{ type: 'lease.awaited', until: clock.now() + 5_000 }])
    await clock.advance(5_001)
    await resumed
    ends.at(-1)?.()
    expect((await run.result()).status).toBe('completed')
  })

  it('is refused after waiting when the owner turns out to live', async () => {
    const { workflow, ends } = hanging()
    const store = createMemoryStore()
    const clock = createManualClock()
    const first = await runtimeWith({ store, clock, liveness: everyoneIs('unknown') }).start(workflow, {
      input: { text: '' },
    })
    const run = await runtimeWith({ store, clock, liveness: everyoneIs('unknown'), workflows: [workflow] }).open(
      first.runId,
    )
    const resumed = run.resume().catch((error: unknown) => error)
    await clock.advance(6_000)
    expect(await resumed).toMatchObject({ code: 'WAYSTONE_STORE_OWNED' })
    ends[0]?.()
    expect((await first.result()).status).toBe('completed')
  })

  it('fences a frozen owner out: it stops loudly, its effect is told to stop, its result is not stored', async () => {
    const { workflow, ends, signals } = hanging()
    const store = createMemoryStore()
    const clock = createManualClock()
    let isFrozen = false
    const thawed = Promise.withResolvers<void>()
    const frozen = viewOf(store, (method) =>
      isFrozen && method !== 'load' && method !== 'row' ? thawed.promise : undefined,
    )
    const notices: RuntimeNotice[] = []
    const first = await runtimeWith({
      store: frozen,
      clock,
      liveness: everyoneIs('alive'),
      onNotice: (notice) => notices.push(notice),
    }).start(workflow, { input: { text: '' } })
    await clock.settle()
    isFrozen = true
    await clock.advance(5_001)
    const run = await runtimeWith({ store, clock, liveness: everyoneIs('alive'), workflows: [workflow] }).open(
      first.runId,
    )
    await run.resume()
    const stopped = first.result().catch((error: unknown) => error)
    ends[0]?.()
    await clock.settle()
    isFrozen = false
    thawed.resolve()
    expect(await stopped).toMatchObject({ code: 'WAYSTONE_STORE_CONFLICT' })
    expect(notices).toMatchObject([{ type: 'run.stopped' }])
    expect(signals).toHaveLength(2)
    ends[1]?.()
    expect(await run.result()).toMatchObject({ status: 'completed', sequence: 1 })
  })

  it('is lost when the lease is found gone at renewal, before any commit', async () => {
    const { workflow, signals } = hanging()
    const store = createMemoryStore()
    const clock = createManualClock()
    const run = await runtimeWith({ store, clock }).start(workflow, { input: { text: '' } })
    await clock.settle()
    const stopped = run.result().catch((error: unknown) => error)
    await store.acquire({
      runId: run.runId,
      owner: { id: 'other', ...host },
      leaseMs: 5_000,
      now: clock.now() + 10_000,
    })
    await clock.advance(2_000)
    expect(await stopped).toMatchObject({ code: 'WAYSTONE_STORE_CONFLICT' })
    expect(signals[0]?.aborted).toBe(true)
  })

  it('delivers moves and decisions to the owner of another process', async () => {
    const { workflow, signals } = hanging()
    const store = createMemoryStore()
    const first = await runtimeWith({ store, liveness: everyoneIs('alive') }).start(workflow, { input: { text: '' } })
    const other = await runtimeWith({ store, liveness: everyoneIs('alive'), workflows: [workflow] }).open(first.runId)
    expect(await other.cancel({ by: 'ann', reason: 'enough' })).toEqual({
      type: 'delivered',
      eventId: expect.any(String) as string,
    })
    while (signals[0]?.aborted === false) await new Promise((resolve) => void setImmediate(resolve))
    expect(signals[0]?.aborted).toBe(true)
  })

  it('lets a run be held and cancelled that nobody drives, without driving it', async () => {
    const { workflow, signals } = hanging()
    const store = createMemoryStore()
    const clock = createManualClock()
    const mortal = mortalView(store)
    const first = await createRuntime({ store: mortal.store, clock, liveness: everyoneIs('dead') }).start(workflow, {
      input: { text: '' },
    })
    mortal.kill()
    const run = await runtimeWith({ store, clock, liveness: everyoneIs('dead'), workflows: [workflow] }).open(
      first.runId,
    )
    expect(await run.hold({ by: 'ann', reason: 'x' })).toMatchObject({ type: 'applied' })
    expect(await run.result()).toMatchObject({ status: 'held' })
    expect(await run.cancel({ by: 'ann', reason: 'x' })).toMatchObject({ type: 'applied' })
    expect(await run.result()).toMatchObject({ status: 'cancelled' })
    expect(signals).toHaveLength(1)
    while ((await store.row(run.runId))?.lease !== null) await new Promise((resolve) => void setImmediate(resolve))
    expect((await store.row(run.runId))?.lease).toBeNull()
  })
})

describe('work', () => {
  it('takes up runs that were left behind, and leaves parked ones alone', async () => {
    const effects: string[] = []
    const workflow = line(effects)
    const other = line([], 'pure')
    const store = createMemoryStore()
    const clock = createManualClock()
    const mortal = mortalView(store, (method, kill) => method === 'commit' && kill())
    const dying = createRuntime({ store: mortal.store, clock })
    const left = await dying.start(workflow, { input: { text: '' } })
    await clock.settle()
    const mortalToo = mortalView(store, (method, kill) => method === 'commit' && kill())
    const parked = await createRuntime({ store: mortalToo.store, clock }).start(other, { input: { text: '' } })
    await clock.settle()
    const runtime = runtimeWith({ store, clock, workflows: [workflow] })
    runtime.work()
    await clock.advance(7_000)
    expect(await (await runtime.open(left.runId)).status()).toMatchObject({
      status: 'completed',
      output: { text: 'abc' },
    })
    const look = await runtime.open(parked.runId)
    expect((await look.status()).status).toBe('parked')
    expect((await look.result()).status).toBe('parked')
    await expect(look.resume()).rejects.toMatchObject({ code: 'WAYSTONE_REPLAY_DEFINITION_CHANGED' })
    const strange = await runtimeWith({ store, clock }).open(parked.runId)
    await expect(strange.resume()).rejects.toMatchObject({ code: 'WAYSTONE_REPLAY_DEFINITION_UNKNOWN' })
  })

  it('finds what it can drive behind any number of parked runs', async () => {
    const store = createMemoryStore()
    const w = defineState({ text: z.string() })
    const n = w.nodes({ wait: w.task({ effect: 'pure', run: () => new Promise<void>(() => undefined) }) })
    const input = z.object({ text: z.string() })
    const endless = w.workflow('endless', {
      input,
      output: [],
      nodes: n,
      start: n.wait,
      edges: { wait: { done: END } },
    })
    const leaving = createRuntime({ store, workflows: [endless] })
    for (let index = 0; index < 1_001; index++) await leaving.start(endless, { input: { text: '' } })
    await leaving.close()
    const clock = createManualClock()
    const mortal = mortalView(store, (method, kill) => method === 'commit' && kill())
    const workflow = line([], 'pure')
    const left = await createRuntime({ store: mortal.store, clock }).start(workflow, { input: { text: '' } })
    await clock.settle()
    const runtime = runtimeWith({ store, clock, workflows: [workflow] })
    runtime.work()
    await clock.advance(7_000)
    expect((await (await runtime.open(left.runId)).status()).status).toBe('completed')
  })

  it('tries a run that it cannot drive again and again, ever less often', async () => {
    const store = createMemoryStore()
    const clock = createManualClock()
    const mortal = mortalView(store, (method, kill) => method === 'commit' && kill())
    const models = { fast: scripted(says({ text: 'x' })) }
    await createRuntime({ store: mortal.store, clock, models }).start(agent, { input: { text: '' } })
    await clock.advance(6_000)
    const notices: number[] = []
    const onNotice = (notice: RuntimeNotice): void => {
      expect(notice).toMatchObject({ type: 'run.stopped', error: { code: 'WAYSTONE_INPUT_MODELS_MISSING' } })
      notices.push(clock.now())
    }
    runtimeWith({ store, clock, workflows: [agent], onNotice }).work()
    await clock.advance(20_000)
    expect(notices.length).toBeGreaterThanOrEqual(3)
    expect(notices.length).toBeLessThanOrEqual(5)
    const waits = notices.slice(1).map((at, index) => at - (notices[index] ?? 0))
    expect(waits).toEqual(waits.toSorted((left, right) => left - right))
  })

  it('makes no effect again and again whose result a store refuses', async () => {
    const effects: string[] = []
    const workflow = line(effects)
    const store = viewOf(createMemoryStore(), (method) => {
      if (method === 'commit') throw storeError('WAYSTONE_STORE_FULL', 'disk full')
    })
    const clock = createManualClock()
    const runtime = runtimeWith({ store, clock })
    runtime.work()
    const run = await runtime.start(workflow, { input: { text: '' } })
    await clock.advance(20_000)
    expect(effects.length).toBeGreaterThanOrEqual(3)
    expect(effects.length).toBeLessThanOrEqual(6)
    expect((await run.status()).sequence).toBe(0)
  })
})

describe('a clock that is set back', () => {
  it('keeps nobody from hearing what other processes deliver', async () => {
    const store = createMemoryStore()
    const steady = createManualClock()
    let lag = 0
    const clock = {
      now: () => steady.now() - lag,
      at: (at: number, callback: () => void) => steady.at(at + lag, callback),
    }
    const answer = Promise.withResolvers<unknown>()
    const models = { fast: scripted(() => answer.promise) }
    const run = await runtimeWith({ store, clock, models, liveness: everyoneIs('alive') }).start(agent, {
      input: { text: '' },
    })
    const other = runtimeWith({ store, clock, models, liveness: everyoneIs('alive'), workflows: [agent] })
    const elsewhere = await other.open(run.runId)
    await elsewhere.hold({ by: 'ann', reason: 'look' })
    await steady.advance(100)
    lag = 3_600_000
    expect((await elsewhere.release({ by: 'ann', reason: 'go' })).type).toBe('delivered')
    await steady.advance(100)
    const types: string[] = []
    answer.resolve(says({ text: 'x' }))
    await steady.advance(100)
    for await (const event of run.events()) types.push(event.type)
    expect(types).toContain('run.released')
  })
})

describe('close', () => {
  it('refuses a start that was under way', async () => {
    const store = createMemoryStore()
    const effects: string[] = []
    const secret = Promise.withResolvers<string>()
    const tool = defineTool({
      name: 'note',
      description: 'Notes.',
      effect: 'pure',
      secrets: ['TOKEN'],
      input: z.object({}),
      output: z.object({}),
      run: () => {
        effects.push('note')
        return {}
      },
    })
    const n = w.nodes({ note: w.tool(tool, { input: () => ({}) }) })
    const workflow = w.workflow('noting', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.note,
      edges: { note: { done: END } },
    })
    const runtime = runtimeWith({ store, secrets: () => secret.promise })
    const starting = runtime.start(workflow, { input: { text: '' } })
    await runtime.close()
    secret.resolve('hunter2')
    await expect(starting).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_RUNTIME_CLOSED' })
    expect((await store.list({})).rows).toEqual([])
    expect(effects).toEqual([])
  })

  const slow = (ends: (() => void)[], seen: string[]) => {
    const step = (name: string) =>
      w.task({
        effect: 'idempotent',
        writes: ['text'],
        run: (_, context) => {
          seen.push(name)
          return new Promise<{ text: string }>((resolve, reject) => {
            ends.push(() => resolve({ text: name }))
            context.signal.addEventListener('abort', () => {
              seen.push(`${name} aborted`)
              reject(new Error('aborted'))
            })
          })
        },
      })
    const n = w.nodes({ a: step('a'), b: step('b') })
    return w.workflow('slow', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.a,
      edges: { a: { done: n.b }, b: { done: END } },
    })
  }

  it('with drain lets running effects end and commit, and begins nothing new', async () => {
    const ends: (() => void)[] = []
    const seen: string[] = []
    const store: Store = createMemoryStore()
    const workflow = slow(ends, seen)
    const runtime = createRuntime({ store })
    const run = await runtime.start(workflow, { input: { text: '' } })
    const result = run.result()
    const closed = runtime.close({ drain: true })
    ends[0]?.()
    await closed
    expect(await result).toMatchObject({ status: 'running', sequence: 1 })
    expect(seen).toEqual(['a'])
    expect((await store.row(run.runId))?.lease).toBeNull()
    await expect(runtime.start(workflow, { input: { text: '' } })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_RUNTIME_CLOSED',
    })
  })

  it('with drain waits no longer for a call than its agent has time', async () => {
    const n = w.nodes({
      think: w.agent({ model: 'fast', instructions: 'x', writes: ['text'], limits: { duration: '6s' } }),
      late: w.task({ effect: 'pure', writes: ['text'], run: () => ({ text: 'late' }) }),
    })
    const workflow = w.workflow('thinking', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.think,
      edges: { think: { done: END, exhausted: n.late }, late: { done: END } },
    })
    const clock = createManualClock()
    const signals: AbortSignal[] = []
    const hangs = ({ signal }: ModelCallOptions): Promise<unknown> => {
      signals.push(signal)
      return new Promise(() => undefined)
    }
    const runtime = createRuntime({ clock, models: { fast: scripted(hangs) } })
    const run = await runtime.start(workflow, { input: { text: '' } })
    await clock.settle()
    let isClosed = false
    const closed = runtime.close({ drain: true }).then(() => (isClosed = true))
    await clock.advance(5_000)
    expect(isClosed).toBe(false)
    await clock.advance(1_000)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
    await clock.advance(60_000)
    await closed
    // What comes next is for whoever takes the run.
    expect(await runtime.store.row(run.runId)).toMatchObject({ status: 'running', lease: null, nodes: ['late'] })
  })

  it('without drain aborts them and leaves them open for a resume', async () => {
    const ends: (() => void)[] = []
    const seen: string[] = []
    const store: Store = createMemoryStore()
    const workflow = slow(ends, seen)
    const runtime = createRuntime({ store })
    const run = await runtime.start(workflow, { input: { text: '' } })
    await runtime.close()
    expect(seen).toEqual(['a', 'a aborted'])
    expect(await store.row(run.runId)).toMatchObject({ sequence: 0, status: 'running', lease: null })
    const again = await runtimeWith({ store, workflows: [workflow] }).open(run.runId)
    await again.resume()
    ends[1]?.()
    while (ends.length < 3) await new Promise((resolve) => void setImmediate(resolve))
    ends[2]?.()
    expect(await again.result()).toMatchObject({ status: 'completed', output: { text: 'b' } })
  })
})
