import { describe, expect, it, onTestFinished } from 'vitest'
import { begin as beginRun } from '../../test/compensation/begin.ts'
import { Gate, refused } from '../../test/compensation/orders.ts'
import { World } from '../../test/compensation/trips.ts'
import { bookingAgent, chainWorkflow, dayWorkflow, racedWorkflow } from '../../test/compensation/withheld.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { mortalView } from '../../test/support/store-view.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { Workflow } from '../define/workflow.ts'
import { auditRun } from '../replay/audit-run.ts'
import { readHistory } from '../replay/history.ts'
import { createRuntime } from './create-runtime.ts'
import type { Liveness } from './liveness.ts'
import type { RuntimeOptions } from './runtime.ts'

const who = { by: 'ada', reason: 'changed plans' }

async function begin(workflow: Workflow, options: RuntimeOptions = {}) {
  const begun = await beginRun(workflow, options)
  const { run, runtime } = begun
  /** What ended without having begun, by node. */
  const unbegun = async (): Promise<readonly unknown[]> => {
    const { checkpoints } = await readHistory(runtime.store, run.runId)
    return checkpoints.flatMap(({ event, step, usage }) =>
      event.type === 'effect.ended' && event.payload.error?.code === 'WAYSTONE_NODE_ABORTED'
        ? [{ node: step?.node, usage, outcome: event.payload.outcome, message: event.payload.error.message }]
        : [],
    )
  }
  return { ...begun, unbegun }
}

/** A run that is held while its first booking is under way, and whose second one is held back. */
async function heldBefore(workflow: Workflow, world: World, options: RuntimeOptions = {}) {
  const gate = new Gate()
  world.ways.set('room', gate.wait)
  const begun = await begin(workflow, options)
  await begun.run.hold({ by: 'ada', reason: 'wait' })
  gate.open()
  await begun.clock.settle()
  expect(await begun.run.status()).toMatchObject({ status: 'held', usage: { toolCalls: 1 } })
  return begun
}

describe('work that a hold keeps from beginning', () => {
  it('has certainly not happened when the run is cancelled: not charged, not undone, and told so', async () => {
    for (const effect of ['keyed', 'unsafe'] as const) {
      const world = new World()
      const { run, runtime, clock, unbegun, replayed } = await heldBefore(chainWorkflow(world, effect), world)
      await run.cancel(who)
      await clock.settle()
      expect(await run.result()).toMatchObject({
        status: 'cancelled',
        usage: { toolCalls: 1 },
        compensation: { done: 1 },
      })
      expect(world.names).toEqual(['room', 'undo room'])
      expect(await unbegun()).toEqual([
        { node: 'car', usage: null, outcome: 'failed', message: 'car was told to stop: it had not started' },
      ])
      expect(await replayed()).toBeNull()
      const { transitions } = await auditRun(runtime.store, run.runId)
      expect(transitions.filter(({ neverBegan }) => neverBegan).map(({ actor }) => actor)).toEqual(['node car'])
    }
  })

  it('has certainly not happened when the run is sent elsewhere', async () => {
    const world = new World()
    world.ways.set('after', refused)
    const { run, clock, unbegun } = await heldBefore(chainWorkflow(world), world)
    expect(await run.redirect({ ...who, to: 'after' })).toMatchObject({ type: 'applied' })
    await run.release(who)
    await clock.settle()
    expect(await run.result()).toMatchObject({ status: 'failed', usage: { toolCalls: 1 }, compensation: { done: 1 } })
    expect(world.names).toEqual(['room', 'after', 'undo room'])
    expect(await unbegun()).toMatchObject([{ node: 'car', outcome: 'failed', usage: null }])
  })

  it('has certainly not happened when its branch loses, whoever drives the run then', async () => {
    for (const isResting of [true, false]) {
      const world = new World()
      const [fast, room] = [new Gate(), new Gate()]
      world.ways.set('fast', fast.wait)
      world.ways.set('room', room.wait)
      world.ways.set('after', refused)
      const { run, clock, unbegun, replayed } = await begin(racedWorkflow(world))
      await run.hold(who)
      room.open()
      if (isResting) await clock.settle()
      fast.open()
      await clock.settle()
      await run.release(who)
      await clock.settle()
      expect(await run.result()).toMatchObject({ status: 'failed', usage: { toolCalls: 1 }, compensation: { done: 1 } })
      expect(world.names).toEqual(['fast', 'room', 'after', 'undo room'])
      expect(await unbegun()).toMatchObject([{ node: 'car', outcome: 'failed', usage: null }])
      expect(await replayed()).toBeNull()
    }
  })

  it('counts for the attempt before it, which may have happened', async () => {
    const world = new World()
    const gate = new Gate()
    world.ways.set('room', async () => {
      await gate.wait()
      throw new TypeError('the line went dead')
    })
    const { run, clock } = await begin(chainWorkflow(world))
    await run.hold(who)
    gate.open()
    await clock.settle()
    expect(await run.status()).toMatchObject({ status: 'held', usage: { toolCalls: 1 } })
    await run.cancel(who)
    await clock.settle()
    expect(await run.result()).toMatchObject({
      status: 'cancelled',
      usage: { toolCalls: 1 },
      compensation: { done: 1 },
    })
    expect(world.names).toEqual(['room', 'undo room'])
  })

  it('has certainly not happened inside nested workflows and items of maps', async () => {
    const world = new World()
    const gate = new Gate()
    world.ways.set('room one', gate.wait)
    world.ways.set('room two', gate.wait)
    const { run, clock, unbegun, replayed } = await begin(dayWorkflow(world))
    await run.hold(who)
    gate.open()
    await clock.settle()
    expect(await run.status()).toMatchObject({ status: 'held', usage: { toolCalls: 2 } })
    await run.cancel(who)
    await clock.settle()
    expect(await run.result()).toMatchObject({
      status: 'cancelled',
      usage: { toolCalls: 2 },
      compensation: { done: 2 },
    })
    expect(world.undone).toEqual(['room two', 'room one'])
    expect(await unbegun()).toMatchObject([{ node: 'days/car' }, { node: 'days/car' }])
    expect(await replayed()).toBeNull()
  })

  it('is no call of a model that anybody pays for', async () => {
    const world = new World()
    const gate = new Gate()
    world.ways.set('one', gate.wait)
    const model = scripted(asks(['book', { what: 'one' }]), says({ said: 'booked' }))
    const { run, clock } = await begin(bookingAgent(world), { models: { booker: model } })
    await run.hold(who)
    gate.open()
    await clock.settle()
    await run.cancel(who)
    await clock.settle()
    expect(await run.result()).toMatchObject({
      status: 'cancelled',
      usage: { modelCalls: 1, toolCalls: 1, inputTokens: 100, estimatedCalls: 0 },
      compensation: { done: 1 },
    })
  })

  it('begins after the release as ever, and may have happened then', async () => {
    const world = new World()
    const { run, clock } = await heldBefore(chainWorkflow(world), world)
    const gate = new Gate()
    world.ways.set('car', gate.wait)
    await run.release(who)
    await clock.settle()
    await run.cancel(who)
    await clock.advance(2_000)
    expect(await run.result()).toMatchObject({
      status: 'cancelled',
      usage: { toolCalls: 2 },
      compensation: { done: 2 },
    })
    expect(world.undone).toEqual(['car', 'room'])
  })

  it('is left undone where it would have undone something, when that is cancelled twice', async () => {
    const world = new World()
    const gate = new Gate()
    world.ways.set('after', refused)
    world.ways.set('undo car', gate.wait)
    const { run, clock, replayed } = await begin(chainWorkflow(world))
    await run.hold(who)
    gate.open()
    await clock.settle()
    expect(await run.status()).toMatchObject({ status: 'held', compensation: { done: 1 } })
    await run.cancel(who)
    await run.cancel({ by: 'bob', reason: 'leave it' })
    await clock.settle()
    expect(await run.result()).toMatchObject({
      status: 'failed',
      compensation: { done: 1, left: [{ node: 'room', step: 0 }], stopped: { by: 'bob' } },
    })
    expect((await run.result()).compensation?.failed).toBeUndefined()
    expect(await replayed()).toBeNull()
  })
})

const dead: Liveness = { self: () => ({ host: 'here', pid: 1, processStartedAt: '1' }), stateOf: () => 'dead' }

describe('work whose process died', () => {
  it('has certainly not happened where it is unsafe and was not marked', async () => {
    for (const [effect, names] of [
      ['unsafe', ['room', 'undo room']],
      ['keyed', ['room', 'undo car', 'undo room']],
    ] as const) {
      const world = new World()
      const store = createMemoryStore()
      let marks = 0
      let commits = 0
      // It dies before the car is marked, or where nothing is marked before it is begun.
      const mortal = mortalView(store, (method, kill) => {
        if (method === 'markStarted' && ++marks === 2) kill()
        if (method === 'commit' && ++commits === 2) kill()
      })
      world.ways.set('car', () => new Promise(() => undefined))
      const workflow = chainWorkflow(world, effect)
      const clock = createManualClock()
      const options = { workflows: [workflow], models: {}, liveness: dead, clock }
      const first = createRuntime({ ...options, store: mortal.store })
      const { runId } = await first.start(workflow, { input: {} })
      await clock.settle()
      mortal.kill()
      world.calls.splice(1)
      const second = createRuntime({ ...options, store })
      onTestFinished(() => second.close())
      const run = await second.open(runId)
      await run.cancel(who)
      await clock.advance(2_000)
      expect(await run.result()).toMatchObject({ status: 'cancelled' })
      expect(world.names, effect).toEqual(names)
    }
  })
})
