import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { encodeCheckpoint } from '../src/checkpoint/codec.ts'
import { createMemoryStore } from '../src/checkpoint/memory-store.ts'
import type { Commit } from '../src/checkpoint/store.ts'
import { compile } from '../src/compile/compile.ts'
import { plan } from '../src/compile/plan.ts'
import type { RunId } from '../src/base/ids.ts'
import { END, FAIL } from '../src/define/edge.ts'
import { defineState } from '../src/define/state.ts'
import { defineTool } from '../src/define/tool.ts'
import { storeError } from '../src/errors/store-error.ts'
import { createRuntime } from '../src/run/create-runtime.ts'
import type { Runtime, RuntimeOptions } from '../src/run/runtime.ts'
import type { EngineEvent } from '../src/snapshot/event.ts'
import type { Snapshot } from '../src/snapshot/snapshot.ts'
import { createManualClock } from './support/manual-clock.ts'
import { createCountingIds } from './support/seeded-ids.ts'
import { says, scripted } from './support/scripted-model.ts'
import { mortalView, viewOf } from './support/store-view.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

function runtimeWith(options: RuntimeOptions = {}): Runtime {
  const runtime = createRuntime(options)
  open.push(runtime)
  return runtime
}

const dead = { self: () => ({ host: 'here', pid: 1, processStartedAt: '1' }), stateOf: () => 'dead' as const }

const w = defineState({ count: z.number(), note: z.string().optional() })

/** Two tasks that note when they begin. */
function two(log: string[]) {
  const step = (name: string) =>
    w.task({
      effect: 'idempotent',
      reads: ['count'],
      writes: ['count'],
      run: ({ state }, context) => {
        log.push(`perform ${name} ${context.effectId}`)
        return { count: state.count + 1 }
      },
    })
  const n = w.nodes({ a: step('a'), b: step('b') })
  return w.workflow('two', {
    input: z.object({ count: z.number() }),
    output: ['count'],
    nodes: n,
    start: n.a,
    edges: { a: { done: n.b }, b: { done: END } },
  })
}

describe('Invariant 1: commit, then perform', () => {
  it('starts no effect for a snapshot that is not stored', async () => {
    const log: string[] = []
    const inner = createMemoryStore()
    const store = viewOf(inner, async (method) => {
      if (method !== 'create' && method !== 'commit') return
      await new Promise((resolve) => void setImmediate(resolve))
      log.push(method)
    })
    const run = await runtimeWith({ store, ids: createCountingIds() }).start(two(log), { input: { count: 0 } })
    await run.result()
    expect(log).toEqual(['create', 'perform a run-1/0', 'commit', 'perform b run-1/1', 'commit'])
  })

  it('stops the run where it is, loudly, when a commit fails', async () => {
    const log: string[] = []
    const store = viewOf(createMemoryStore(), (method) => {
      if (method === 'commit') throw storeError('WAYSTONE_STORE_FULL', 'disk full')
    })
    const run = await runtimeWith({ store, ids: createCountingIds() }).start(two(log), { input: { count: 0 } })
    await expect(run.result()).rejects.toMatchObject({ code: 'WAYSTONE_STORE_FULL' })
    expect(log).toEqual(['perform a run-1/0'])
  })
})

describe('Invariant 2: plan is pure', () => {
  it('gives the same bytes for the same history', async () => {
    const compiled = compile(two([]))
    const events: EngineEvent[] = [
      { id: 'start', at: 1, type: 'run.started', from: 'caller', payload: { input: { count: 0 }, tags: {} } },
      {
        id: 'r/0/1',
        at: 2,
        type: 'effect.ended',
        from: 'effect',
        payload: { step: 0, attempt: 1, outcome: 'done', patch: { count: 1 }, startedAt: 1 },
      },
      {
        id: 'r/1/1',
        at: 3,
        type: 'effect.ended',
        from: 'effect',
        payload: { step: 1, attempt: 1, outcome: 'done', patch: { count: 2 }, startedAt: 2 },
      },
    ]
    const derive = (): readonly string[] => {
      let snapshot: Snapshot | null = null
      return events.map((event, sequence) => {
        const planned = plan(compiled, { runId: 'r' as RunId, sequence, parent: null }, snapshot, event)
        if (planned.type !== 'applied') throw new TypeError(planned.type)
        snapshot = planned.snapshot
        return encodeCheckpoint(planned.checkpoint, null).text
      })
    }
    expect(derive()).toEqual(derive())
  })

  it('names an impure guard where it is found', async () => {
    let flip = false
    const moody = w.guard('moody', ['count'], () => (flip = !flip))
    const n = w.nodes({
      gate: w.gate({ outcomes: ['x'], decide: () => 'x' }),
      other: w.gate({ outcomes: ['y'], decide: () => 'y' }),
    })
    const workflow = w.workflow('moody', {
      input: z.object({ count: z.number() }),
      output: ['count'],
      nodes: n,
      start: n.gate,
      edges: { gate: { x: [{ when: moody, to: n.other }, END] }, other: { y: END } },
    })
    const run = await runtimeWith().start(workflow, { input: { count: 1 } })
    await expect(run.result()).rejects.toMatchObject({
      code: 'WAYSTONE_BUG_IMPURE_PLAN',
      message: expect.stringContaining('"moody"') as string,
    })
  })
})

describe('Invariant 3: one writer', () => {
  it('stops the second writer with a conflict; the first one’s history stands', async () => {
    const log: string[] = []
    const workflow = two(log)
    const store = createMemoryStore()
    const gate = Promise.withResolvers<void>()
    let isHeldUp = false
    const slow = viewOf(store, (method) => {
      if (method !== 'commit') return undefined
      isHeldUp = true
      return gate.promise
    })
    const clock = createManualClock()
    const first = await runtimeWith({ store: slow, clock, liveness: dead }).start(workflow, { input: { count: 0 } })
    const stopped = first.result().catch((error: unknown) => error)
    await clock.settle()
    expect(isHeldUp).toBe(true)
    const second = await runtimeWith({ store, clock, liveness: dead, workflows: [workflow] }).open(first.runId)
    await second.resume()
    expect(await second.result()).toMatchObject({ status: 'completed', output: { count: 2 } })
    gate.resolve()
    expect(await stopped).toMatchObject({ code: 'WAYSTONE_STORE_CONFLICT' })
    expect((await store.checkpoints(first.runId, 0, 9)).map(({ sequence }) => sequence)).toEqual([0, 1, 2])
  })
})

describe('Invariant 4: state is immutable', () => {
  it('is frozen in every node, and only checked patches change it', async () => {
    const refusals: string[] = []
    const s = defineState({ list: z.array(z.object({ id: z.number() })), count: z.number().optional() })
    const n = s.nodes({
      write: s.task({
        effect: 'pure',
        retry: { attempts: 1 },
        reads: ['list'],
        writes: ['count'],
        run: ({ state }) => {
          for (const change of [
            () => Object.assign(state, { count: 1 }),
            () => state.list.push({ id: 2 }),
            () => Object.assign(state.list[0] ?? {}, { id: 3 }),
          ]) {
            try {
              change()
            } catch (error) {
              refusals.push(error instanceof TypeError ? 'refused' : 'other')
            }
          }
          return { count: 'many' as unknown as number }
        },
      }),
    })
    const workflow = s.workflow('frozen', {
      input: z.object({ list: z.array(z.object({ id: z.number() })) }),
      output: ['list'],
      nodes: n,
      start: n.write,
      edges: { write: { done: END } },
    })
    const runtime = runtimeWith()
    const run = await runtime.start(workflow, { input: { list: [{ id: 1 }] } })
    expect(await run.result()).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_BAD_PATCH' } })
    expect(refusals).toEqual(['refused', 'refused', 'refused'])
  })
})

describe('Invariant 5: limits are guards', () => {
  it('stand in the machine, and the run takes an edge when one is hit', async () => {
    const n = w.nodes({
      loop: w.gate({ outcomes: ['again', 'stop'], decide: () => 'again' }),
      rest: w.task({ effect: 'pure', writes: ['note'], run: () => ({ note: 'out of steps' }) }),
    })
    const workflow = w.workflow('loop', {
      input: z.object({ count: z.number() }),
      output: ['note'],
      nodes: n,
      start: n.loop,
      edges: { loop: { again: { to: n.loop, limit: 3, otherwise: n.rest }, stop: END }, rest: { done: END } },
    })
    const names = JSON.stringify(compile(workflow).machine.config)
    expect(names).toContain('loop.again')
    expect(names).toContain('loop.again:otherwise')
    const run = await runtimeWith().start(workflow, { input: { count: 0 } })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { note: 'out of steps' } })
  })
})

describe('Invariant 6: routing is total', () => {
  it('takes declared rules for what is not routed: failed to FAIL, unknown to a person', async () => {
    const failing = w.nodes({
      work: w.task({ effect: 'pure', retry: { attempts: 1 }, run: () => Promise.reject(new Error('broken')) }),
    })
    const workflow = w.workflow('failing', {
      input: z.object({ count: z.number() }),
      output: ['count'],
      nodes: failing,
      start: failing.work,
      edges: { work: { done: END } },
    })
    const run = await runtimeWith().start(workflow, { input: { count: 0 } })
    expect(await run.result()).toMatchObject({ status: 'failed', error: { message: 'broken' } })
    const taken: string[] = []
    for await (const event of run.events())
      if (event.type === 'edge.taken') taken.push(`${event.decision.taken} to ${event.decision.to}`)
    expect(taken).toEqual(['work.failed to :fail'])
  })

  it('records a guard that throws and fails the run as guard-error', async () => {
    const broken = w.guard('broken', ['count'], () => {
      throw new Error('oh')
    })
    const n = w.nodes({ gate: w.gate({ outcomes: ['x'], decide: () => 'x' }) })
    const workflow = w.workflow('guarded', {
      input: z.object({ count: z.number() }),
      output: ['count'],
      nodes: n,
      start: n.gate,
      edges: { gate: { x: [{ when: broken, to: FAIL }, END] } },
    })
    const run = await runtimeWith().start(workflow, { input: { count: 0 } })
    expect(await run.result()).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_GUARD_ERROR' } })
    const taken: string[] = []
    for await (const event of run.events()) if (event.type === 'edge.taken') taken.push(event.decision.taken)
    expect(taken).toEqual([':guard-error'])
  })
})

describe('Invariant 7: every effect has an id', () => {
  it('that is stable over attempts, crash and resume', async () => {
    const ids: string[] = []
    const n = w.nodes({
      work: w.task({
        effect: 'keyed',
        writes: ['count'],
        retry: { attempts: 2, backoff: '1s' },
        run: (_, context) => {
          ids.push(`${context.effectId} ${context.attempt}`)
          if (context.attempt === 1) throw new Error('again')
          return { count: 7 }
        },
      }),
    })
    const workflow = w.workflow('keyed', {
      input: z.object({ count: z.number() }),
      output: ['count'],
      nodes: n,
      start: n.work,
      edges: { work: { done: END } },
    })
    const store = createMemoryStore()
    const clock = createManualClock()
    let commits = 0
    const mortal = mortalView(store, (method, kill) => method === 'commit' && ++commits === 2 && kill())
    const first = await createRuntime({ store: mortal.store, clock, liveness: dead }).start(workflow, {
      input: { count: 0 },
    })
    await clock.advance(2_000)
    const run = await runtimeWith({ store, clock, liveness: dead, workflows: [workflow] }).open(first.runId)
    await run.resume()
    expect((await run.result()).status).toBe('completed')
    expect(ids).toEqual([1, 2, 2].map((attempt) => `${run.runId}/0 ${attempt}`))
  })
})

describe('Invariant 8: an unknown outcome is never repeated', () => {
  it.each([
    ['unsafe', 1, 'waiting'],
    ['keyed', 2, 'completed'],
    ['idempotent', 2, 'completed'],
    ['pure', 2, 'completed'],
  ] as const)('unless the tool is declared so: %s', async (effect, times, status) => {
    let runs = 0
    const tool = defineTool({
      name: 'send',
      description: 'x',
      effect,
      input: z.object({ count: z.number() }),
      output: z.object({ count: z.number() }),
      run: ({ count }) => {
        runs += 1
        return { count: count + 1 }
      },
    })
    const n = w.nodes({ send: w.tool(tool, { reads: ['count'], writes: ['count'] }) })
    const workflow = w.workflow('send', {
      input: z.object({ count: z.number() }),
      output: ['count'],
      nodes: n,
      start: n.send,
      edges: { send: { done: END } },
    })
    const store = createMemoryStore()
    const clock = createManualClock()
    const mortal = mortalView(store, (method, kill) => method === 'commit' && kill())
    const first = await createRuntime({ store: mortal.store, clock, liveness: dead }).start(workflow, {
      input: { count: 0 },
    })
    await clock.settle()
    const run = await runtimeWith({ store, clock, liveness: dead, workflows: [workflow] }).open(first.runId)
    await run.resume()
    expect((await run.result()).status).toBe(status)
    expect(runs).toBe(times)
  })
})

describe('Invariant 9: nothing outside learns of an event before it is committed', () => {
  it('shows no fact of a checkpoint whose commit is under way, and tokens only marked provisional', async () => {
    const n = w.nodes({ think: w.agent({ model: 'fast', instructions: 'x', writes: ['note'] }) })
    const workflow = w.workflow('agent', {
      input: z.object({ count: z.number() }),
      output: ['note'],
      nodes: n,
      start: n.think,
      edges: { think: { done: END } },
    })
    const listening = Promise.withResolvers<void>()
    const committing = Promise.withResolvers<Commit>()
    const allowed = Promise.withResolvers<void>()
    const store = viewOf(createMemoryStore(), async (method, [commit]) => {
      if (method !== 'commit') return
      committing.resolve(commit as Commit)
      await allowed.promise
    })
    const model = scripted(async (options: { onToken: (text: string) => void }) => {
      await listening.promise
      options.onToken('early')
      return says({ note: 'x' })
    })
    const run = await runtimeWith({ store, models: { fast: model } }).start(workflow, { input: { count: 0 } })
    const seen: string[] = []
    const following = (async () => {
      for await (const event of run.events({ tokens: true })) {
        seen.push(event.type === 'token.received' ? `${event.type} ${event.isProvisional}` : event.type)
        listening.resolve()
      }
    })()
    await committing.promise
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => void setImmediate(resolve))
    expect(seen).toEqual(['run.started', 'state.changed', 'step.started', 'token.received true'])
    expect((await run.status()).sequence).toBe(0)
    allowed.resolve()
    await following
    expect(seen.slice(4)).toEqual(['step.ended', 'edge.taken', 'state.changed', 'run.status-changed'])
  })
})

describe('Invariant 10: secrets are references', () => {
  it('appear in no checkpoint, event, log or error', async () => {
    const tool = defineTool({
      name: 'fetch',
      description: 'x',
      effect: 'pure',
      retry: { attempts: 1 },
      secrets: ['KEY'],
      input: z.object({}),
      output: z.object({ note: z.string() }),
      run: async (_, context) => {
        const key = await context.secret('KEY')
        context.log(`with ${key}`)
        throw new Error(`refused ${key}`)
      },
    })
    const n = w.nodes({ call: w.tool(tool, { writes: ['note'], input: () => ({}) }) })
    const workflow = w.workflow('call', {
      input: z.object({ count: z.number() }),
      output: ['note'],
      nodes: n,
      start: n.call,
      edges: { call: { done: END } },
    })
    const store = createMemoryStore()
    const run = await runtimeWith({ store, secrets: () => 'sk-very-secret' }).start(workflow, { input: { count: 0 } })
    const seen: unknown[] = [await run.result(), await store.after(0, 100)]
    for await (const event of run.events()) seen.push(event)
    expect(JSON.stringify(seen)).not.toContain('sk-very-secret')
    expect(JSON.stringify(seen)).toContain('refused [secret KEY]')
  })
})
