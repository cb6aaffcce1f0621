import { z } from 'zod'
import { END, FAIL } from '../../src/define/edge.ts'
import { defineState } from '../../src/define/state.ts'
import { defineTool, type Tool } from '../../src/define/tool.ts'
import type { Workflow } from '../../src/define/workflow.ts'
import { callOf, type World } from './trips.ts'

/** A tool that books something by name and says how that is undone. */
function booking<Name extends string>(world: World, name: Name): Tool<Name, { what: string }, { id: string }> {
  return defineTool({
    name,
    description: 'Books.',
    effect: 'keyed',
    retry: { attempts: 1 },
    input: z.object({ what: z.string() }),
    output: z.object({ id: z.string() }),
    run: async ({ what }, context) => {
      await world.call(what, context, what)
      return { id: `id of ${what}` }
    },
    compensate: {
      effect: 'keyed',
      retry: { attempts: 2, backoff: 10, jitter: 0 },
      run: ({ input, output }, context) => world.call(`undo ${input.what}`, context, output?.id),
    },
  })
}

/** A day is two bookings, then a check that may fail; what it does then is undone by the day itself. */
function dayWorkflow(world: World): Workflow<{ what: string }> {
  const w = defineState({ what: z.string() })
  const book = booking(world, 'book')
  const use = (part: string) => ({
    reads: ['what' as const],
    input: ({ state }: { state: { what: string } }) => ({ what: `${state.what} ${part}` }),
  })
  const n = w.nodes({
    bus: w.tool(book, use('bus')),
    tour: w.tool(book, use('tour')),
    check: w.task({
      effect: 'keyed',
      retry: { attempts: 1 },
      reads: ['what'],
      run: async ({ state }, context) => {
        await world.call(`check ${state.what}`, context, null)
      },
    }),
  })
  return w.workflow('day', {
    input: z.object({ what: z.string() }),
    output: [],
    nodes: n,
    start: n.bus,
    edges: { bus: { done: n.tour }, tour: { done: n.check }, check: { done: END } },
  })
}

/** A night is booked, then two days; when the second fails the whole does, or it is left out. */
export function tourWorkflow(world: World, options: { readonly without?: boolean } = {}): Workflow {
  const w = defineState({ name: z.string().optional() })
  const day = dayWorkflow(world)
  const n = w.nodes({
    night: w.tool(booking(world, 'book'), { input: () => ({ what: 'night' }) }),
    first: w.nested(day, { input: () => ({ what: 'first' }) }),
    second: w.nested(day, { input: () => ({ what: 'second' }) }),
    pay: w.task(callOf(world, 'pay')),
  })
  return w.workflow('tour', {
    input: z.object({}),
    output: [],
    nodes: n,
    start: n.night,
    edges: {
      night: { done: n.first },
      first: { done: n.second },
      second: { done: n.pay, failed: options.without === true ? n.pay : FAIL },
      pay: { done: END },
    },
  })
}

/** Two branches book at once; the join wants one of them, or both. */
export function raceWorkflow(world: World, options: { readonly atLeast?: number } = {}): Workflow {
  const w = defineState({ name: z.string().optional() })
  const book = booking(world, 'book')
  const n = w.nodes({
    start: w.task({ effect: 'pure', run: () => undefined }),
    left: w.tool(book, { input: () => ({ what: 'left' }) }),
    more: w.tool(book, { input: () => ({ what: 'more' }) }),
    right: w.tool(book, { input: () => ({ what: 'right' }) }),
    meet: w.join({ ...(options.atLeast !== undefined && { wait: { atLeast: options.atLeast } }) }),
    pay: w.task(callOf(world, 'pay')),
  })
  return w.workflow('race', {
    input: z.object({}),
    output: [],
    nodes: n,
    start: n.start,
    edges: {
      start: { done: { fork: [n.left, n.right], join: n.meet } },
      left: { done: n.more },
      more: { done: n.meet },
      right: { done: n.meet },
      meet: { done: n.pay },
      pay: { done: END },
    },
  })
}

/** An agent that books by its tool, then a payment. */
export function agentWorkflow(world: World): Workflow {
  const w = defineState({ said: z.string().optional() })
  const n = w.nodes({
    agent: w.agent({
      model: 'planner',
      instructions: 'Book.',
      tools: [booking(world, 'book')],
      writes: ['said'],
    }),
    pay: w.task(callOf(world, 'pay')),
  })
  return w.workflow('agent', {
    input: z.object({}),
    output: [],
    nodes: n,
    start: n.agent,
    edges: { agent: { done: n.pay }, pay: { done: END } },
  })
}
