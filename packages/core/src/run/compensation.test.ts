import { afterEach, describe, expect, it } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { trip, tripWorkflow, untilAborted, World, type TripOptions } from '../../test/compensation/trips.ts'
import { nodeError } from '../errors/node-error.ts'
import { auditRun } from '../replay/audit-run.ts'
import { readHistory } from '../replay/history.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Run, RunResult, Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

/** A run of the trips, and all there is to look at it. */
async function begin(options: TripOptions = {}, prepare: (world: World) => void = () => undefined) {
  const world = new World()
  prepare(world)
  const clock = createManualClock()
  const workflow = tripWorkflow(world, options)
  const runtime = createRuntime({ workflows: [workflow], models: {}, clock })
  open.push(runtime)
  const run: Run = await runtime.start(workflow, trip)
  const result = async (ms = 0): Promise<RunResult> => {
    const ended = run.result()
    await clock.advance(ms)
    return await ended
  }
  const replayed = async (): Promise<unknown> => (await replayRun(runtime.store, workflow, run.runId)).divergence
  const history = () => readHistory(runtime.store, run.runId)
  return { world, clock, runtime, workflow, run, result, replayed, history }
}

const down = (code: 'WAYSTONE_NODE_THREW' | 'WAYSTONE_NODE_OUTCOME_UNKNOWN') => () => {
  throw nodeError(code, 'it is down', { retryable: false })
}
const fails = (world: World) => void world.ways.set('pay', down('WAYSTONE_NODE_THREW'))
const cancelled = { by: 'ada', reason: 'changed plans' }

describe('compensation', () => {
  it('undoes in reverse what a failed run did, one checkpoint each, and leaves its status', async () => {
    const { world, run, runtime, result, replayed, history } = await begin({}, fails)
    expect(await result()).toMatchObject({
      status: 'failed',
      error: { code: 'WAYSTONE_NODE_THREW', message: 'it is down' },
      compensation: { done: 4 },
    })
    expect(world.calls.slice(5)).toMatchObject([
      { name: 'undo seat', effect: '2/1/undo', attempt: 1, given: { input: 'b' } },
      { name: 'undo seat', effect: '2/0/undo', attempt: 1, given: { input: 'a' } },
      {
        name: 'undo hotel',
        effect: '1/undo',
        attempt: 1,
        given: {
          input: { trip: 'rome', flight: 'F-rome' },
          output: { hotel: 'H-rome' },
          outcome: 'done',
          effectId: `${run.runId}/1`,
          state: { trip: 'rome', flight: 'F-rome' },
        },
      },
      { name: 'undo flight', effect: '0/undo', attempt: 1, given: { ticket: 'F-rome' } },
    ])
    expect(await replayed()).toBeNull()
    expect((await auditRun(runtime.store, run.runId)).compensations.map(({ node, tool }) => [node, tool])).toEqual([
      ['seats', undefined],
      ['seats', undefined],
      ['hotel', undefined],
      ['flight', 'cancel-flight'],
    ])
    const told = await history()
    const last = told.at(told.last).snapshot.context
    expect(told.checkpoints.filter(({ step }) => step?.kind === 'compensate').map(({ step }) => step?.node)).toEqual([
      'seats',
      'seats',
      'hotel',
      'flight',
    ])
    expect(last).not.toHaveProperty('undo')
    expect(last).not.toHaveProperty('undoing')
    expect(last.state).toEqual({ ...trip.input, flight: 'F-rome', hotel: 'H-rome' })
  })

  it('undoes nothing of a run that completes', async () => {
    const { world, result } = await begin()
    const ended = await result()
    expect(ended).toMatchObject({ status: 'completed' })
    expect(ended).not.toHaveProperty('compensation')
    expect(world.undone).toEqual([])
  })

  it('waits for what a cancelled run had under way, and undoes that first, as unknown (R9)', async () => {
    const { world, run, clock, result, replayed } = await begin({}, (on) => void on.ways.set('hotel', untilAborted()))
    await clock.settle()
    await run.cancel(cancelled)
    expect(await result(1)).toMatchObject({ status: 'cancelled', compensation: { done: 2 } })
    expect(world.calls.map(({ name, effect }) => `${name} ${effect}`)).toEqual([
      'flight 0',
      'hotel 1',
      'undo hotel 1/undo',
      'undo flight 0/undo',
    ])
    expect(world.calls[2]?.given).toMatchObject({ output: undefined, outcome: 'unknown', input: { trip: 'rome' } })
    expect(await replayed()).toBeNull()
  })

  it('tells what a step gave that ended well although it was told to stop', async () => {
    const { world, run, clock, result } = await begin(
      {},
      (on) =>
        void on.ways.set(
          'hotel',
          untilAborted(() => true),
        ),
    )
    await clock.settle()
    await run.cancel(cancelled)
    expect(await result(1)).toMatchObject({ status: 'cancelled', compensation: { done: 2 } })
    expect(world.calls[2]?.given).toMatchObject({ output: { hotel: 'H-rome' }, outcome: 'done' })
  })

  it('undoes nothing before all that was cancelled has settled, also where that takes its time', async () => {
    const { world, run, clock, result } = await begin(
      {},
      (on) => void on.ways.set('hotel', () => new Promise(() => undefined)),
    )
    await clock.settle()
    await run.cancel(cancelled)
    await clock.advance(900)
    expect(world.undone).toEqual([])
    expect(await run.status()).toMatchObject({
      status: 'running',
      compensation: { done: 0, underWay: { status: 'cancelled', left: null } },
    })
    expect(await result(200)).toMatchObject({ status: 'cancelled', compensation: { done: 2 } })
    expect(world.undone).toEqual(['hotel', 'flight'])
  })

  it('undoes what an exhausted run did, and no limit stops that', async () => {
    const { world, result } = await begin({ limits: { toolCalls: 1, steps: 3 } })
    expect(await result()).toMatchObject({ status: 'exhausted', limit: 'steps', compensation: { done: 2 } })
    expect(world.undone).toEqual(['hotel', 'flight'])
  })

  it('goes on with the rest when a compensation fails for good, and reports it', async () => {
    const { world, result, replayed } = await begin({}, (on) => {
      fails(on)
      on.ways.set('undo seat', 1)
      on.ways.set('undo hotel', 9)
    })
    expect(await result(60_000)).toMatchObject({
      status: 'failed',
      compensation: {
        done: 3,
        failed: [{ node: 'hotel', step: 1, outcome: 'failed', error: { message: 'undo hotel is down' } }],
      },
    })
    expect(world.undone).toEqual(['seat', 'seat', 'seat', 'hotel', 'hotel', 'hotel', 'flight'])
    expect(
      world.calls.filter(({ name }) => name === 'undo hotel').map(({ effect, attempt }) => [effect, attempt]),
    ).toEqual([
      ['1/undo', 1],
      ['1/undo', 2],
      ['1/undo', 3],
    ])
    expect(await replayed()).toBeNull()
  })

  it('asks a person about an unsafe compensation that nobody knows the outcome of, and does not repeat it', async () => {
    const { world, run, result, replayed } = await begin({ undo: 'unsafe' }, (on) => {
      fails(on)
      on.ways.set('undo hotel', down('WAYSTONE_NODE_OUTCOME_UNKNOWN'))
    })
    expect(await result()).toMatchObject({ status: 'waiting' })
    const [request] = await run.requests()
    expect(request).toMatchObject({
      node: 'hotel',
      kind: 'unknown',
      evidence: { undoes: 'hotel', step: 1, outcome: 'done', effectId: `${run.runId}/1` },
      options: [{ outcome: 'happened' }, { outcome: 'did-not-happen' }, { outcome: 'failed' }],
    })
    expect(request?.reason).toContain('undoing hotel (step 1)')
    expect(world.undone).toEqual(['seat', 'seat', 'hotel'])
    const didNot = { outcome: 'did-not-happen', by: 'ada', reason: 'looked it up' }
    expect(await run.decide(request ?? '', didNot)).toMatchObject({ type: 'applied' })
    expect(await result()).toMatchObject({ status: 'waiting' })
    const [again] = await run.requests()
    await expect(run.decide(again ?? '', { ...didNot, outcome: 'happened', result: {} })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_DECISION',
    })
    await run.decide(again ?? '', { ...didNot, outcome: 'happened' })
    expect(await result()).toMatchObject({ status: 'failed', compensation: { done: 4 } })
    expect(world.undone).toEqual(['seat', 'seat', 'hotel', 'hotel', 'flight'])
    expect(await replayed()).toBeNull()
  })

  it('reports an unknown outcome where nobody is to be asked', async () => {
    const { world, result } = await begin({ undo: 'unsafe', unknown: 'report' }, (on) => {
      fails(on)
      on.ways.set('undo hotel', down('WAYSTONE_NODE_OUTCOME_UNKNOWN'))
    })
    expect(await result()).toMatchObject({
      status: 'failed',
      compensation: { done: 3, failed: [{ node: 'hotel', outcome: 'unknown' }] },
    })
    expect(world.undone).toEqual(['seat', 'seat', 'hotel', 'flight'])
  })

  it('is stopped by a second cancel, which is recorded with what was left', async () => {
    const { world, run, clock, result, replayed } = await begin({}, (on) => {
      on.ways.set('seat b', untilAborted())
      on.ways.set('undo hotel', untilAborted())
    })
    await clock.settle()
    await run.cancel(cancelled)
    await clock.advance(1)
    expect(world.undone).toEqual(['seat', 'seat', 'hotel'])
    expect(await run.cancel({ by: 'bob', reason: 'leave it' })).toMatchObject({ type: 'applied' })
    expect(await result(1)).toMatchObject({
      status: 'cancelled',
      compensation: {
        done: 2,
        failed: [{ node: 'hotel', step: 1, outcome: 'unknown' }],
        left: [{ node: 'flight', step: 0 }],
        stopped: { by: 'bob', reason: 'leave it' },
      },
    })
    expect(world.undone).toEqual(['seat', 'seat', 'hotel'])
    expect(await replayed()).toBeNull()
  })

  it('is not stopped by the first cancel of a run that failed by itself', async () => {
    const { world, run, clock, result } = await begin({}, (on) => {
      fails(on)
      on.ways.set('undo hotel', 1)
    })
    await clock.settle()
    expect(world.undone).toEqual(['seat', 'seat', 'hotel'])
    expect(await run.cancel(cancelled)).toMatchObject({ type: 'applied' })
    expect(await result(60_000)).toMatchObject({ status: 'failed', compensation: { done: 4 } })
  })

  it('waits in a held run until it is released, and a cancel lifts a hold', async () => {
    const { world, run, clock, result } = await begin({}, (on) => void on.ways.set('undo hotel', 1))
    world.ways.set('pay', untilAborted())
    await clock.settle()
    await run.hold({ by: 'ada', reason: 'look' })
    await run.cancel(cancelled)
    await clock.advance(1)
    expect(world.undone).toEqual(['seat', 'seat', 'hotel'])
    await run.hold({ by: 'ada', reason: 'look' })
    await clock.advance(60_000)
    expect(world.undone).toEqual(['seat', 'seat', 'hotel'])
    await run.release({ by: 'ada', reason: 'go on' })
    expect(await result(60_000)).toMatchObject({ status: 'cancelled', compensation: { done: 4 } })
    expect(world.undone).toEqual(['seat', 'seat', 'hotel', 'hotel', 'flight'])
  })
})
