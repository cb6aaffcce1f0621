import { z } from 'zod'
import { END, FAIL } from '../../src/define/edge.ts'
import type { Compensation } from '../../src/define/compensate.ts'
import type { EffectClass } from '../../src/define/effect-class.ts'
import { defineState } from '../../src/define/state.ts'
import { defineTool, type Tool } from '../../src/define/tool.ts'
import type { Workflow } from '../../src/define/workflow.ts'
import { nodeError } from '../../src/errors/node-error.ts'
import { callOf, type World } from './trips.ts'

/** Work that a test lets end when it likes. */
export class Gate {
  readonly #waiting: (() => void)[] = []

  /** For `World.ways`. */
  readonly wait = (): Promise<void> => new Promise((resolve) => void this.#waiting.push(resolve))

  /** Lets everything end that waits. */
  open(): void {
    for (const go of this.#waiting.splice(0)) go()
  }
}

/** Fails for good. */
export const refused = (): never => {
  throw nodeError('WAYSTONE_NODE_THREW', 'it is down', { retryable: false })
}

/** What these runs are started with. */
export const order = { input: { order: 'first' } }

const orderInput = z.object({ order: z.string() })

const noting = <Given>(world: World, name: string): Compensation<Given, never> => ({
  effect: 'keyed',
  retry: { attempts: 1 },
  run: (given, context) => world.call(`undo ${name}`, context, given),
})

/** `send` reads the order, with something beside it, and `pay` comes after it. */
export function sendWorkflow(
  world: World,
  { effect = 'idempotent', attempts = 1 }: { readonly effect?: EffectClass; readonly attempts?: number } = {},
): Workflow<{ order: string }> {
  const w = defineState({ order: z.string(), sent: z.string().optional() })
  const n = w.nodes({
    start: w.task({ effect: 'pure', run: () => undefined }),
    beside: w.task({
      effect: 'keyed',
      run: async (_, context) => {
        await world.call('beside', context, null)
      },
    }),
    meet: w.join(),
    send: w.task({
      effect,
      reads: ['order'],
      writes: ['sent'],
      retry: { attempts, backoff: 100, jitter: 0 },
      run: async ({ state }, context) => {
        await world.call('send', context, state.order)
        return { sent: state.order }
      },
      compensate: noting(world, 'send'),
    }),
    pay: w.task(callOf(world, 'pay')),
  })
  return w.workflow('send', {
    input: orderInput,
    output: [],
    nodes: n,
    start: n.start,
    edges: {
      start: { done: { fork: [n.send, n.beside], join: n.meet } },
      send: { done: n.meet },
      beside: { done: n.meet },
      meet: { done: n.pay },
      pay: { done: END },
    },
  })
}

/** Two branches race; the slow one may finish, while `change` after the join writes the order that it had read. */
export function lateWorkflow(
  world: World,
  options: { readonly effect?: EffectClass } = {},
): Workflow<{ order: string }> {
  const w = defineState({ order: z.string() })
  const n = w.nodes({
    start: w.task({ effect: 'pure', run: () => undefined }),
    fast: w.task({ effect: 'pure', run: () => undefined }),
    late: w.task({
      effect: options.effect ?? 'keyed',
      retry: { attempts: 1 },
      reads: ['order'],
      run: async ({ state }, context) => {
        await world.call('late', context, state.order)
      },
      compensate: noting(world, 'late'),
    }),
    meet: w.join({ wait: 'any', losers: 'finish' }),
    change: w.task({ effect: 'pure', writes: ['order'], run: () => ({ order: 'second' }) }),
    pay: w.task(callOf(world, 'pay')),
  })
  return w.workflow('late', {
    input: orderInput,
    output: [],
    nodes: n,
    start: n.start,
    edges: {
      start: { done: { fork: [n.fast, n.late], join: n.meet } },
      fast: { done: n.meet },
      late: { done: n.meet },
      meet: { done: n.change },
      change: { done: n.pay },
      pay: { done: END },
    },
  })
}

/** One branch writes the order, the other one reads it as it was at the fork, once its sibling has written it. */
export function seenWorkflow(world: World): Workflow<{ order: string }> {
  const w = defineState({ order: z.string() })
  const n = w.nodes({
    start: w.task({ effect: 'pure', run: () => undefined }),
    change: w.task({ effect: 'pure', writes: ['order'], exclusive: 'one', run: () => ({ order: 'second' }) }),
    send: w.task({
      effect: 'keyed',
      retry: { attempts: 1 },
      reads: ['order'],
      sees: 'fork',
      exclusive: 'one',
      run: async ({ state }, context) => {
        await world.call('send', context, state.order)
      },
      compensate: noting(world, 'send'),
    }),
    meet: w.join(),
    pay: w.task(callOf(world, 'pay')),
  })
  return w.workflow('seen', {
    input: orderInput,
    output: [],
    nodes: n,
    start: n.start,
    edges: {
      start: { done: { fork: [n.change, n.send], join: n.meet } },
      change: { done: n.meet },
      send: { done: n.meet },
      meet: { done: n.pay },
      pay: { done: END },
    },
  })
}

/** A tool that sends an order. */
function sendTool(world: World): Tool<'send', { order: string }, { sent: string }> {
  return defineTool({
    name: 'send',
    description: 'Sends.',
    effect: 'idempotent',
    retry: { attempts: 1 },
    input: z.object({ order: z.string() }),
    output: z.object({ sent: z.string() }),
    run: async (given, context) => {
      await world.call(`send ${given.order}`, context, given)
      return { sent: given.order }
    },
    compensate: noting(world, 'send'),
  })
}

/** An agent loses a race while its call is under way, and is entered anew before that has ended; then the run fails. */
export function revisitedWorkflow(world: World): Workflow<{ order: string }> {
  const w = defineState({ order: z.string(), said: z.string().optional() })
  const n = w.nodes({
    start: w.task({ effect: 'pure', run: () => undefined }),
    fast: w.task(callOf(world, 'fast')),
    agent: w.agent({ model: 'sender', instructions: 'Send.', tools: [sendTool(world)], writes: ['said'] }),
    meet: w.join({ wait: 'any', losers: 'finish' }),
    again: w.gate({ outcomes: ['more', 'enough'], decide: () => 'more' }),
  })
  return w.workflow('revisited', {
    input: orderInput,
    output: [],
    nodes: n,
    start: n.start,
    edges: {
      start: { done: { fork: [n.fast, n.agent], join: n.meet } },
      fast: { done: n.meet },
      agent: { done: n.meet },
      meet: { done: n.again },
      again: { more: { to: n.start, limit: 1, otherwise: FAIL }, enough: END },
    },
  })
}

/** Items are sent one after the other, each with the order as it is when it is begun. */
export function itemsWorkflow(world: World): Workflow<{ order: string }> {
  const w = defineState({ order: z.string() })
  const n = w.nodes({
    items: w.map({
      over: () => [1, 2],
      reads: ['order'],
      item: sendTool(world),
      input: (item, { state }) => ({ order: `${state.order} ${String(item)}` }),
      maxItems: 2,
      concurrency: 1,
    }),
    pay: w.task(callOf(world, 'pay')),
  })
  return w.workflow('items', {
    input: orderInput,
    output: [],
    nodes: n,
    start: n.items,
    edges: { items: { done: n.pay }, pay: { done: END } },
  })
}
