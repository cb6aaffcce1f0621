import { afterEach, describe, expect, it } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { mortalView } from '../../test/support/store-view.ts'
import { agentWorkflow, raceWorkflow, tourWorkflow } from '../../test/compensation/tours.ts'
import { trip, tripWorkflow, untilAborted, World } from '../../test/compensation/trips.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { Workflow } from '../define/workflow.ts'
import { nodeError } from '../errors/node-error.ts'
import { auditRun } from '../replay/audit-run.ts'
import { forkRun } from '../replay/fork-run.ts'
import { readHistory } from '../replay/history.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Liveness } from './liveness.ts'
import type { RunEvent } from './run-event.ts'
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

const down = (): never => {
  throw nodeError('WAYSTONE_NODE_THREW', 'it is down', { retryable: false })
}

/** Runs a workflow to its end. */
async function runOf(workflow: Workflow, options: RuntimeOptions = {}) {
  const clock = createManualClock()
  const runtime = runtimeWith({ models: {}, ...options, workflows: [workflow], clock })
  const run = await runtime.start(workflow, { input: {} })
  const ended = run.result()
  await clock.advance(0)
  return {
    runtime,
    run,
    clock,
    ended,
    divergence: async () => (await replayRun(runtime.store, workflow, run.runId)).divergence,
  }
}

describe('compensation across levels, branches and agents', () => {
  it('undoes what nested workflows that ended well did, when the run around them fails', async () => {
    const world = new World()
    world.ways.set('pay', down)
    const { ended, divergence, run, runtime } = await runOf(tourWorkflow(world))
    expect(await ended).toMatchObject({ status: 'failed', compensation: { done: 5 } })
    expect(world.undone).toEqual(['second tour', 'second bus', 'first tour', 'first bus', 'night'])
    expect(world.calls.at(-2)).toMatchObject({ name: 'undo first bus', given: 'id of first bus' })
    expect(await divergence()).toBeNull()
    const audit = await auditRun(runtime.store, run.runId)
    expect(audit.chain.isIntact).toBe(true)
    expect(audit.compensations).toMatchObject([
      { node: 'second/tour', step: 7, attempt: 1, outcome: 'done' },
      { node: 'second/bus', step: 6 },
      { node: 'first/tour', step: 3 },
      { node: 'first/bus', step: 2 },
      { node: 'night', step: 0 },
    ])
    const told = await readHistory(runtime.store, run.runId)
    const paths = told.checkpoints.filter(({ step }) => step?.kind === 'compensate').map(({ step }) => step?.node)
    expect(paths).toEqual(['second/tour', 'second/bus', 'first/tour', 'first/bus', 'night'])
  })

  it('lets a nested workflow that fails undo its own part, and the run go on', async () => {
    const world = new World()
    world.ways.set('check second', down)
    world.ways.set('undo second bus', 2)
    const { ended, clock, divergence } = await runOf(tourWorkflow(world, { without: true }))
    await clock.advance(100)
    expect(await ended).toMatchObject({
      status: 'completed',
      compensation: { done: 1, failed: [{ node: 'second/bus', outcome: 'failed' }] },
    })
    expect(world.undone).toEqual(['second tour', 'second bus', 'second bus'])
    expect(await divergence()).toBeNull()
  })

  it('undoes its own part first and then that of the run, when both fail', async () => {
    const world = new World()
    world.ways.set('check second', down)
    const { ended } = await runOf(tourWorkflow(world))
    expect(await ended).toMatchObject({ status: 'failed', compensation: { done: 5 } })
    expect(world.undone).toEqual(['second tour', 'second bus', 'first tour', 'first bus', 'night'])
  })

  it('takes over what a cancelled nested workflow did, and what it was undoing just then', async () => {
    const world = new World()
    world.ways.set('check second', down)
    let finish: () => void = () => undefined
    world.ways.set('undo second tour', () => new Promise<void>((resolve) => (finish = resolve)))
    const { run, ended, clock, divergence } = await runOf(tourWorkflow(world, { without: true }))
    expect(await run.cancel({ by: 'ada', reason: 'enough' })).toMatchObject({ type: 'applied' })
    await clock.advance(5_000)
    expect(world.undone).toEqual(['second tour'])
    finish()
    await clock.advance(0)
    expect(await ended).toMatchObject({ status: 'cancelled', compensation: { done: 5 } })
    expect(world.undone).toEqual(['second tour', 'second bus', 'first tour', 'first bus', 'night'])
    expect(await divergence()).toBeNull()
  })

  it('undoes branches of a fork in reverse of the order in which they ended', async () => {
    const world = new World()
    world.ways.set('pay', down)
    const { ended, divergence } = await runOf(raceWorkflow(world))
    expect(await ended).toMatchObject({ status: 'failed', compensation: { done: 3 } })
    expect(world.undone).toEqual(world.names.slice(0, 3).toReversed())
    expect(await divergence()).toBeNull()
  })

  it('undoes what a losing branch did, too, when the run fails', async () => {
    const world = new World()
    world.ways.set('pay', down)
    world.ways.set('more', untilAborted())
    const { ended, clock } = await runOf(raceWorkflow(world, { atLeast: 1 }))
    await clock.advance(2_000)
    expect(await ended).toMatchObject({ status: 'failed', compensation: { done: 3 } })
    expect(new Set(world.undone)).toEqual(new Set(['left', 'more', 'right']))
  })

  it('undoes the calls of an agent by the arguments they were made with', async () => {
    const world = new World()
    world.ways.set('pay', down)
    const model = scripted(asks(['book', { what: 'one' }], ['book', { what: 'two' }]), says({ said: 'booked' }))
    const { ended, divergence } = await runOf(agentWorkflow(world), { models: { planner: model } })
    expect(await ended).toMatchObject({ status: 'failed', compensation: { done: 2 } })
    expect(world.calls.slice(-2).map(({ name, given }) => [name, given])).toEqual([
      ['undo two', 'id of two'],
      ['undo one', 'id of one'],
    ])
    expect(await divergence()).toBeNull()
  })
})

const dead: Liveness = { self: () => ({ host: 'here', pid: 1, processStartedAt: '1' }), stateOf: () => 'dead' }

describe('compensation and crashes', () => {
  it('goes on where it was, wherever its process dies, and undoes each step once under one effect id', async () => {
    for (let die = 1; die < 40; die++) {
      const world = new World()
      world.ways.set('pay', down)
      const store = createMemoryStore()
      let calls = 0
      const mortal = mortalView(store, (method, kill) => {
        if (method === 'commit' && ++calls === die) kill()
      })
      const workflow = tripWorkflow(world)
      const first = createRuntime({ workflows: [workflow], models: {}, store: mortal.store, liveness: dead })
      const started = await Promise.race([
        first.start(workflow, trip),
        new Promise<undefined>((resolve) => setImmediate(() => setImmediate(() => resolve(undefined)))),
      ])
      for (let turn = 0; turn < 60; turn++) await new Promise((resolve) => void setImmediate(resolve))
      const runId = started?.runId ?? (await store.list({})).rows[0]?.runId
      mortal.kill()
      if (runId === undefined) continue
      const second = runtimeWith({ workflows: [workflow], models: {}, store, liveness: dead })
      const run = await second.open(runId)
      await run.resume()
      expect(await run.result(), `dies at commit ${die}`).toMatchObject({ status: 'failed', compensation: { done: 4 } })
      const undone = world.calls.filter(({ name }) => name.startsWith('undo')).map(({ effect }) => effect)
      expect([...new Set(undone)], `dies at commit ${die}`).toEqual(['2/1/undo', '2/0/undo', '1/undo', '0/undo'])
      expect((await replayRun(store, workflow, run.runId)).divergence).toBeNull()
      void first
    }
  })
})

describe('compensation, told and forked', () => {
  it('is told as events, with what each step undoes', async () => {
    const world = new World()
    world.ways.set('check second', down)
    const { ended, run } = await runOf(tourWorkflow(world))
    await ended
    const told: string[] = []
    for await (const event of run.events()) told.push(lineOf(event))
    expect(told.filter((line) => line !== '')).toEqual([
      'compensation.started failed second',
      'undoes 7',
      'undoes 6',
      'compensation.ended second',
      'compensation.started failed',
      'undoes 3',
      'undoes 2',
      'undoes 0',
      'compensation.ended',
    ])
  })

  it('is the business of the run that did it: a fork begins with nothing to undo, and not while its origin undoes', async () => {
    const world = new World()
    world.ways.set('pay', down)
    const { ended, runtime, run } = await runOf(tourWorkflow(world))
    const { sequence } = await ended
    const how = { by: 'ada', reason: 'again' }
    await expect(forkRun(runtime, run.runId, { ...how, at: sequence - 1 })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_FORK',
    })
    await expect(forkRun(runtime, run.runId, { ...how, at: 4 })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_FORK_UNDONE',
    })
    const before = world.undone.length
    const forked = await runtime.open(await forkRun(runtime, run.runId, { ...how, at: 4, afterUndo: true }))
    await forked.resume()
    expect(await forked.result()).toMatchObject({ status: 'failed' })
    expect(world.undone.slice(before)).not.toContain('night')
    expect((await replayRun(runtime.store, tourWorkflow(world), forked.runId)).divergence).toBeNull()
  })
})

function lineOf(event: RunEvent): string {
  if (event.type === 'step.started' && event.undoes !== undefined) return `undoes ${event.undoes}`
  if (event.type === 'compensation.started') return `${event.type} ${event.status} ${event.within ?? ''}`.trim()
  return event.type === 'compensation.ended' ? `${event.type} ${event.within ?? ''}`.trim() : ''
}
