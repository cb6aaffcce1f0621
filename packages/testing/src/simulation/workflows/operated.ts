import { END } from '@waystone/core'
import { post, stamp } from './letters.ts'
import { input, output, task, w } from './shared.ts'
import { charge, receiptStep } from './tools.ts'

const n = w.nodes({
  begin: task('begin', { effect: 'pure', isSync: true }),
  left: task('left', { effect: 'idempotent', redirectable: true }),
  check: w.approval({ show: ['ticket'], expiresIn: 12_000, redirectable: true }),
  right: task('right', { effect: 'keyed' }),
  gather: w.join({ failed: 'keep' }),
  clerk: w.agent({
    model: 'main',
    instructions: 'Help.',
    reads: ['ticket'],
    writes: ['plan', 'score'],
    tools: [post, stamp],
    maxModelCalls: 6,
    maxCallsPerTurn: 4,
    timeout: 3_000,
    redirectable: true,
  }),
  manager: w.approval({ show: ['ticket'], expiresIn: 20_000, redirectable: true }),
  pack: task('pack', { effect: 'idempotent' }),
  refund: w.tool(charge, {
    reads: ['ticket'],
    writes: ['score', 'trail', 'count'],
    timeout: 1_500,
    apply: ({ amount, receipt }) => ({ score: amount, count: 1, trail: [receiptStep(receipt)] }),
    redirectable: true,
  }),
  close: task('close', { effect: 'pure' }),
})

/** What operators and persons do beside deciding: redirects, questions, decisions that are remembered; under two policies. */
export const operated = w.workflow('operated', {
  input,
  output,
  nodes: n,
  start: n.begin,
  edges: {
    begin: { done: { fork: [n.left, n.right], join: n.gather } },
    left: { done: n.check },
    check: { approved: n.gather, rejected: n.gather, expired: n.gather },
    right: { done: n.gather },
    gather: { done: n.clerk },
    clerk: { done: n.manager, failed: n.manager },
    manager: { approved: n.pack, rejected: n.close, expired: n.close },
    pack: { done: n.refund },
    refund: { done: n.close, failed: n.close, unknown: n.close },
    close: { done: END },
  },
  limits: { steps: 32 },
  policies: [
    { never: charge, without: [n.manager, 'approved'] },
    { never: stamp, without: 'approval' },
    { never: post, without: 'approval', remembered: true },
  ],
})
