import { z } from 'zod'
import { END, FAIL } from '../../src/define/edge.ts'
import { defineState } from '../../src/define/state.ts'
import { defineTool, type EffectContext, type Tool } from '../../src/define/tool.ts'
import type { Compensation } from '../../src/define/compensate.ts'
import type { Workflow } from '../../src/define/workflow.ts'
import type { EffectClass } from '../../src/define/effect-class.ts'
import type { RetryOptions } from '../../src/define/retry.ts'
import { nodeError } from '../../src/errors/node-error.ts'

/** What a call of the world is told. */
export interface Call {
  /** `flight`, `undo flight`. */
  readonly name: string
  /** Without the run's id: `2`, `2/undo`. */
  readonly effect: string
  readonly attempt: number
  readonly given: unknown
}

/** Services that note who called them, and that do as they are told. */
export class World {
  readonly calls: Call[] = []
  /** By name of the call: what is done instead of nothing. A number: so many calls fail, then it works. */
  readonly ways = new Map<string, number | ((context: EffectContext) => unknown)>()

  async call(name: string, context: EffectContext, given: unknown): Promise<void> {
    const effect = context.effectId.slice(context.effectId.indexOf('/') + 1)
    this.calls.push({ name, effect, attempt: context.attempt, given })
    const way = this.ways.get(name)
    if (typeof way === 'function') await way(context)
    if (typeof way !== 'number' || way === 0) return
    this.ways.set(name, way - 1)
    throw nodeError('WAYSTONE_NODE_THREW', `${name} is down`, { retryable: true })
  }

  /** Names of calls, in order. */
  get names(): readonly string[] {
    return this.calls.map(({ name }) => name)
  }

  /** Names of calls that undo, in order. */
  get undone(): readonly string[] {
    return this.names.filter((name) => name.startsWith('undo')).map((name) => name.slice(5))
  }
}

/** Options of a task that calls the world by a name, once. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- what it gives is named by what it is given to
export function callOf(world: World, name: string) {
  return {
    effect: 'keyed',
    retry: { attempts: 1 },
    run: async (_: unknown, context: EffectContext) => {
      await world.call(name, context, null)
    },
  } as const
}

/** A tool that books what it is asked to, and says how that is undone. */
export function bookTool(
  world: World,
  { effect = 'keyed', retry = { attempts: 1 } }: { readonly effect?: EffectClass; readonly retry?: RetryOptions } = {},
): Tool<'book', { what: string }, { id: string }> {
  return defineTool({
    name: 'book',
    description: 'Books.',
    effect,
    retry,
    input: z.object({ what: z.string() }),
    output: z.object({ id: z.string() }),
    run: async ({ what }, context) => {
      await world.call(what, context, what)
      return { id: what }
    },
    compensate: {
      effect: 'keyed',
      retry: { attempts: 1 },
      run: ({ input }, context) => world.call(`undo ${input.what}`, context, input),
    },
  })
}

/** Work that ends only when it is told to stop. @param end - what it then does; default: it throws why */
export function untilAborted(end?: () => unknown): (context: EffectContext) => Promise<unknown> {
  return ({ signal }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => {
        if (end === undefined) reject(signal.reason as Error)
        else resolve(end())
      })
    })
}

/** How the trips of a test differ. */
export interface TripOptions {
  /** How careful undoing is; default `keyed`. */
  readonly undo?: EffectClass
  readonly unknown?: 'ask' | 'report'
  readonly attempts?: number
  readonly limits?: { readonly steps?: number; readonly duration?: number; readonly toolCalls?: number }
  /** How careful booking a hotel is; default `keyed`. */
  readonly hotel?: EffectClass
}

/** Books flights. */
type FlightTool = Tool<'book-flight', { trip: string }, { ticket: string }>

/** A tool that books a flight, and says how it is cancelled. */
function flightTool(world: World, { undo = 'keyed' }: TripOptions = {}): FlightTool {
  const cancelFlight = defineTool({
    name: 'cancel-flight',
    description: 'Cancels a flight.',
    effect: undo,
    input: z.object({ ticket: z.string() }),
    output: z.object({ ok: z.boolean() }),
    run: async (given, context) => {
      await world.call('undo flight', context, given)
      return { ok: true }
    },
  })
  return defineTool({
    name: 'book-flight',
    description: 'Books a flight.',
    effect: 'keyed',
    retry: { attempts: 1 },
    input: z.object({ trip: z.string() }),
    output: z.object({ ticket: z.string() }),
    run: async (given, context) => {
      await world.call('flight', context, given)
      return { ticket: `F-${given.trip}` }
    },
    compensate: { tool: cancelFlight, input: ({ output, input }) => ({ ticket: output?.ticket ?? `? ${input.trip}` }) },
  })
}

const tripInput = z.object({ trip: z.string(), seats: z.array(z.string()) })

/** Flight, hotel, seats (a map), then pay: all but paying can be undone. */
export function tripWorkflow(
  world: World,
  options: TripOptions = {},
): Workflow<z.input<typeof tripInput>, { readonly flight?: string }> {
  const { undo = 'keyed', unknown = 'ask', attempts = 3, limits = {}, hotel = 'keyed' } = options
  const bookFlight = flightTool(world, options)
  const w = defineState({
    trip: z.string(),
    flight: z.string().optional(),
    hotel: z.string().optional(),
    seats: z.array(z.string()),
    paid: z.boolean().optional(),
  })
  const undoWith = <Given>(name: string): Compensation<Given, never> => ({
    effect: undo,
    unknown,
    retry: { attempts, backoff: 100, jitter: 0 },
    run: (given, context) => world.call(`undo ${name}`, context, given),
  })
  const n = w.nodes({
    flight: w.tool(bookFlight, {
      reads: ['trip'],
      writes: ['flight'],
      apply: ({ ticket }) => ({ flight: ticket }),
    }),
    hotel: w.task({
      reads: ['trip', 'flight'],
      writes: ['hotel'],
      effect: hotel,
      retry: { attempts: 1 },
      run: async ({ state }, context) => {
        await world.call('hotel', context, state)
        return { hotel: `H-${state.trip}` }
      },
      compensate: undoWith('hotel'),
    }),
    seats: w.map({
      over: 'seats',
      maxItems: 5,
      concurrency: 1,
      effect: 'keyed',
      retry: { attempts: 1 },
      run: async (seat, _, context) => {
        await world.call(`seat ${seat}`, context, seat)
        return { seat, booked: true }
      },
      compensate: undoWith('seat'),
    }),
    pay: w.task({
      reads: ['flight', 'hotel'],
      writes: ['paid'],
      effect: 'keyed',
      retry: { attempts: 1 },
      run: async ({ state }, context) => {
        await world.call('pay', context, state)
        return { paid: true }
      },
    }),
  })
  return w.workflow('trips', {
    version: 1,
    input: tripInput,
    output: ['flight'],
    nodes: n,
    start: n.flight,
    edges: {
      flight: { done: n.hotel },
      hotel: { done: n.seats, ...(hotel === 'unsafe' && { unknown: FAIL }) },
      seats: { done: n.pay },
      pay: { done: END },
    },
    limits,
  })
}

/** What the runs of these tests are started with. */
export const trip = { input: { trip: 'rome', seats: ['a', 'b'] } }
