import { defineTool, END } from '@waystone/core'
import { z } from 'zod'
import { ask } from './bridge.ts'
import { input, output, task, w } from './shared.ts'
import { charge, receiptStep } from './tools.ts'

const terms = {
  effect: 'keyed',
  input: z.object({ ticket: z.string() }),
  output: z.object({ receipt: z.string(), amount: z.number() }),
  timeout: 1_500,
  retry: { attempts: 2, backoff: 100 },
} as const

/** Decisions on its calls may be remembered, as far as can be. */
const post = defineTool({
  ...terms,
  name: 'post',
  description: 'Posts a letter.',
  approval: { remember: 'workflow' },
  run: (given, context) => ask({ name: 'post', effect: 'keyed', context, input: given }),
})

/** A policy wants a yes to each of its calls. */
const stamp = defineTool({
  ...terms,
  name: 'stamp',
  description: 'Stamps a letter.',
  approval: { expiresIn: 15_000, remember: 'workflow' },
  run: (given, context) => ask({ name: 'stamp', effect: 'keyed', context, input: given }),
})

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
