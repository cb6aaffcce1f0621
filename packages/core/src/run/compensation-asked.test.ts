import { describe, expect, it } from 'vitest'
import { begin } from '../../test/compensation/begin.ts'
import { refused } from '../../test/compensation/orders.ts'
import { World } from '../../test/compensation/trips.ts'
import { bookingAgent, chainWorkflow } from '../../test/compensation/withheld.ts'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import type { Workflow } from '../define/workflow.ts'
import { nodeError } from '../errors/node-error.ts'
import { forkRun } from '../replay/fork-run.ts'
import type { RuntimeOptions } from './runtime.ts'

const who = { by: 'ada', reason: 'changed plans' }

const lost = (): never => {
  throw nodeError('WAYSTONE_NODE_OUTCOME_UNKNOWN', 'the line went dead')
}

/** A run in which a person is asked what became of a booking. */
async function asked(workflow: Workflow, world: World, options: RuntimeOptions = {}) {
  world.ways.set('car', lost)
  const begun = await begin(workflow, options)
  const { run, clock } = begun
  const [request] = await run.requests()
  expect(request).toMatchObject({ kind: 'unknown' })
  world.ways.delete('car')
  const end = async () => {
    const ended = run.result()
    await clock.advance(1)
    return await ended
  }
  return { ...begun, request: request ?? '', end }
}

describe('work that a person is asked about', () => {
  it('is undone when the run is cancelled before anybody has answered', async () => {
    const world = new World()
    const { run, end, replayed } = await asked(chainWorkflow(world, 'unsafe'), world)
    await run.cancel(who)
    expect(await end()).toMatchObject({ status: 'cancelled', compensation: { done: 2 } })
    expect(world.names).toEqual(['room', 'car', 'undo car', 'undo room'])
    expect(await replayed()).toBeNull()
  })

  it('is undone as a call of an agent, too', async () => {
    const world = new World()
    const model = scripted(asks(['book', { what: 'car' }]), says({ said: 'booked' }))
    const { run, end } = await asked(bookingAgent(world, 'unsafe'), world, { models: { booker: model } })
    await run.cancel(who)
    expect(await end()).toMatchObject({ status: 'cancelled', compensation: { done: 1 } })
    expect(world.undone).toEqual(['car'])
  })

  it('is undone once it is said to have happened, and not when it is said that it did not', async () => {
    for (const [outcome, undone] of [
      ['happened', ['car', 'room']],
      ['failed', ['room']],
      // It is done again then.
      ['did-not-happen', ['car', 'room']],
    ] as const) {
      const world = new World()
      world.ways.set('after', refused)
      const { run, request, end, replayed } = await asked(chainWorkflow(world, 'unsafe'), world)
      const given = outcome === 'happened' ? { result: { id: 'car' } } : {}
      expect(await run.decide(request, { outcome, ...given, ...who })).toMatchObject({ type: 'applied' })
      expect(await end(), outcome).toMatchObject({ status: 'failed', compensation: { done: undone.length } })
      expect(world.undone, outcome).toEqual(undone)
      expect(await replayed()).toBeNull()
    }
  })

  it('is the business of the run that did it, not of a fork in which it is asked about as well', async () => {
    const world = new World()
    world.ways.set('after', refused)
    const { run, runtime, clock } = await asked(chainWorkflow(world, 'unsafe'), world)
    const { sequence } = await run.status()
    const forked = await runtime.open(await forkRun(runtime, run.runId, { ...who, at: sequence }))
    const [again] = await forked.requests()
    await forked.decide(again ?? '', { outcome: 'happened', result: { id: 'car' }, ...who })
    await clock.advance(1)
    expect(await forked.result()).toMatchObject({ status: 'failed' })
    expect(world.undone).toEqual([])
    await run.cancel(who)
    await clock.advance(1)
    expect(await run.result()).toMatchObject({ status: 'cancelled', compensation: { done: 2 } })
  })
})
