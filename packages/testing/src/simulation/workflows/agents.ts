import { END } from '@waystone/core'
import { input, isHigh, output, task, w } from './shared.ts'
import { charge, lookUp, note } from './tools.ts'

const n = w.nodes({
  helper: w.agent({
    model: 'main',
    instructions: 'Help.',
    reads: ['ticket'],
    writes: ['plan', 'score'],
    tools: [lookUp, note, charge],
    maxModelCalls: 5,
    maxCallsPerTurn: 4,
    timeout: 3_000,
    retry: { attempts: 2, backoff: 100 },
  }),
  second: w.agent({
    model: 'main',
    instructions: 'Help again.',
    reads: ['ticket', 'plan'],
    writes: ['plan', 'score'],
    tools: [charge],
    memory: 'continue',
    timeout: 3_000,
    maxModelCalls: 4,
  }),
  mend: task('mend', { effect: 'idempotent', attempts: 2 }),
})

/** Agents with tools of every effect class, with and without an edge for unknown outcomes. */
export const agents = w.workflow('agents', {
  input,
  output,
  nodes: n,
  start: n.helper,
  edges: {
    helper: { done: [{ when: isHigh, to: n.second, limit: 2 }, END], failed: n.mend, unknown: n.mend },
    second: {
      done: [{ when: w.not(isHigh), to: n.second, limit: 1, otherwise: n.mend }, END],
      failed: n.mend,
    },
    mend: { done: END },
  },
  limits: { modelCalls: 9, tokens: 6_000 },
})
