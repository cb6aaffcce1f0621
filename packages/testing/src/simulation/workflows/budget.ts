import { END } from '@waystone/core'
import { input, isHigh, output, task, w } from './shared.ts'
import { lookUp } from './tools.ts'

const n = w.nodes({
  slow: task('slow', { effect: 'idempotent', attempts: 4, timeout: 4_000 }),
  again: w.agent({
    model: 'main',
    instructions: 'Go on.',
    reads: ['ticket'],
    writes: ['plan', 'score'],
    tools: [lookUp],
    maxModelCalls: 3,
    maxOutputTokens: 100,
    timeout: 3_000,
  }),
})

/** Limits on calls, tokens, cost and time. */
export const budget = w.workflow('budget', {
  input,
  output,
  nodes: n,
  start: n.slow,
  edges: {
    slow: { done: n.again },
    again: { done: [{ when: isHigh, to: END }, { to: n.slow, limit: 6 }, END] },
  },
  limits: { modelCalls: 6, toolCalls: 4, tokens: { max: 2_500, check: 'after' }, costUsd: 1, duration: '9s' },
})
