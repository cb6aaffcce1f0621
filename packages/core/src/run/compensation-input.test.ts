import { describe, expect, it, onTestFinished } from 'vitest'
import { begin } from '../../test/compensation/begin.ts'
import {
  Gate,
  itemsWorkflow,
  lateWorkflow,
  order,
  refused,
  revisitedWorkflow,
  seenWorkflow,
  sendWorkflow,
} from '../../test/compensation/orders.ts'
import { World } from '../../test/compensation/trips.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { mortalView } from '../../test/support/store-view.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { nodeError } from '../errors/node-error.ts'
import { forkRun } from '../replay/fork-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Liveness } from './liveness.ts'

/** What was given to whatever undid something, in order. */
function givenOf(world: World): readonly unknown[] {
  return world.calls.flatMap(({ name, given }) => (name.startsWith('undo') ? [given] : []))
}

const who = { by: 'ada', reason: 'wrong order' }
const second = { ...who, state: { order: 'second' } }

describe('what is undone, as it was begun', () => {
  it('is what a branch that lost had read, whatever was written before it ended', async () => {
    const world = new World()
    const gate = new Gate()
    world.ways.set('late', gate.wait)
    world.ways.set('pay', gate.wait)
    const { run, clock, replayed } = await begin(lateWorkflow(world), order)
    await clock.settle()
    expect(world.names).toEqual(['late', 'pay'])
    world.ways.set('pay', refused)
    await run.cancel(who)
    gate.open()
    const ended = run.result()
    await clock.advance(2_000)
    expect(await ended).toMatchObject({ status: 'cancelled', compensation: { done: 1 } })
    expect(givenOf(world)).toMatchObject([{ input: { order: 'first' }, state: { order: 'first' }, outcome: 'done' }])
    expect(await replayed()).toBeNull()
  })

  it('is the state as it was at the fork, for a node that sees that', async () => {
    const world = new World()
    world.ways.set('pay', refused)
    const { run, replayed } = await begin(seenWorkflow(world), order)
    expect(await run.result()).toMatchObject({ status: 'failed', compensation: { done: 1 } })
    expect(world.calls[0]?.given).toBe('first')
    expect(givenOf(world)).toMatchObject([{ input: { order: 'first' }, state: { order: 'first' } }])
    expect(await replayed()).toBeNull()
  })

  it('is what the call of an agent was made with that has been entered anew since', async () => {
    const world = new World()
    const [gate, first] = [new Gate(), new Gate()]
    world.ways.set('send one', gate.wait)
    world.ways.set('fast', first.wait)
    const model = scripted(asks(['send', { order: 'one' }]), says({ said: 'sent' }))
    const { run, clock, replayed } = await begin(revisitedWorkflow(world), { ...order, models: { sender: model } })
    await clock.settle()
    world.ways.set('fast', gate.wait)
    first.open()
    await clock.settle()
    expect(world.names).toEqual(['fast', 'send one', 'fast'])
    gate.open()
    const ended = run.result()
    await clock.advance(2_000)
    expect(await ended).toMatchObject({ status: 'failed', compensation: { done: 1 } })
    expect(model.requests).toHaveLength(2)
    expect(givenOf(world)).toMatchObject([{ input: { order: 'one' } }])
    expect(await replayed()).toBeNull()
  })

  it('is what a step was begun with, when an operator changes the state under it', async () => {
    const world = new World()
    const gate = new Gate()
    world.ways.set('send', gate.wait)
    world.ways.set('pay', refused)
    const { run, clock } = await begin(sendWorkflow(world), order)
    await clock.settle()
    expect(await run.patch(second)).toMatchObject({ type: 'applied' })
    gate.open()
    expect(await run.result()).toMatchObject({ status: 'failed', compensation: { done: 1 } })
    expect(givenOf(world)).toMatchObject([
      { input: { order: 'first' }, state: { order: 'first' }, output: { sent: 'first' } },
    ])
  })

  it('is what a step was begun with that ran on while the run was held, changed and released', async () => {
    const world = new World()
    const gate = new Gate()
    world.ways.set('send', gate.wait)
    world.ways.set('pay', refused)
    const { run, clock } = await begin(sendWorkflow(world), order)
    await clock.settle()
    await run.hold(who)
    expect(await run.patch(second)).toMatchObject({ type: 'applied' })
    await run.release(who)
    gate.open()
    expect(await run.result()).toMatchObject({ status: 'failed', compensation: { done: 1 } })
    expect(givenOf(world)).toMatchObject([{ input: { order: 'first' } }])
  })

  it('is what the attempt was begun with that may have happened', async () => {
    const happens = async (last: 'done' | 'failed'): Promise<readonly unknown[]> => {
      const world = new World()
      const gate = new Gate()
      world.ways.set('send', 1)
      world.ways.set('beside', gate.wait)
      world.ways.set('pay', refused)
      const { run, clock } = await begin(sendWorkflow(world, { attempts: 2 }), order)
      await clock.settle()
      expect(await run.patch(second)).toMatchObject({ type: 'applied' })
      await run.hold(who)
      await run.release(who)
      if (last === 'failed') world.ways.set('send', refused)
      const ended = run.result()
      gate.open()
      await clock.advance(1_000)
      expect(await ended).toMatchObject({ status: 'failed', compensation: { done: 1 } })
      expect(world.calls.filter(({ name }) => name === 'send').map(({ given }) => given)).toEqual(['first', 'second'])
      return givenOf(world)
    }
    expect(await happens('done')).toMatchObject([{ input: { order: 'second' }, outcome: 'done' }])
    expect(await happens('failed')).toMatchObject([{ input: { order: 'first' }, outcome: 'unknown' }])
  })

  it('is what work was begun with of which a person says that it happened', async () => {
    const world = new World()
    world.ways.set('send', () => {
      throw nodeError('WAYSTONE_NODE_OUTCOME_UNKNOWN', 'the line went dead')
    })
    world.ways.set('pay', refused)
    const { run, clock } = await begin(sendWorkflow(world, { effect: 'unsafe' }), order)
    await clock.settle()
    expect(await run.patch(second)).toMatchObject({ type: 'applied' })
    const [request] = await run.requests()
    await run.decide(request ?? '', { outcome: 'happened', ...who })
    expect(await run.result()).toMatchObject({ status: 'failed', compensation: { done: 1 } })
    expect(givenOf(world)).toMatchObject([{ input: { order: 'first' }, outcome: 'done' }])
  })

  it('is what each item of a map was begun with', async () => {
    const world = new World()
    const gate = new Gate()
    world.ways.set('send first 1', gate.wait)
    world.ways.set('pay', refused)
    const { run, clock, replayed } = await begin(itemsWorkflow(world), order)
    await clock.settle()
    await run.patch(second)
    gate.open()
    expect(await run.result()).toMatchObject({ status: 'failed', compensation: { done: 2 } })
    expect(givenOf(world)).toMatchObject([{ input: { order: 'second 2' } }, { input: { order: 'first 1' } }])
    expect(await replayed()).toBeNull()
  })

  it('is what an item was begun with in a run that was forked in the middle of its map', async () => {
    const world = new World()
    world.ways.set('pay', refused)
    const { run, runtime } = await begin(itemsWorkflow(world), order)
    const { sequence } = await run.result()
    // Once the first item has ended.
    const at = 2
    expect(sequence).toBeGreaterThan(at)
    const undone = givenOf(world).length
    const forked = await runtime.open(await forkRun(runtime, run.runId, { ...who, at, afterUndo: true }))
    await forked.resume()
    expect(await forked.result()).toMatchObject({ status: 'failed', compensation: { done: 1 } })
    expect(givenOf(world).slice(undone)).toMatchObject([{ input: { order: 'first 2' } }])
  })
})

const dead: Liveness = { self: () => ({ host: 'here', pid: 1, processStartedAt: '1' }), stateOf: () => 'dead' }

describe('what is undone, by a process that did not begin it', () => {
  it('is what a branch that lost had read, when its process died before it ended', async () => {
    for (const effect of ['unsafe', 'keyed'] as const) {
      const world = new World()
      const gate = new Gate()
      world.ways.set('late', gate.wait)
      world.ways.set('pay', gate.wait)
      const workflow = lateWorkflow(world, { effect })
      const store = createMemoryStore()
      const mortal = mortalView(store)
      const clock = createManualClock()
      const options = { workflows: [workflow], models: {}, liveness: dead, clock }
      const first = createRuntime({ ...options, store: mortal.store })
      const { runId } = await first.start(workflow, order)
      await clock.settle()
      expect(world.names).toEqual(['late', 'pay'])
      mortal.kill()
      world.ways.set('pay', refused)
      const runtime = createRuntime({ ...options, store })
      onTestFinished(() => runtime.close())
      const run = await runtime.open(runId)
      await run.resume()
      expect(await run.result()).toMatchObject({ status: 'failed', compensation: { done: 1 } })
      expect(givenOf(world), effect).toMatchObject([{ input: { order: 'first' }, outcome: 'unknown' }])
    }
  })
})
