import { z } from 'zod'
import { END, FAIL } from '../../src/define/edge.ts'
import { defineState } from '../../src/define/state.ts'

const w = defineState({ order: z.string(), amountUsd: z.number().optional(), how: z.string().optional() })

/** Outside events of {@link orders}. */
export const events = {
  paid: w.event('paid', z.object({ amountUsd: z.number().min(0) })),
  cancelled: w.event('cancelled'),
  shipped: w.event('shipped', z.object({ by: z.string() })),
}

const n = w.nodes({
  settle: w.wait({
    for: [events.paid, events.cancelled],
    key: 'order',
    writes: ['amountUsd'],
    apply: (received) => (received.event === 'paid' ? { amountUsd: received.payload.amountUsd } : {}),
    expiresIn: '2d',
  }),
  remind: w.task({ effect: 'pure', writes: ['how'], run: () => ({ how: 'reminded' }) }),
  ship: w.wait({ for: events.shipped, writes: ['how'], apply: ({ by }) => ({ how: `by ${by}` }) }),
  rest: w.wait({ delay: '1h' }),
})

/** Waits for the payment or the cancellation of its own order, then for its shipping, then an hour. */
export const orders = w.workflow('orders', {
  input: z.object({ order: z.string() }),
  output: ['amountUsd', 'how'],
  nodes: n,
  start: n.settle,
  edges: {
    settle: { paid: n.ship, cancelled: FAIL, expired: n.remind },
    remind: { done: { to: n.settle, limit: 1, otherwise: FAIL } },
    ship: { received: n.rest },
    rest: { done: END },
  },
})
