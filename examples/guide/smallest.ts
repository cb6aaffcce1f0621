// #region file
import { defineState, END } from '@waystone/core'
import { z } from 'zod'

const w = defineState({
  mail: z.string(),
  topic: z.enum(['refund', 'other']),
})

const n = w.nodes({
  sort: w.task({
    reads: ['mail'],
    writes: ['topic'],
    effect: 'pure',
    run: ({ state }) => ({ topic: /refund|money back/i.test(state.mail) ? 'refund' : 'other' }),
  }),
})

export const support = w.workflow('support', {
  version: 1,
  input: z.object({ mail: z.string() }),
  output: ['topic'],
  nodes: n,
  start: n.sort,
  edges: {
    sort: { done: END },
  },
})
// #endregion file
