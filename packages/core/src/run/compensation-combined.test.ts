import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { begin } from '../../test/compensation/begin.ts'
import { Gate, refused } from '../../test/compensation/orders.ts'
import { bookTool, callOf, World } from '../../test/compensation/trips.ts'
import { chainWorkflow } from '../../test/compensation/withheld.ts'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import type { Workflow } from '../define/workflow.ts'

const who = { by: 'ada', reason: 'changed plans' }

/** Two days side by side, each a workflow that forks. */
function daysWorkflow(world: World): Workflow {
  const book = bookTool(world)
  const i = defineState({ day: z.string() })
  const booked = (what: string) =>
    i.tool(book, { reads: ['day'], input: ({ state }) => ({ what: `${what} ${state.day}` }) })
  const inner = i.nodes({
    start: i.task({ effect: 'pure', run: () => undefined }),
    bus: booked('bus'),
    tour: booked('tour'),
    both: i.join(),
  })
  const day = i.workflow('day', {
    input: z.object({ day: z.string() }),
    output: [],
    nodes: inner,
    start: inner.start,
    edges: {
      start: { done: { fork: [inner.bus, inner.tour], join: inner.both } },
      bus: { done: inner.both },
      tour: { done: inner.both },
      both: { done: END },
    },
  })
  const w = defineState({ name: z.string().optional() })
  const n = w.nodes({
    days: w.map({
      over: () => ['one', 'two'],
      item: day,
      input: (what) => ({ day: what }),
      maxItems: 2,
      concurrency: 1,
    }),
    pay: w.task(callOf(world, 'pay')),
  })
  return w.workflow('days', {
    input: z.object({}),
    output: [],
    nodes: n,
    start: n.days,
    edges: { days: { done: n.pay }, pay: { done: END } },
  })
}

describe('compensation where constructs meet', () => {
  it('undoes what was done before a redirect, and what that called off half-way', async () => {
    const world = new World()
    world.ways.set('car', new Gate().wait)
    world.ways.set('after', refused)
    const { run, clock, replayed } = await begin(chainWorkflow(world))
    expect(await run.redirect({ ...who, to: 'after' })).toMatchObject({ type: 'applied' })
    await clock.advance(2_000)
    expect(await run.result()).toMatchObject({ status: 'failed', compensation: { done: 2 } })
    expect(world.undone).toEqual(['car', 'room'])
    expect(await replayed()).toBeNull()
  })

  it('undoes branches inside nested workflows inside items, each with what it was begun with', async () => {
    const world = new World()
    world.ways.set('pay', refused)
    const { run, replayed } = await begin(daysWorkflow(world))
    expect(await run.result()).toMatchObject({ status: 'failed', compensation: { done: 4 } })
    expect(world.undone).toEqual(world.names.filter((name) => !name.startsWith('undo') && name !== 'pay').toReversed())
    expect(await replayed()).toBeNull()
  })

  it('undoes them when they are cancelled half-way, and counts each once', async () => {
    const world = new World()
    world.ways.set('tour two', new Gate().wait)
    const { run, clock, replayed } = await begin(daysWorkflow(world))
    await run.cancel(who)
    await clock.advance(2_000)
    expect(await run.result()).toMatchObject({ status: 'cancelled', compensation: { done: 4 } })
    expect(new Set(world.undone)).toEqual(new Set(['tour two', 'bus two', 'tour one', 'bus one']))
    expect(world.undone[0]).toBe('tour two')
    expect(await replayed()).toBeNull()
  })

  it('undoes the calls of every agent that handed over, the last first', async () => {
    const world = new World()
    const book = bookTool(world)
    const w = defineState({ said: z.string().optional() })
    const contract = z.object({ what: z.string() })
    const n = w.nodes({
      clerk: w.agent({
        model: 'clerk',
        instructions: 'Book and hand over.',
        tools: [book],
        writes: ['said'],
        handoffs: { guide: { contract, description: 'To the guide.' } },
      }),
      guide: w.agent({ model: 'guide', instructions: 'Book.', tools: [book], writes: ['said'] }),
      pay: w.task(callOf(world, 'pay')),
    })
    const workflow = w.workflow('chain', {
      input: z.object({}),
      output: [],
      nodes: n,
      start: n.clerk,
      edges: { clerk: { done: n.pay, guide: n.guide }, guide: { done: n.pay }, pay: { done: END } },
      limits: { handoffs: { max: 2 } },
    })
    world.ways.set('pay', refused)
    const clerk = scripted(
      asks(['book', { what: 'flight' }]),
      asks(['handoff_guide', { reason: 'a tour is wanted', what: 'tour' }]),
    )
    const guide = scripted(asks(['book', { what: 'tour' }]), says({ said: 'booked' }))
    const { run, clock, replayed } = await begin(workflow, { models: { clerk, guide } })
    await clock.advance(1_000)
    expect(await run.result()).toMatchObject({ status: 'failed', compensation: { done: 2 } })
    expect(world.names).toEqual(['flight', 'tour', 'pay', 'undo tour', 'undo flight'])
    expect(await replayed()).toBeNull()
  })
})
