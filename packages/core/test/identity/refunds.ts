import { defineState, defineTool, END, FAIL, rule } from '@waystone/core'
import { z } from 'zod'

const pay = defineTool({
  name: 'pay',
  description: 'Pays.',
  input: z.object({ order: z.string() }),
  output: z.object({ receipt: z.string() }),
  run: ({ order }) => ({ receipt: order }),
})

const w = defineState({
  order: z.string(),
  notes: rule.append(z.object({ id: z.string().describe('Unique.') }), { key: 'id' }),
  reply: z.string().optional(),
})

const isShort = w.guard('isShort', ['order'], ({ order }) => {
  const longest = 8
  return order.length < longest
})

const n = w.nodes({
  triage: w.agent({ model: 'fast', instructions: 'Sort the order out.', reads: ['order', 'reply'], writes: ['reply'] }),
  manager: w.approval({ show: ['order'], reason: 'Money moves.', expiresIn: '2d' }),
  refund: w.tool(pay, { reads: ['order'] }),
})

export const refunds = w.workflow('refunds', {
  description: 'Pays back.',
  input: z.object({ order: z.string() }),
  output: ['reply'],
  nodes: n,
  start: n.triage,
  edges: {
    triage: {
      done: [{ when: isShort, to: n.refund }, n.manager],
    },
    manager: { approved: n.refund, rejected: FAIL, expired: END },
    refund: { done: END },
  },
})
