// #region file
import { defineState, END } from '@waystone/core'
import { z } from 'zod'

const w = defineState({
  mail: z.string(),
  topic: z.enum(['refund', 'other']),
  reply: z.string(),
})
const isRefund = w.guard('isRefund', ['topic'], ({ topic }) => topic === 'refund')

const n = w.nodes({
  sort: w.task({
    reads: ['mail'],
    writes: ['topic'],
    effect: 'pure',
    run: ({ state }) => ({ topic: /refund|money back/i.test(state.mail) ? 'refund' : 'other' }),
  }),
  explain: w.task({
    writes: ['reply'],
    effect: 'pure',
    run: () => ({ reply: 'Send the parcel back within 30 days, and we refund it.' }),
  }),
  answer: w.task({
    writes: ['reply'],
    effect: 'pure',
    run: () => ({ reply: 'Thank you for your mail.' }),
  }),
})

export const support = w.workflow('support', {
  version: 2,
  input: z.object({ mail: z.string() }),
  output: ['reply'],
  nodes: n,
  start: n.sort,
  edges: {
    sort: { done: [{ when: isRefund, to: n.explain }, n.answer] },
    explain: { done: END },
    answer: { done: END },
  },
})
// #endregion file
