import { defineState, defineTool, END, FAIL, rule } from '@waystone/core'
import { z } from 'zod'
import { checkTone } from './tone.ts'

const Note = z.object({ id: z.string(), text: z.string() })

const lookupOrder = defineTool({
  name: 'look-up-order',
  description: 'Finds an order by its number: what was bought, what was paid, when it was delivered.',
  effect: 'pure',
  input: z.object({ order: z.string() }),
  output: z.object({ item: z.string(), paidUsd: z.number(), deliveredDaysAgo: z.number() }),
  run: ({ order }) => {
    const digits = Number(order.replaceAll(/\D/g, ''))
    return { item: digits % 2 === 0 ? 'a kettle' : 'a lamp', paidUsd: digits % 500, deliveredDaysAgo: digits % 30 }
  },
})

const issueRefund = defineTool({
  name: 'issue-refund',
  description: 'Pays money back to the card an order was paid with.',
  effect: 'unsafe',
  input: z.object({ order: z.string(), amountUsd: z.number().positive() }),
  output: z.object({ receipt: z.string() }),
  run: ({ order, amountUsd }, context) => {
    context.log(`refunded ${amountUsd} USD of order ${order}`)
    return { receipt: `refund-${order}` }
  },
})

// #region workflow
const w = defineState({
  order: z.string(),
  amountUsd: z.number().optional(),
  notes: rule.append(Note, { key: 'id' }),
  reply: z.string().optional(),
})
const isSmall = w.guard('isSmall', ['amountUsd'], ({ amountUsd }) => amountUsd !== undefined && amountUsd < 100)

const n = w.nodes({
  triage: w.agent({
    model: 'fast',
    instructions: 'Look the order up. Say how much to refund, and note what you found.',
    tools: [lookupOrder],
    reads: ['order'],
    writes: ['amountUsd', 'notes'],
  }),
  manager: w.approval({ show: ['order', 'amountUsd', 'notes'], role: 'manager', expiresIn: '2d' }),
  refund: w.tool(issueRefund, {
    reads: ['order', 'amountUsd'],
    writes: ['notes'],
    input: ({ state }) => ({ order: state.order, amountUsd: state.amountUsd ?? 0 }),
    apply: ({ receipt }) => ({ notes: [{ id: 'refund', text: `Refunded: ${receipt}.` }] }),
  }),
  verify: w.approval({
    show: ['order', 'amountUsd'],
    reason: 'The payment may have happened. Please look it up at the bank.',
    outcomes: ['happened', 'did-not-happen'],
  }),
  answer: w.agent({
    model: 'good',
    instructions: 'Write a short and friendly reply to the customer.',
    reads: ['order', 'notes', 'reply'],
    hears: ['tone'],
    writes: ['reply'],
  }),
  tone: w.gate({ reads: ['reply'], outcomes: ['pass', 'rude'], decide: checkTone }),
})

export const refunds = w.workflow('refunds', {
  version: 3,
  input: z.object({ order: z.string() }),
  output: ['reply'],
  nodes: n,
  start: n.triage,
  edges: {
    triage: { done: [{ when: isSmall, to: n.refund }, n.manager] },
    manager: { approved: n.refund, rejected: n.answer, expired: n.answer },
    refund: { done: n.answer, unknown: n.verify },
    verify: { happened: n.answer, 'did-not-happen': { to: n.manager, limit: 1, otherwise: FAIL } },
    answer: { done: n.tone },
    tone: { pass: END, rude: { to: n.answer, limit: 2, otherwise: END } },
  },
  limits: { steps: 60, modelCalls: 12, tokens: 60_000, costUsd: 0.5, duration: '30m' },
  policies: [{ never: issueRefund, without: [n.manager, 'approved'], given: w.not(isSmall) }],
})
// #endregion workflow
