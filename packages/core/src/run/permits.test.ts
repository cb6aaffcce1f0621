import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { clockStart, createManualClock, type ManualClock } from '../../test/support/manual-clock.ts'
import { says, scripted, type ScriptedModel } from '../../test/support/scripted-model.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { Store } from '../checkpoint/store.ts'
import { END } from '../define/edge.ts'
import type { Model } from '../define/model.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { nodeFailure } from '../errors/node-error.ts'
import { storeError } from '../errors/store-error.ts'
import { createRuntime } from './create-runtime.ts'
import type { RuntimeNotice } from './notice.ts'
import type { Run, Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ text: z.string() })
const n = w.nodes({
  write: w.agent({
    model: 'fast',
    instructions: 'Write.',
    reads: ['text'],
    writes: ['text'],
    retry: { attempts: 3, backoff: '1s', factor: 1, jitter: 0 },
  }),
})
const letter = w.workflow('letter', {
  input: z.object({ text: z.string() }),
  output: ['text'],
  nodes: n,
  start: n.write,
  edges: { write: { done: END } },
})

/** A model whose calls take a second each, and that counts how many are under way. */
class SlowModel implements Model {
  readonly name = 'slow'
  readonly #clock: ManualClock
  readonly #ms: number
  most = 0
  /** When each call began, ms from the beginning. */
  readonly begun: number[] = []
  readonly order: string[] = []
  #now = 0

  constructor(clock: ManualClock, ms = 1_000) {
    this.#clock = clock
    this.#ms = ms
  }

  async call(...[, { effectId, signal }]: Parameters<Model['call']>): ReturnType<Model['call']> {
    this.begun.push(this.#clock.now() - clockStart)
    this.order.push(effectId)
    this.#now += 1
    this.most = Math.max(this.most, this.#now)
    try {
      return await new Promise((resolve, reject) => {
        this.#clock.at(this.#clock.now() + this.#ms, () => resolve(says({ text: 'dear' })))
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    } finally {
      this.#now -= 1
    }
  }
}

interface World {
  readonly clock: ManualClock
  readonly store: Store
}

function world(): World {
  return { clock: createManualClock(), store: createMemoryStore() }
}

function runtime({ clock, store }: World, options: RuntimeOptions): Runtime {
  const made = createRuntime({ workflows: [letter], clock, store, ...options })
  open.push(made)
  return made
}

function start(on: Runtime, text = 'x'): Promise<Run<object>> {
  return on.start(letter, { input: { text } })
}

async function startMany(on: readonly Runtime[], count: number): Promise<readonly Run<object>[]> {
  const runs: Run<object>[] = []
  for (let index = 0; index < count; index++) {
    const chosen = on[index % on.length]
    if (chosen !== undefined) runs.push(await start(chosen))
  }
  return runs
}

describe('permits', () => {
  it('keep calls of one model below their number over several runtimes of one store, first come first served (B4)', async () => {
    const shared = world()
    const model = new SlowModel(shared.clock)
    const options = { models: { fast: model }, limits: { models: { fast: { concurrent: 3 } } } }
    const both = [runtime(shared, options), runtime(shared, options)]
    const runs = await startMany(both, 12)
    await shared.clock.advance(6_000)
    expect(await Promise.all(runs.map(async (run) => (await run.result()).status))).toEqual(runs.map(() => 'completed'))
    expect(model.most).toBe(3)
    expect(model.begun).toEqual([0, 1, 2, 3].flatMap((round) => [0, 0, 0].map(() => round * 1_000)))
    const places = runs.map(({ runId }) => model.order.findIndex((id) => id.startsWith(runId)))
    for (const [index, place] of places.entries()) expect(Math.floor(place / 3)).toBe(Math.floor(index / 3))
    expect(await shared.store.line()).toEqual([])
  })

  it('let no more calls begin in any minute than may (B4)', async () => {
    const shared = world()
    const model = new SlowModel(shared.clock, 10)
    const on = runtime(shared, {
      models: { fast: model },
      limits: { models: { fast: { perMinute: 2, perSecond: 1 } } },
    })
    await startMany([on], 5)
    await shared.clock.advance(300_000)
    expect(model.begun).toEqual([0, 1_000, 60_000, 61_000, 120_000])
  })

  it('count tokens that are reserved, and those that were used once a call has ended (B4)', async () => {
    const shared = world()
    const model = scripted(...[1, 2, 3, 4].map(() => says({ text: 'dear' })))
    const on = runtime(shared, { models: { fast: model }, limits: { models: { fast: { tokensPerMinute: 250 } } } })
    // 110 tokens each: the third begins with 220 used, the fourth waits until the first two are a minute ago.
    for (const _ of [1, 2, 3, 4]) {
      await start(on)
      await shared.clock.advance(0)
    }
    expect(model.requests).toHaveLength(3)
    await shared.clock.advance(59_000)
    expect(model.requests).toHaveLength(3)
    await shared.clock.advance(2_000)
    expect(model.requests).toHaveLength(4)
  })

  it('keep everybody away from a model for as long as a 429 says, to the millisecond (B4)', async () => {
    const shared = world()
    const begun: number[] = []
    const busy = nodeFailure('slow down', { retryable: true, retryAfterMs: 7_003, details: { status: 429 } })
    const model: Model = {
      name: 'busy',
      call() {
        begun.push(shared.clock.now() - clockStart)
        return begun.length === 1 ? Promise.reject(busy) : Promise.resolve(says({ text: 'dear' }))
      },
    }
    const options = { models: { fast: model }, limits: { models: { fast: {} } } }
    const [one, other] = [runtime(shared, options), runtime(shared, options)]
    await start(one)
    await shared.clock.advance(100)
    const second = await start(other)
    await shared.clock.advance(6_902)
    expect(begun).toEqual([0])
    await shared.clock.advance(1)
    expect(begun).toEqual([0, 7_003, 7_003])
    expect((await second.result()).status).toBe('completed')
  })

  it('keep everybody away from a model whose quota is used up until it is reset', async () => {
    const shared = world()
    const quota = { requests: { remaining: 0, resetMs: 2_500 }, tokens: { remaining: 900, resetMs: 60_000 } }
    const model = scripted({ ...says({ text: 'dear' }), quota }, { ...says({ text: 'dear' }), quota: 'nonsense' })
    const on = runtime(shared, { models: { fast: model }, limits: { models: { fast: {} } } })
    await start(on)
    await shared.clock.advance(0)
    await start(on)
    await shared.clock.advance(2_499)
    expect(model.requests).toHaveLength(1)
    await shared.clock.advance(1)
    expect(model.requests).toHaveLength(2)
  })

  it('are not held while an attempt waits for its backoff, and its time does not run while it waits in line', async () => {
    const shared = world()
    const answers = [new Error('not now'), says({ text: 'dear' }), says({ text: 'dear' })]
    const model: ScriptedModel = scripted(
      ...answers.map((answer) => () => (answer instanceof Error ? Promise.reject(answer) : answer)),
    )
    const on = runtime(shared, { models: { fast: model }, limits: { models: { fast: { concurrent: 1 } } } })
    const [first, second] = await startMany([on], 2)
    await shared.clock.advance(0)
    // The second has gone while the first waits for its second attempt.
    expect(model.effectIds.map((id) => id.split('/')[0])).toEqual([first?.runId, second?.runId])
    expect((await second?.result())?.status).toBe('completed')
    await shared.clock.advance(1_000)
    expect((await first?.result())?.status).toBe('completed')
  })

  it('do not count the time in line as time of the attempt', async () => {
    const shared = world()
    const model = new SlowModel(shared.clock, 50_000)
    const on = runtime(shared, { models: { fast: model }, limits: { models: { fast: { concurrent: 1 } } } })
    const [, second] = await startMany([on], 2)
    await shared.clock.advance(101_000)
    const ends: unknown[] = []
    for await (const event of second?.events() ?? [])
      if (event.type === 'step.ended') ends.push([event.attempt, event.outcome, event.startedAt])
    expect(ends).toEqual([[1, 'done', clockStart + 50_000]])
  })

  it('say what is waited for, once, and who is ahead', async () => {
    const shared = world()
    const notices: RuntimeNotice[] = []
    const on = runtime(shared, {
      models: { fast: new SlowModel(shared.clock) },
      limits: { models: { fast: { concurrent: 1 } } },
      onNotice: (notice) => notices.push(notice),
    })
    const runs = await startMany([on], 3)
    await shared.clock.advance(400)
    expect(notices).toMatchObject([
      {
        type: 'permit.awaited',
        runId: runs[1]?.runId,
        node: 'write',
        step: 0,
        resource: 'model:fast',
        ahead: 0,
        until: null,
      },
      { type: 'permit.awaited', runId: runs[2]?.runId, reason: 'concurrent', ahead: 1 },
    ])
    expect((await shared.store.line()).map(({ runId, grantedAt }) => [runId, grantedAt])).toEqual([
      [runs[0]?.runId, clockStart],
      [runs[1]?.runId, null],
      [runs[2]?.runId, null],
    ])
    await shared.clock.advance(5_000)
    expect(notices).toHaveLength(2)
  })

  it('are given up at once by a run that is cancelled, held or left while it waits', async () => {
    const shared = world()
    const model = new SlowModel(shared.clock)
    const options = { models: { fast: model }, limits: { models: { fast: { concurrent: 1 } } } }
    const on = runtime(shared, options)
    const leaving = runtime(shared, options)
    const [, cancelled, held] = await startMany([on], 3)
    await start(leaving)
    const last = await start(on)
    await shared.clock.advance(10)
    const move = { by: 'ada', reason: 'enough' }
    await cancelled?.cancel(move)
    await held?.hold(move)
    await leaving.close()
    await shared.clock.advance(0)
    expect((await cancelled?.result())?.status).toBe('cancelled')
    expect((await shared.store.line()).map(({ runId }) => runId).slice(1)).toEqual([last.runId])
    await shared.clock.advance(2_000)
    expect((await last.result()).status).toBe('completed')
    await held?.release(move)
    await shared.clock.advance(2_000)
    expect((await held?.result())?.status).toBe('completed')
    expect(model.most).toBe(1)
  })

  it('of a dead process are free at once, and those of one that may live when it has not come back', async () => {
    for (const [state, waitsMs] of [
      ['dead', 0],
      ['unknown', 5_000],
    ] as const) {
      const shared = world()
      const gone = { id: 'gone', host: 'here', pid: 1, processStartedAt: 'then' }
      const claims = [{ resource: 'model:fast', concurrent: 1, rates: [], tokens: 0 }]
      const runId = 'lost' as never
      await shared.store.permits({
        owner: gone,
        now: clockStart,
        expiresAt: clockStart + 5_000,
        begins: [],
        ends: [],
        blocks: [],
        dead: [],
        asks: [{ runId, step: 0, attempt: 1, claims }],
      })
      const model = new SlowModel(shared.clock)
      const on = runtime(shared, {
        models: { fast: model },
        limits: { models: { fast: { concurrent: 1 } } },
        liveness: {
          self: () => ({ host: 'here', pid: 2, processStartedAt: 'now' }),
          stateOf: ({ id }) => (id === 'gone' ? state : 'alive'),
        },
      })
      await start(on)
      await shared.clock.advance(7_000)
      expect(model.begun[0]).toBeGreaterThanOrEqual(waitsMs)
      expect(model.begun[0]).toBeLessThanOrEqual(waitsMs + 5_000 / 3)
    }
  })

  it('of a process that slept too long are asked for again before anything begins', async () => {
    const shared = world()
    // The process sleeps between the grant and the mark.
    const sleeping: Store = new Proxy(shared.store, {
      get(target, name) {
        const own: unknown = Reflect.get(target, name)
        if (name === 'markStarted') {
          return async (mark: Parameters<Store['markStarted']>[0]) => {
            await target.markStarted(mark)
            await new Promise<void>((resolve) => void shared.clock.at(clockStart + 6_000, resolve))
          }
        }
        return typeof own === 'function' ? (own.bind(target) as unknown) : own
      },
    })
    const model = new SlowModel(shared.clock, 20_000)
    const limits = { models: { fast: { concurrent: 1 } } }
    const silent = { ...shared.clock, at: () => () => undefined, now: () => shared.clock.now() }
    const sleeper = createRuntime({
      workflows: [letter],
      store: sleeping,
      clock: silent,
      models: { fast: model },
      limits,
    })
    open.push(sleeper)
    const late = await start(sleeper)
    await shared.clock.advance(5_500)
    // Its permit has run out, and another process begins.
    const other = runtime(shared, { models: { fast: model }, limits })
    const early = await start(other)
    await shared.clock.advance(3_000)
    expect(model.order).toEqual([`${early.runId}/0`])
    expect((await shared.store.line()).map(({ runId, grantedAt }) => [runId, grantedAt])).toEqual([
      [early.runId, clockStart + 5_500],
      [late.runId, null],
    ])
  })

  it('cost nothing where nothing is limited: the store is not asked', async () => {
    const shared = world()
    const asked: string[] = []
    const store = new Proxy(shared.store, {
      get(target, name) {
        asked.push(String(name))
        const own: unknown = Reflect.get(target, name)
        return typeof own === 'function' ? (own.bind(target) as unknown) : own
      },
    })
    const model = scripted(says({ text: 'dear' }))
    const on = runtime(
      { ...shared, store },
      { models: { fast: model, good: model }, limits: { models: { good: { concurrent: 1 } } } },
    )
    expect((await (await start(on)).result()).status).toBe('completed')
    await on.close()
    expect(asked).not.toContain('permits')
  })

  it('stop the run when the store cannot be asked', async () => {
    const shared = world()
    const store = new Proxy(shared.store, {
      get(target, name) {
        if (name === 'permits') return () => Promise.reject(storeError('WAYSTONE_STORE_FULL', 'the disk is full'))
        const own: unknown = Reflect.get(target, name)
        return typeof own === 'function' ? (own.bind(target) as unknown) : own
      },
    })
    const on = runtime({ ...shared, store }, { models: { fast: scripted() }, limits: { models: { fast: {} } } })
    const run = await start(on)
    await expect(run.result()).rejects.toMatchObject({ code: 'WAYSTONE_STORE_FULL' })
  })

  it('are asked for by tools, for themselves and for the resources they name', async () => {
    const clock = createManualClock()
    let now = 0
    let most = 0
    const tool = <const Name extends string>(name: Name) =>
      defineTool({
        name,
        description: 'Asks the customer register.',
        effect: 'pure',
        resources: ['crm'],
        input: z.object({ text: z.string() }),
        output: z.object({ text: z.string() }),
        async run({ text }) {
          now += 1
          most = Math.max(most, now)
          await new Promise<void>((resolve) => void clock.at(clock.now() + 100, resolve))
          now -= 1
          return { text }
        },
      })
    const nodes = w.nodes({
      read: w.tool(tool('read'), { reads: ['text'], writes: ['text'] }),
      find: w.tool(tool('find'), { reads: ['text'], writes: ['text'] }),
    })
    const register = w.workflow('register', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes,
      start: nodes.read,
      edges: { read: { done: nodes.find }, find: { done: END } },
    })
    const on = createRuntime({ workflows: [register], clock, limits: { resources: { crm: { concurrent: 2 } } } })
    open.push(on)
    const runs = await Promise.all([1, 2, 3, 4, 5].map(() => on.start(register, { input: { text: 'x' } })))
    await clock.advance(5_000)
    for (const run of runs) expect((await run.result()).status).toBe('completed')
    expect(most).toBe(2)
    expect(on.compiled('register')?.graph.tools['read']?.resources).toEqual(['crm'])
  })

  it('are asked for by what undoes with a tool, as by any call of it', async () => {
    const clock = createManualClock()
    let now = 0
    let most = 0
    const refund = defineTool({
      name: 'refund',
      description: 'Pays back.',
      effect: 'keyed',
      input: z.object({}),
      output: z.object({}),
      async run() {
        now += 1
        most = Math.max(most, now)
        await new Promise<void>((resolve) => void clock.at(clock.now() + 100, resolve))
        now -= 1
        return {}
      },
    })
    const nodes = w.nodes({
      pay: w.task({ effect: 'keyed', run: () => undefined, compensate: { tool: refund, input: () => ({}) } }),
      fail: w.task({
        effect: 'pure',
        retry: { attempts: 1 },
        run: () => {
          throw nodeFailure('declined')
        },
      }),
    })
    const paying = w.workflow('paying', {
      input: z.object({ text: z.string() }),
      output: [],
      nodes,
      start: nodes.pay,
      edges: { pay: { done: nodes.fail }, fail: { done: END } },
    })
    const on = createRuntime({ workflows: [paying], clock, limits: { tools: { refund: { concurrent: 1 } } } })
    open.push(on)
    const runs = await Promise.all([1, 2, 3].map(() => on.start(paying, { input: { text: 'x' } })))
    await clock.advance(5_000)
    for (const run of runs)
      expect(await run.result({ until: 'end' })).toMatchObject({ status: 'failed', compensation: { done: 1 } })
    expect(most).toBe(1)
  })
})
