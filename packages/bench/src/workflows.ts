import { defineState, END, rule, type Workflow } from '@waystone/core'
import { z } from 'zod'

const counter = defineState({ count: z.number(), last: z.number() })
const isCounted = counter.guard('isCounted', ['count', 'last'], ({ count, last }) => count >= last)
const counterNodes = counter.nodes({
  work: counter.task({
    effect: 'pure',
    reads: ['count'],
    writes: ['count'],
    run: ({ state }) => ({ count: state.count + 1 }),
  }),
})

/** Counts from `count` to `last`, a step each, with one guard at every step. */
export const counting: Workflow<{ count: number; last: number }, { count: number }> = counter.workflow('counting', {
  input: z.object({ count: z.number(), last: z.number() }),
  output: ['count'],
  nodes: counterNodes,
  start: counterNodes.work,
  edges: {
    work: {
      done: [
        { when: isCounted, to: END },
        { to: counterNodes.work, limit: 1_000_000, otherwise: END },
      ],
    },
  },
})

/** What {@link growing} calls at every step, with the number of items so far. */
export type ItemMaker = (count: number) => string

/** Adds an item to a list at every step until it has `last` of them. */
export function growing(makeItem: ItemMaker): Workflow<{ last: number; items: { text: string }[] }> {
  const w = defineState({ last: z.number(), items: rule.append(z.object({ text: z.string() })) })
  const isFull = w.guard('isFull', ['items', 'last'], ({ items, last }) => items.length >= last)
  const n = w.nodes({
    add: w.task({
      effect: 'pure',
      reads: ['items'],
      writes: ['items'],
      run: ({ state }) => ({ items: [{ text: makeItem(state.items.length) }] }),
    }),
  })
  return w.workflow('growing', {
    input: z.object({ last: z.number(), items: z.array(z.object({ text: z.string() })) }),
    output: [],
    nodes: n,
    start: n.add,
    edges: {
      add: {
        done: [
          { when: isFull, to: END },
          { to: n.add, limit: 1_000_000, otherwise: END },
        ],
      },
    },
  })
}

/** Counts to `last`, then calls `onArrived` and works until it is stopped. */
export function stopping(onArrived: () => void): Workflow<{ count: number; last: number }> {
  const w = defineState({ count: z.number(), last: z.number() })
  const isCounted = w.guard('isCounted', ['count', 'last'], ({ count, last }) => count >= last)
  const n = w.nodes({
    work: w.task({
      effect: 'pure',
      reads: ['count'],
      writes: ['count'],
      run: ({ state }) => ({ count: state.count + 1 }),
    }),
    arrive: w.task({
      effect: 'pure',
      run: () => {
        onArrived()
        return new Promise<void>(() => undefined)
      },
    }),
  })
  return w.workflow('stopping', {
    input: z.object({ count: z.number(), last: z.number() }),
    output: [],
    nodes: n,
    start: n.work,
    edges: {
      work: {
        done: [
          { when: isCounted, to: n.arrive },
          { to: n.work, limit: 1_000_000, otherwise: END },
        ],
      },
      arrive: { done: END },
    },
  })
}

const asking = defineState({ text: z.string(), isRead: z.boolean() })
const askingNodes = asking.nodes({
  read: asking.task({ effect: 'pure', reads: ['text'], writes: ['isRead'], run: () => ({ isRead: true }) }),
  note: asking.task({ effect: 'pure', reads: ['isRead'], run: () => undefined }),
  ask: asking.approval({ show: ['text'] }),
})

/** Two steps, then it waits for a person: three checkpoints. */
export const waiting: Workflow<{ text: string }> = asking.workflow('waiting', {
  input: z.object({ text: z.string() }),
  output: [],
  nodes: askingNodes,
  start: askingNodes.read,
  edges: { read: { done: askingNodes.note }, note: { done: askingNodes.ask }, ask: { approved: END, rejected: END } },
})

const mapped = defineState({ numbers: z.array(z.number()), count: z.number().optional() })
const mapNodes = mapped.nodes({
  each: mapped.map({
    over: 'numbers',
    writes: ['count'],
    effect: 'pure',
    maxItems: 100_000,
    run: (item) => item + 1,
    apply: (results) => ({ count: results.length }),
  }),
})

/** Adds one to every number of a list, an item each, and counts the results. */
export const mapping: Workflow<{ numbers: number[] }, { count?: number }> = mapped.workflow('mapping', {
  input: z.object({ numbers: z.array(z.number()) }),
  output: ['count'],
  nodes: mapNodes,
  start: mapNodes.each,
  edges: { each: { done: END } },
})
