import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Gate, refused } from '../../test/compensation/orders.ts'
import { World } from '../../test/compensation/trips.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { Commit, Store } from '../checkpoint/store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import type { Workflow } from '../define/workflow.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import { createRuntime } from './create-runtime.ts'
import type { RuntimeNotice } from './notice.ts'
import type { Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

/** Books, then pays, then waits to hear of it. */
function paidWorkflow(world: World): Workflow {
  const w = defineState({ paid: z.boolean().optional() })
  const n = w.nodes({
    book: w.task({
      effect: 'keyed',
      retry: { attempts: 1 },
      run: async (_, context) => {
        await world.call('book', context, null)
      },
      compensate: { effect: 'keyed', run: (_, context) => world.call('undo book', context, null) },
    }),
    pay: w.task({
      effect: 'keyed',
      retry: { attempts: 1 },
      run: async (_, context) => {
        await world.call('pay', context, null)
      },
    }),
    confirmed: w.wait({ for: w.event('confirmed') }),
  })
  return w.workflow('paid', {
    input: z.object({}),
    output: [],
    nodes: n,
    start: n.book,
    edges: { book: { done: n.pay }, pay: { done: n.confirmed }, confirmed: { received: END } },
  })
}

const confirmed = (id: string): EngineEvent => ({
  id,
  at: 1,
  type: 'event.received',
  from: 'caller',
  payload: { message: { event: 'confirmed', key: null, payload: null } },
})

describe('an event that comes when it is too late', () => {
  it('is refused by a run that only undoes what it did, also out of the inbox', async () => {
    const world = new World()
    const gate = new Gate()
    world.ways.set('pay', refused)
    world.ways.set('undo book', gate.wait)
    const clock = createManualClock()
    const notices: RuntimeNotice[] = []
    const runtime = createRuntime({ workflows: [paidWorkflow(world)], clock, onNotice: (one) => notices.push(one) })
    open.push(runtime)
    const run = await runtime.start(paidWorkflow(world), { input: {} })
    await clock.settle()
    expect(await run.status()).toMatchObject({ status: 'running', compensation: { underWay: { status: 'failed' } } })
    expect(await run.send('confirmed', null)).toMatchObject({ type: 'refused', reason: 'run-ended' })
    const { sequence } = await run.status()
    await runtime.store.deliver(run.runId, confirmed('sent/late'))
    await clock.advance(100)
    expect(notices).toMatchObject([{ type: 'event.dropped', eventId: 'sent/late' }])
    expect(await run.status()).toMatchObject({ sequence })
    gate.open()
    expect(await run.result()).toMatchObject({ status: 'failed', compensation: { done: 1 } })
  })

  it('is dropped and told of when the run has ended before it was taken', async () => {
    const store = createMemoryStore()
    // It comes right behind the last checkpoint, and nobody is told of it any more.
    const commit = async (given: Commit): Promise<void> => {
      await store.commit(given)
      if (given.summary.status === 'failed') await store.deliver(given.checkpoint.runId, confirmed('sent/late'))
    }
    const late: Store = new Proxy(store, {
      get(target, name: keyof Store) {
        if (name === 'commit') return commit
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    const world = new World()
    world.ways.set('book', refused)
    const notices: RuntimeNotice[] = []
    const workflow = paidWorkflow(world)
    const runtime = createRuntime({ workflows: [workflow], store: late, onNotice: (one) => notices.push(one) })
    const run = await runtime.start(workflow, { input: {} })
    expect(await run.result()).toMatchObject({ status: 'failed' })
    await runtime.close()
    expect(await store.inbox([run.runId])).toEqual(new Map())
    expect(notices).toMatchObject([
      { type: 'event.dropped', eventId: 'sent/late', message: 'the run has ended failed; it takes no event' },
    ])
  })
})
