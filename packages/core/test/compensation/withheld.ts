import { z } from 'zod'
import { END } from '../../src/define/edge.ts'
import type { EffectClass } from '../../src/define/effect-class.ts'
import { defineState } from '../../src/define/state.ts'
import type { Workflow } from '../../src/define/workflow.ts'
import { bookTool, callOf, type World } from './trips.ts'

/** Tried twice. */
const retry = { attempts: 2, backoff: 10, jitter: 0 } as const

/** Books a room, then a car; an operator may send it to `after` instead, which fails. */
export function chainWorkflow(world: World, effect: EffectClass = 'keyed'): Workflow {
  const w = defineState({ name: z.string().optional() })
  const book = bookTool(world, { effect, retry })
  const n = w.nodes({
    room: w.tool(book, { input: () => ({ what: 'room' }) }),
    car: w.tool(book, { input: () => ({ what: 'car' }) }),
    after: w.task({ ...callOf(world, 'after'), redirectable: true }),
  })
  return w.workflow('chain', {
    input: z.object({}),
    output: [],
    nodes: n,
    start: n.room,
    edges: {
      room: { done: n.car },
      car: { done: n.after },
      after: { done: END },
    },
  })
}

/** Two branches, of which the first wins: the other one books a room and then a car. */
export function racedWorkflow(world: World): Workflow {
  const w = defineState({ name: z.string().optional() })
  const book = bookTool(world, { retry })
  const n = w.nodes({
    start: w.task({ effect: 'pure', run: () => undefined }),
    fast: w.task(callOf(world, 'fast')),
    room: w.tool(book, { input: () => ({ what: 'room' }) }),
    car: w.tool(book, { input: () => ({ what: 'car' }) }),
    meet: w.join({ wait: 'any', losers: 'finish' }),
    after: w.task(callOf(world, 'after')),
  })
  return w.workflow('raced', {
    input: z.object({}),
    output: [],
    nodes: n,
    start: n.start,
    edges: {
      start: { done: { fork: [n.fast, n.room], join: n.meet } },
      fast: { done: n.meet },
      room: { done: n.car },
      car: { done: n.meet },
      meet: { done: n.after },
      after: { done: END },
    },
  })
}

/** Items book one after the other, each in a workflow of its own. */
export function dayWorkflow(world: World): Workflow {
  const i = defineState({ what: z.string() })
  const book = bookTool(world, { retry })
  const inner = i.nodes({
    room: i.tool(book, { reads: ['what'], input: ({ state }) => ({ what: `room ${state.what}` }) }),
    car: i.tool(book, { reads: ['what'], input: ({ state }) => ({ what: `car ${state.what}` }) }),
  })
  const day = i.workflow('day', {
    input: z.object({ what: z.string() }),
    output: [],
    nodes: inner,
    start: inner.room,
    edges: { room: { done: inner.car }, car: { done: END } },
  })
  const w = defineState({ name: z.string().optional() })
  const n = w.nodes({
    days: w.map({
      over: () => ['one', 'two'],
      item: day,
      input: (what) => ({ what }),
      maxItems: 2,
      concurrency: 2,
    }),
  })
  return w.workflow('days', {
    input: z.object({}),
    output: [],
    nodes: n,
    start: n.days,
    edges: { days: { done: END } },
  })
}

/** An agent that books a room by its tool. */
export function bookingAgent(world: World, effect: EffectClass = 'keyed'): Workflow {
  const w = defineState({ said: z.string().optional() })
  const n = w.nodes({
    agent: w.agent({
      model: 'booker',
      instructions: 'Book.',
      tools: [bookTool(world, { effect, retry })],
      writes: ['said'],
    }),
  })
  return w.workflow('agent', {
    input: z.object({}),
    output: [],
    nodes: n,
    start: n.agent,
    edges: { agent: { done: END } },
  })
}
