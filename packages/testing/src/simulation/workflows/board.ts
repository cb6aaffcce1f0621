import { END, FAIL } from '@waystone/core'
import { input, output, task, w } from './shared.ts'
import { charge, pay } from './tools.ts'

/** Who sits on the board. Dan may decide for Ada. */
const seats = { quorum: { need: 2, of: ['ada', 'bo', 'cy'] }, delegates: { ada: ['dan'] } } as const

const n = w.nodes({
  propose: task('propose', { effect: 'idempotent', isSync: true }),
  vote: w.approval({
    show: ['ticket', 'trail'],
    ...seats,
    canAskBack: true,
    escalate: [
      { after: 3_000, role: 'director' },
      { after: 9_000, role: 'owner' },
    ],
    expiresIn: 40_000,
  }),
  explain: task('explain', { effect: 'idempotent', isSync: true }),
  refund: pay(1_500),
  clerk: w.agent({
    model: 'main',
    instructions: 'Help.',
    reads: ['ticket'],
    writes: ['plan', 'score'],
    tools: [charge],
    toolRules: {
      charge: { approval: { quorum: { need: 2 }, escalate: { after: 2_000, role: 'director' }, expiresIn: 30_000 } },
    },
    timeout: 3_000,
    maxModelCalls: 3,
  }),
})

/** Two of three decide, also by a delegate; nobody in time, and others are asked. */
export const board = w.workflow('board', {
  input,
  output,
  nodes: n,
  start: n.propose,
  edges: {
    propose: { done: n.vote },
    vote: {
      approved: n.refund,
      rejected: n.clerk,
      asked: { to: n.explain, limit: 2, otherwise: END },
      expired: FAIL,
    },
    explain: { done: n.vote },
    refund: { done: n.clerk, failed: n.clerk },
    clerk: { done: END, failed: END },
  },
  policies: [{ never: charge, without: 'approval' }],
})
