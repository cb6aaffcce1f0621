import { END } from '@waystone/core'
import { input, isHigh, output, task, w } from './shared.ts'
import { charge, lookUp, note } from './tools.ts'

const n = w.nodes({
  worker: w.agent({
    model: 'main',
    fallbacks: ['spare'],
    fallbackOn: ['failure', 'misfit'],
    instructions: 'Work.',
    reads: ['ticket'],
    writes: ['plan', 'score'],
    tools: [lookUp, note, charge],
    maxModelCalls: 8,
    maxParallelCalls: 2,
    maxInputTokens: 4_000,
    maxOutputTokens: 100,
    limits: { toolCalls: 4, modelCalls: 5, duration: '12s' },
    timeout: 3_000,
    retry: { attempts: 1 },
  }),
  rest: task('rest', { effect: 'idempotent', attempts: 2 }),
})

/** Limits of an agent's own, calls that wait for their turn, models that stand in for each other, cost set aside before a call. */
export const limited = w.workflow('limited', {
  input,
  output,
  nodes: n,
  start: n.worker,
  edges: {
    worker: {
      done: [{ when: isHigh, to: END }, { to: n.worker, limit: 2 }, END],
      exhausted: n.rest,
      failed: n.rest,
      unknown: n.rest,
    },
    rest: { done: END },
  },
  limits: { steps: 60, toolCalls: 7, costUsd: 0.2 },
})
