import { createRuntime, defineState, END, FAIL, type Receipt, type Runtime } from '@waystone/core'
import { z } from 'zod'

const w = defineState({
  order: z.string(),
  deliverAt: z.iso.datetime(),
  paidUsd: z.number().optional(),
  note: z.string().optional(),
})

// #region events
const paid = w.event('paid', z.object({ paidUsd: z.number() }))
const cancelled = w.event('cancelled') // carries nothing
// #endregion events

// #region nodes
const n = w.nodes({
  payment: w.wait({
    for: [paid, cancelled], // the first decides: an outcome each
    key: 'order', // only events that were sent with this order
    writes: ['paidUsd'],
    apply: (received) => (received.event === 'paid' ? received.payload : {}),
    expiresIn: '3d',
  }),
  remind: w.task({ effect: 'pure', writes: ['note'], run: () => ({ note: 'reminded' }) }),
  night: w.wait({ delay: '8h' }),
  delivery: w.wait({ until: 'deliverAt' }), // or a function: ({ state }) => …
})
// #endregion nodes

// #region workflow
export const orders = w.workflow('orders', {
  input: z.object({ order: z.string(), deliverAt: z.iso.datetime() }),
  output: ['paidUsd', 'note'],
  nodes: n,
  start: n.payment,
  edges: {
    payment: { paid: n.night, cancelled: FAIL, expired: n.remind },
    remind: { done: { to: n.payment, limit: 1, otherwise: FAIL } },
    night: { done: n.delivery },
    delivery: { done: END },
  },
})
// #endregion workflow

// #region send
/** What a webhook does with a payment. */
export async function onPayment(
  runtime: Runtime,
  { messageId, order, amountUsd }: { messageId: string; order: string; amountUsd: number },
): Promise<Receipt> {
  // The run was started with the order as its key: runtime.start(orders, { input, key: order })
  const run = { workflow: orders, key: order }
  return await runtime.send(run, paid, { paidUsd: amountUsd }, { id: messageId, key: order })
}
// #endregion send

/** Starts an order, pays it, and says what the run waits for then. */
export async function payOne(): Promise<readonly string[]> {
  const runtime = createRuntime({ workflows: [orders] })
  const run = await runtime.start(orders, { input: { order: 'o-1', deliverAt: '2030-01-31T12:00:00Z' }, key: 'o-1' })
  await run.result()
  await onPayment(runtime, { messageId: 'm-1', order: 'o-1', amountUsd: 20 })
  await run.result()
  const waits = await run.waits()
  await runtime.close()
  return waits.map(({ node }) => node)
}

const s = defineState({ quoted: z.number().optional(), stock: z.boolean().optional(), tax: z.number().optional() })

// #region emits
const priced = s.event('priced')
const join = s.join()
const shop = s.nodes({
  quote: s.task({ effect: 'pure', writes: ['quoted'], run: () => ({ quoted: 30 }) }),
  stock: s.task({ effect: 'pure', on: priced, writes: ['stock'], run: () => ({ stock: true }) }),
  tax: s.task({ effect: 'pure', on: priced, reads: ['quoted'], writes: ['tax'], run: taxOf }), // added later
  join,
})

export const offers = s.workflow('offers', {
  input: z.object({}),
  output: ['stock', 'tax'],
  nodes: shop,
  start: shop.quote,
  edges: {
    quote: { done: { emit: priced, join: shop.join } }, // names no node that is on it
    stock: { done: shop.join },
    tax: { done: shop.join },
    join: { done: END },
  },
})
// #endregion emits

function taxOf({ state }: { readonly state: { readonly quoted?: number } }): { tax: number } {
  return { tax: (state.quoted ?? 0) / 5 }
}
