import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { createVolatileMemory } from '../memory/volatile-memory.ts'
import { auditRun } from '../replay/audit-run.ts'
import { forkRun } from '../replay/fork-run.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Runtime, RuntimeOptions } from './runtime.ts'
import type { RunEvent } from './run-event.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ name: z.string(), seat: z.string().nullable().optional() })
const n = w.nodes({
  remember: w.task({
    effect: 'keyed',
    reads: ['name'],
    writes: ['seat'],
    memory: { scope: ['seats'], access: 'write' },
    run: async ({ state }, context) => {
      const known = await context.memory.get(state.name)
      if (known === undefined) await context.memory.put(state.name, 'aisle')
      return { seat: typeof known?.value === 'string' ? known.value : null }
    },
  }),
  ask: w.approval({ show: ['name'], expiresIn: '1d' }),
})
const seats = w.workflow('seats', {
  input: z.object({ name: z.string() }),
  output: ['seat'],
  nodes: n,
  start: n.remember,
  edges: { remember: { done: n.ask }, ask: { approved: END, rejected: END, expired: END } },
})

function setUp(options: RuntimeOptions = {}): Runtime {
  const runtime = createRuntime({ memory: createVolatileMemory(), clock: createManualClock(), ...options })
  open.push(runtime)
  return runtime
}

async function finished(runtime: Runtime): Promise<string> {
  const run = await runtime.start(seats, { input: { name: 'ada' } })
  await run.result()
  const [request] = await run.requests()
  await run.decide(request?.id ?? '', { outcome: 'approved', by: 'bo' })
  await run.result({ until: 'end' })
  return run.runId
}

describe('delete', () => {
  it('takes a run out of the store, and leaves what it remembered to the next one (S5)', async () => {
    const runtime = setUp()
    const runId = await finished(runtime)
    expect(await runtime.delete(runId)).toMatchObject({ type: 'deleted', blobs: 0 })
    expect(await runtime.row(runId)).toBeUndefined()
    await expect(runtime.open(runId)).rejects.toMatchObject({ code: 'WAYSTONE_STORE_RUN_UNKNOWN' })
    await expect(runtime.delete(runId)).rejects.toMatchObject({ code: 'WAYSTONE_STORE_RUN_UNKNOWN' })
    const next = await runtime.open(await finished(runtime))
    expect((await next.status()).output).toEqual({ seat: 'aisle' })
  })

  it('refuses a run that waits, unless it is forced; its expiry wakes nobody then', async () => {
    const clock = createManualClock()
    const notices: unknown[] = []
    const runtime = setUp({ clock, onNotice: (notice) => notices.push(notice) })
    const run = await runtime.start(seats, { input: { name: 'ada' } })
    await run.result()
    expect(await runtime.delete(run.runId)).toEqual({
      type: 'refused',
      reason: 'not-ended',
      message: `run ${run.runId} is waiting; cancel it first, or force the deletion`,
    })
    expect(await run.requests()).toHaveLength(1)
    expect(await runtime.delete(run.runId, { isForced: true })).toMatchObject({ type: 'deleted' })
    await clock.advance(3 * 86_400_000)
    await expect(run.result()).rejects.toMatchObject({ code: 'WAYSTONE_STORE_RUN_UNKNOWN' })
    expect(notices).toEqual([])
  })

  it('refuses a run that another process drives, and one that this process drives', async () => {
    const store = createMemoryStore()
    const gate = Promise.withResolvers<{ seat: string }>()
    const slow = w.nodes({ wait: w.task({ effect: 'pure', writes: ['seat'], run: () => gate.promise }) })
    const waits = w.workflow('waits', {
      input: z.object({ name: z.string() }),
      output: ['seat'],
      nodes: slow,
      start: slow.wait,
      edges: { wait: { done: END } },
    })
    const mine = setUp({ store })
    const other = setUp({ store })
    const run = await mine.start(waits, { input: { name: 'ada' } })
    for (const runtime of [mine, other])
      expect(await runtime.delete(run.runId)).toMatchObject({ type: 'refused', reason: 'owned' })
    const result = run.result()
    expect(await mine.delete(run.runId, { isForced: true })).toMatchObject({ type: 'deleted' })
    gate.resolve({ seat: 'none' })
    await expect(result).rejects.toMatchObject({ code: 'WAYSTONE_STORE_RUN_UNKNOWN' })
    expect(await store.after(0, 10)).toEqual([])
  })

  it('ends the events of the run, and passes over it in those of the store', async () => {
    const runtime = setUp()
    const run = await runtime.start(seats, { input: { name: 'ada' } })
    await run.result()
    const told: RunEvent['type'][] = []
    const hasBegun = Promise.withResolvers<undefined>()
    const reading = (async () => {
      for await (const event of run.events()) {
        told.push(event.type)
        hasBegun.resolve(undefined)
      }
    })()
    await hasBegun.promise
    await runtime.delete(run.runId, { isForced: true })
    await reading
    expect(told[0]).toBe('run.started')
    const kept = await finished(runtime)
    const seen = new Set<string>()
    for await (const event of runtime.events()) {
      seen.add(event.runId)
      if (event.type === 'run.status-changed' && event.status === 'completed') break
    }
    expect([...seen]).toEqual([kept])
  })

  it('leaves a fork that can be read, replayed, audited and gone on with (S5)', async () => {
    const runtime = setUp()
    const runId = await finished(runtime)
    const fork = await forkRun(runtime, runId, { at: 1, by: 'ada', reason: 'another try' })
    await runtime.delete(runId)
    const run = await runtime.open(fork)
    const [request] = await run.requests()
    await run.decide(request?.id ?? '', { outcome: 'rejected', by: 'bo', reason: 'no' })
    expect((await run.result({ until: 'end' })).status).toBe('completed')
    expect((await replayRun(runtime.store, seats, fork)).divergence).toBeNull()
    expect(await auditRun(runtime.store, fork)).toMatchObject({
      chain: { isIntact: true },
      missingOrigin: { runId, sequence: 1 },
    })
  })
})
