import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import type { ErrorRecord } from '../errors/waystone-error.ts'
import { defineAgent } from './agent.ts'
import type { CallDecision } from './call-approval.ts'
import { END } from './edge.ts'
import { defineState } from './state.ts'
import { defineTool } from './tool.ts'

const w = defineState({
  orders: z.array(z.string()),
  extra: z.array(z.object({ order: z.string() })).optional(),
  currency: z.string(),
  totals: z.array(z.number()).optional(),
})
const price = defineTool({
  name: 'price',
  description: 'Prices an order.',
  effect: 'pure',
  input: z.object({ order: z.string() }),
  output: z.object({ amountUsd: z.number() }),
  run: () => ({ amountUsd: 1 }),
})

const i = defineState({ order: z.string(), amountUsd: z.number().optional() })
const nodes = i.nodes({ editor: i.approval({ show: ['order'] }) })
const inner = i.workflow('inner', {
  input: z.object({ order: z.string() }),
  output: ['amountUsd'],
  nodes,
  start: nodes.editor,
  edges: { editor: { approved: END, rejected: END } },
})

describe('w.map', () => {
  it('types items, given, results and what is read', () => {
    const node = w.map({
      over: 'orders',
      reads: ['currency'],
      writes: ['totals'],
      maxItems: 10,
      item: price,
      input: (order, { state, index }) => {
        expectTypeOf(order).toEqualTypeOf<string>()
        expectTypeOf(state).toEqualTypeOf<{ readonly currency: string }>()
        expectTypeOf(index).toEqualTypeOf<number>()
        return { order }
      },
      apply: (results) => ({ totals: results.map(({ output }) => output.amountUsd) }),
    })
    expectTypeOf(node['~reads']).toEqualTypeOf<'orders' | 'currency'>()
    expectTypeOf(node['~outcomes']).toEqualTypeOf<'done'>()
    expectTypeOf(node['~tools']).toEqualTypeOf<'price'>()
  })

  it('needs no mapping where items are the input already, and goes over functions', () => {
    w.map({ over: 'extra', maxItems: 1, item: price })
    w.map({
      over: ({ state }) => state.orders.map((order) => ({ order })),
      reads: ['orders'],
      maxItems: 1,
      item: price,
    })
    // @ts-expect-error -- a text is not the input
    w.map({ over: 'orders', maxItems: 1, item: price })
    // @ts-expect-error -- no list
    w.map({ over: 'currency', maxItems: 1, run: () => 1 })
    // @ts-expect-error -- no bound
    w.map({ over: 'orders', run: () => 1 })
  })

  it('tells failed items apart where they are kept', () => {
    w.map({
      over: 'orders',
      maxItems: 1,
      failed: 'keep',
      writes: ['totals'],
      run: (order) => order.length,
      apply: (results) => {
        for (const { error, output } of results) {
          expectTypeOf(error).toEqualTypeOf<ErrorRecord | undefined>()
          expectTypeOf(output).toEqualTypeOf<number | undefined>()
        }
        return { totals: [] }
      },
    })
  })

  it('must be routed when it may be unsatisfied', () => {
    const dropped = w.map({ over: 'orders', maxItems: 1, failed: 'drop', run: () => 1 })
    expectTypeOf(dropped['~outcomes']).toEqualTypeOf<'done' | 'unsatisfied'>()
    const few = w.map({ over: 'orders', maxItems: 9, done: { atLeast: 2 }, run: () => 1 })
    const n = w.nodes({ few })
    const common = { input: z.object({ orders: z.array(z.string()) }), output: [], nodes: n, start: n.few } as const
    w.workflow('a', { ...common, edges: { few: { done: END, unsatisfied: END } } })
    // @ts-expect-error -- unsatisfied leads nowhere
    w.workflow('b', { ...common, edges: { few: { done: END } } })
  })

  it('says what is wanted only of the first', () => {
    w.map({
      over: 'orders',
      maxItems: 1,
      run: (order) => ({ length: order.length }),
      done: 'first',
      wanted: ({ length }, order) => {
        expectTypeOf(length).toEqualTypeOf<number>()
        expectTypeOf(order).toEqualTypeOf<string>()
        return length > 3
      },
    })
    // @ts-expect-error -- which one?
    w.map({ over: 'orders', maxItems: 1, run: () => 1, done: 'first' })
    // @ts-expect-error -- nobody asks
    w.map({ over: 'orders', maxItems: 1, run: () => 1, done: 'any', wanted: () => true })
  })

  it('applies what it writes, and nothing else', () => {
    // @ts-expect-error -- results are no patch by themselves
    w.map({ over: 'orders', maxItems: 1, run: () => 1, writes: ['totals'] })
    w.map({
      over: 'orders',
      maxItems: 1,
      run: () => 1,
      writes: ['totals'],
      // @ts-expect-error -- not in writes
      apply: () => ({ currency: 'EUR' }),
    })
  })

  it('types how people are asked about calls of a tool, and what they may answer', () => {
    const node = w.map({
      over: 'extra',
      maxItems: 1,
      item: price,
      approval: {
        when: (input) => {
          expectTypeOf(input).toEqualTypeOf<{ order: string }>()
          return input.order === 'o-1' && 'the first'
        },
        expiresIn: '2d',
        quorum: { need: 2 },
      },
    })
    expectTypeOf(node['~nested']['ask']['outcome']).toEqualTypeOf<'approved' | 'rejected' | 'edited'>()
    expectTypeOf(node['~nested']['ask']['edits']).toEqualTypeOf<{ readonly input?: { order: string } }>()
    w.map({ over: 'extra', maxItems: 1, item: price, approval: true })
    // @ts-expect-error there is no model to ask back
    w.map({ over: 'extra', maxItems: 1, item: price, approval: { canAskBack: true } })
    // @ts-expect-error the approvals of a workflow are in it
    w.map({ over: 'extra', maxItems: 1, item: inner, approval: true })
    // @ts-expect-error people are asked about calls of tools
    w.map({ over: 'extra', maxItems: 1, run: () => 1, approval: true })
  })

  it('types runs of agents and workflows, and what people may answer in them', () => {
    const agent = defineAgent({
      model: 'small',
      instructions: 'Price it.',
      input: z.object({ order: z.string() }),
      output: z.object({ amountUsd: z.number() }),
      tools: [price],
    })
    const n = w.nodes({
      agents: w.map({
        over: 'orders',
        writes: ['totals'],
        maxItems: 10,
        item: agent,
        input: (order) => ({ order }),
        apply: (results) => ({ totals: results.map(({ output }) => output.amountUsd) }),
      }),
      workflows: w.map({
        over: 'extra',
        maxItems: 10,
        item: inner,
        failed: 'keep',
        writes: ['totals'],
        apply: (results) => {
          for (const { output } of results) expectTypeOf(output).toEqualTypeOf<(typeof inner)['~output'] | undefined>()
          return { totals: [] }
        },
      }),
    })
    expectTypeOf(n.agents['~tools']).toEqualTypeOf<'price'>()
    // @ts-expect-error -- an order is a text
    w.map({ over: 'orders', maxItems: 1, item: agent, input: () => ({ order: 1 }) })
    // @ts-expect-error -- a text is not the input
    w.map({ over: 'orders', maxItems: 1, item: agent })
    // @ts-expect-error -- a text is not the input
    w.map({ over: 'orders', maxItems: 1, item: inner })
    // @ts-expect-error -- neither a tool, an agent nor a workflow
    w.map({ over: 'orders', maxItems: 1, item: 'price' })
    const whole = w.workflow('whole', {
      input: z.object({ orders: z.array(z.string()) }),
      output: [],
      nodes: n,
      start: n.agents,
      edges: { agents: { done: n.workflows }, workflows: { done: END } },
    })
    expectTypeOf<keyof (typeof whole)['~approvals']>().toEqualTypeOf<'agents/agent' | 'workflows/editor'>()
    expectTypeOf<(typeof whole)['~approvals']['agents/agent']>().toEqualTypeOf<CallDecision>()
  })
})
