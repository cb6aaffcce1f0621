import { defineState, defineTool, END } from '@waystone/core'
import { z } from 'zod'

const lookUp = defineTool({
  name: 'look-up',
  description: 'Finds an order.',
  input: z.object({ order: z.string() }),
  output: z.object({ paidUsd: z.number() }),
  run: () => ({ paidUsd: 40 }),
})

// #region mistakes
// @ts-expect-error a Date does not survive JSON
defineState({ at: z.date() })

const w = defineState({ order: z.string(), amountUsd: z.number() })

const n = w.nodes({
  // @ts-expect-error `order` is a text, and the tool's output does not hold it
  find: w.tool(lookUp, { reads: ['order'], writes: ['order'] }),
  // @ts-expect-error no such state key: amount
  price: w.task({ reads: ['order'], run: () => ({ amount: 3 }) }),
  // @ts-expect-error amountUsd is a state key, but not in `writes`
  guess: w.task({ run: () => ({ amountUsd: 3 }) }),
  // @ts-expect-error `maybe` is not one of the outcomes
  big: w.gate({ reads: ['amountUsd'], outcomes: ['yes', 'no'], decide: () => 'maybe' }),
  ok: w.approval({ show: ['amountUsd'] }),
})

w.workflow('mistakes', {
  input: z.object({ order: z.string() }),
  output: ['amountUsd'],
  nodes: n,
  // @ts-expect-error the start reads `amountUsd`, which the input does not have
  start: n.ok,
  edges: {
    find: { done: n.ok },
    price: { done: n.ok },
    guess: { done: n.ok },
    // @ts-expect-error outcome `no` has no edge
    big: { yes: END },
    // @ts-expect-error without `expiresIn` there is no outcome `expired`
    ok: { approved: END, rejected: END, expired: END },
  },
})
// #endregion mistakes
