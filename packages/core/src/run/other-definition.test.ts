import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { mortalView } from '../../test/support/store-view.ts'
import type { RunId } from '../base/ids.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { Store } from '../checkpoint/store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { readHistory } from '../replay/history.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Liveness } from './liveness.ts'
import type { Run, Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ order: z.string(), pnr: z.string().optional() })
const confirmed = w.event('confirmed', z.object({ pnr: z.string() }))
const undone: string[] = []

/** The same workflow but for one limit. */
function desk(toolCalls: number) {
  const n = w.nodes({
    book: w.task({
      effect: 'keyed',
      reads: ['order'],
      run: () => ({}),
      compensate: { run: ({ effectId }) => void undone.push(effectId) },
    }),
    paid: w.wait({ for: confirmed, writes: ['pnr'], apply: ({ pnr }) => ({ pnr }) }),
    again: w.task({ effect: 'pure', redirectable: true, run: () => ({}) }),
  })
  return w.workflow('desk', {
    input: z.object({ order: z.string() }),
    output: ['pnr'],
    nodes: n,
    start: n.book,
    edges: { book: { done: n.paid }, paid: { received: n.again }, again: { done: END } },
    limits: { toolCalls },
  })
}

function runtimeWith(store: Store, ...workflows: readonly ReturnType<typeof desk>[]): Runtime {
  const runtime = createRuntime({ store, workflows })
  open.push(runtime)
  return runtime
}

/** A run that waits, opened where the workflow has another limit by now, and where none is known. */
async function changed(toolCalls: number | null = 41): Promise<{ run: Run; store: Store; runtime: Runtime }> {
  const store = createMemoryStore()
  const first = createRuntime({ store })
  const begun = await first.start(desk(40), { input: { order: 'o-1' }, key: 'o-1' })
  await begun.result()
  await first.close()
  const runtime = toolCalls === null ? runtimeWith(store) : runtimeWith(store, desk(toolCalls))
  return { run: await runtime.open(begun.runId), store, runtime }
}

const dead: Liveness = { self: () => ({ host: 'here', pid: 1, processStartedAt: '1' }), stateOf: () => 'dead' }

/** Books and does not come back. */
function booking(toolCalls: number, isGuarded: boolean, onBegun = (): void => undefined) {
  const isUrgent = w.guard('isUrgent', ['order'], ({ order }) => order === 'o-1')
  const n = w.nodes({
    book: w.task({
      effect: 'unsafe',
      reads: ['order'],
      run: () => {
        onBegun()
        return new Promise<undefined>(() => undefined)
      },
    }),
    look: w.approval({ show: ['order'] }),
  })
  return w.workflow('booking', {
    input: z.object({ order: z.string() }),
    output: [],
    nodes: n,
    start: n.book,
    edges: {
      book: { done: n.look, ...(isGuarded && { unknown: [{ to: n.look, when: isUrgent }, { to: END }] }) },
      look: { approved: END, rejected: END },
    },
    limits: { toolCalls },
  })
}

/** A run whose process died in the middle of an unsafe effect, opened where the workflow has another limit by now. */
async function abandoned(isGuarded: boolean): Promise<{ run: Run; store: Store }> {
  const store = createMemoryStore()
  const working = Promise.withResolvers<void>()
  const mortal = mortalView(store)
  const first = createRuntime({ store: mortal.store, liveness: dead })
  const begun = await first.start(booking(40, isGuarded, working.resolve), { input: { order: 'o-1' } })
  await working.promise
  mortal.kill()
  const other = createRuntime({ store, liveness: dead, workflows: [booking(41, isGuarded)] })
  open.push(other)
  return { run: await other.open(begun.runId), store }
}

async function eventsOf(store: Store, runId: RunId): Promise<readonly string[]> {
  const { checkpoints } = await readHistory(store, runId)
  return checkpoints.map(({ event }) =>
    event.type === 'effect.ended' ? `effect.ended ${event.payload.outcome}` : event.type,
  )
}

const by = { by: 'eve', reason: 'odd' }

describe('a run of another definition than this process knows', () => {
  it.each([41, null])(
    'is held and cancelled all the same; what it did is undone by who knows how (H7)',
    async (limit) => {
      const { run, store } = await changed(limit)
      expect(await run.hold(by)).toEqual({ type: 'applied', sequence: 2 })
      expect(await run.hold(by)).toMatchObject({ type: 'refused', reason: 'already-held' })
      expect((await store.row(run.runId))?.status).toBe('held')
      expect(await run.cancel(by)).toEqual({ type: 'applied', sequence: 3 })
      expect((await store.row(run.runId))?.lease).toBeNull()
      undone.length = 0
      const right = await runtimeWith(store, desk(40)).open(run.runId)
      await right.resume()
      expect(await right.result()).toMatchObject({ status: 'cancelled', compensation: { done: 1 } })
      expect(undone).toHaveLength(1)
      expect((await replayRun(store, desk(40), run.runId)).divergence).toBeNull()
    },
  )

  it('keeps an event that is sent to it, and says why nobody takes it yet (H4)', async () => {
    const { run, store, runtime } = await changed()
    const receipt = await runtime.send({ workflow: 'desk', key: 'o-1' }, confirmed, { pnr: 'P1' }, { id: 'e1' })
    expect(receipt).toEqual({
      type: 'delivered',
      eventId: 'sent/e1',
      message: expect.stringMatching(
        /the event is kept until a process takes it .* what differs: limits\.bounds\.toolCalls\.max/,
      ) as string,
    })
    expect(await runtime.send(run.runId, confirmed, { pnr: 'P1' }, { id: 'e1' })).toEqual({ type: 'duplicate' })
    expect(await runtime.send(run.runId, 'unheard', null)).toMatchObject({ type: 'refused', reason: 'not-awaited' })
    const right = await runtimeWith(store, desk(40)).open(run.runId)
    await right.resume()
    expect(await right.result()).toMatchObject({ status: 'completed', output: { pnr: 'P1' } })
  })

  it('refuses what it cannot use as soon as somebody takes it who knows its schema, and keeps why', async () => {
    const { run, store } = await changed()
    // Of a process that knows no schema.
    expect(await run.send('confirmed', { pnr: 7 })).toMatchObject({ type: 'delivered' })
    const right = await runtimeWith(store, desk(40)).open(run.runId)
    await right.resume()
    expect(await right.result()).toMatchObject({ status: 'waiting' })
    expect(await run.refused()).toMatchObject([{ type: 'event.received', reason: 'bad-payload' }])
  })

  it('keeps a redirect and a release, and refuses a patch, which needs the schemas of its state', async () => {
    const { run, store } = await changed()
    expect(await run.redirect({ ...by, to: 'again' })).toMatchObject({ type: 'delivered' })
    await expect(run.patch({ ...by, state: { order: 'x' } })).rejects.toMatchObject({
      code: 'WAYSTONE_REPLAY_DEFINITION_CHANGED',
      message: expect.stringContaining('fork the run onto the new one') as string,
    })
    const right = await runtimeWith(store, desk(40)).open(run.runId)
    await right.resume()
    expect(await right.result()).toMatchObject({ status: 'completed' })
  })

  it('says of what was kept that the run was cancelled meanwhile', async () => {
    const store = createMemoryStore()
    const plain = (steps: number) => {
      const n = w.nodes({ paid: w.wait({ for: confirmed, writes: ['pnr'] }) })
      const edges = { paid: { received: END } }
      const input = z.object({ order: z.string() })
      return w.workflow('plain', { input, output: ['pnr'], nodes: n, start: n.paid, edges, limits: { steps } })
    }
    const first = createRuntime({ store })
    const begun = await first.start(plain(9), { input: { order: 'o-1' } })
    await begun.result()
    await first.close()
    const run = await runtimeWith(store, plain(8)).open(begun.runId)
    const kept = await run.send(confirmed, { pnr: 'P1' })
    expect(await run.cancel(by)).toMatchObject({ type: 'applied' })
    expect((await run.status()).status).toBe('cancelled')
    expect(kept.type === 'delivered' && (await run.became(kept.eventId))).toMatchObject({ reason: 'run-ended' })
  })

  it.each(['hold', 'cancel'] as const)(
    'says at a %s that what its dead process had begun may have happened (T5)',
    async (move) => {
      const { run, store } = await abandoned(false)
      expect(await run[move](by)).toEqual({ type: 'applied', sequence: 2 })
      expect(await eventsOf(store, run.runId)).toEqual(['run.started', 'effect.ended unknown', `run.${move}`])
      expect((await replayRun(store, booking(40, false), run.runId)).divergence).toBeNull()
    },
  )

  it('leaves to who knows its guards what has come of an effect that leads on by one', async () => {
    const { run, store } = await abandoned(true)
    expect(await run.hold(by)).toEqual({ type: 'applied', sequence: 1 })
    const right = createRuntime({ store, liveness: dead, workflows: [booking(40, true)] })
    open.push(right)
    const again = await right.open(run.runId)
    await again.resume()
    await again.result()
    expect(await eventsOf(store, run.runId)).toEqual(['run.started', 'run.hold', 'effect.ended unknown'])
    expect((await replayRun(store, booking(40, true), run.runId)).divergence).toBeNull()
  })
})
