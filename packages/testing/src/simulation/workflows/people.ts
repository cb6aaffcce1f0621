import { END, FAIL } from '@waystone/core'
import { z } from 'zod'
import { input, output, task, w } from './shared.ts'
import { charge, pay } from './tools.ts'

const n = w.nodes({
  propose: task('propose', { effect: 'idempotent', isSync: true }),
  sign: w.approval({
    show: ['ticket', 'trail'],
    edits: ['ticket'],
    expiresIn: 9_000,
    canAskBack: true,
    reason: 'Money leaves the house.',
    role: 'manager',
  }),
  explain: task('explain', { effect: 'idempotent', isSync: true }),
  remind: task('remind', { effect: 'idempotent' }),
  refund: pay(1_500),
  rate: w.approval({
    show: ['ticket'],
    outcomes: ['rated', 'skipped'],
    expiresIn: 12_000,
    response: z.object({ plan: z.string() }),
  }),
})

/** Approvals with edits, questions back, expiry and a response. */
export const people = w.workflow('people', {
  input,
  output,
  nodes: n,
  start: n.propose,
  edges: {
    propose: { done: n.sign },
    sign: {
      approved: n.refund,
      rejected: END,
      edited: { to: n.propose, limit: 2, otherwise: END },
      asked: { to: n.explain, limit: 2, otherwise: END },
      expired: { to: n.remind, limit: 1, otherwise: FAIL },
    },
    explain: { done: n.sign },
    remind: { done: n.sign },
    refund: { done: n.rate, failed: n.rate },
    rate: { rated: END, skipped: END, expired: END },
  },
  policies: [{ never: charge, without: [n.sign, 'approved'] }],
})
