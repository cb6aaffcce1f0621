import { defineState, defineTool, END } from '@waystone/core'
import { z } from 'zod'

// #region state
const w = defineState({
  orders: z.array(z.string()),
  currency: z.string(),
  totalUsd: z.number().optional(),
  missing: z.array(z.string()).optional(),
  mirror: z.string().optional(),
})
// #endregion state

const price = defineTool({
  name: 'price',
  description: 'Prices an order.',
  effect: 'pure',
  input: z.object({ order: z.string(), currency: z.string() }),
  output: z.object({ amount: z.number() }),
  run: ({ order }) => ({ amount: order.length }),
})

const mirrors = ['https://one.example', 'https://two.example', 'https://three.example']

// #region nodes
const n = w.nodes({
  priceAll: w.map({
    over: 'orders', // or a function: ({ state }) => state.orders.filter(…)
    reads: ['currency'],
    writes: ['totalUsd', 'missing'],
    item: price,
    input: (order, { state }) => ({ order, currency: state.currency }),
    maxItems: 1_000,
    concurrency: 20,
    failed: 'keep',
    timeout: '10s',
    apply: (results) => ({
      totalUsd: results.reduce((sum, { output }) => sum + (output?.amount ?? 0), 0),
      missing: results.flatMap(({ index, error }) => (error === undefined ? [] : [`${index}: ${error.message}`])),
    }),
  }),
  fastest: w.map({
    over: () => mirrors,
    writes: ['mirror'],
    effect: 'pure',
    run: async (url, _given, { signal }) => await ping(url, signal),
    maxItems: 3,
    done: 'first',
    wanted: ({ isUp }) => isUp,
    failed: 'keep',
    timeout: '2s',
    apply: (results) => {
      const up = results.find(({ output }) => output?.isUp)
      return up?.output === undefined ? {} : { mirror: up.output.url }
    },
  }),
})
// #endregion nodes

async function ping(url: string, signal: AbortSignal): Promise<{ readonly url: string; readonly isUp: boolean }> {
  signal.throwIfAborted()
  await Promise.resolve()
  return { url, isUp: url.includes('two') }
}

/** Prices many orders, and asks several mirrors at once. */
export const pricing = w.workflow('pricing', {
  input: z.object({ orders: z.array(z.string()), currency: z.string() }),
  output: ['totalUsd', 'missing', 'mirror'],
  nodes: n,
  start: n.priceAll,
  edges: { priceAll: { done: n.fastest }, fastest: { done: END, unsatisfied: END } },
})

const payBack = defineTool({
  name: 'pay-back',
  description: 'Pays an order back.',
  effect: 'keyed',
  input: z.object({ order: z.string(), usd: z.number().positive() }),
  output: z.object({ receipt: z.string() }),
  run: ({ usd }, { effectId }) => ({ receipt: `${usd} USD, ${effectId}` }),
})

const r = defineState({
  orders: z.array(z.object({ order: z.string(), usd: z.number() })),
  told: z.array(z.string()).optional(),
})
const rn = r.nodes({
  // #region approval
  payAll: r.map({
    over: 'orders',
    writes: ['told'],
    item: payBack,
    approval: {
      reason: 'Money leaves the house.',
      role: 'manager',
      expiresIn: '2d',
    },
    maxItems: 50,
    concurrency: 50, // all may be asked about at once
    failed: 'keep', // a no is an item that failed: the others go on
    apply: (results) => ({ told: results.map(({ output, error }) => output?.receipt ?? error?.message ?? '') }),
  }),
  // #endregion approval
})

/** Pays orders back, each with a yes of its own. */
export const refunding = r.workflow('refunding', {
  input: z.object({ orders: z.array(z.object({ order: z.string(), usd: z.number() })) }),
  output: ['told'],
  nodes: rn,
  start: rn.payAll,
  edges: { payAll: { done: END } },
  policies: [{ never: payBack, without: 'approval' }],
})
