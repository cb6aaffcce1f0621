import { END } from '@waystone/core'
import { z } from 'zod'
import { input, output, task, w } from './shared.ts'
import { lookUp, note } from './tools.ts'

const n = w.nodes({
  desk: w.agent({
    model: 'main',
    instructions: 'Talk.',
    reads: ['plan'],
    writes: ['plan', 'score'],
    tools: [lookUp, note],
    memory: 'continue',
    history: { over: { answers: 2 }, keep: { answers: 1 }, summary: { maxOutputTokens: 80 } },
    maxModelCalls: 6,
    maxCallsPerTurn: 3,
    timeout: 3_000,
    retry: { attempts: 2, backoff: 100 },
  }),
  reader: w.approval({
    show: ['plan'],
    outcomes: ['said', 'bye'],
    response: z.object({ plan: z.string() }),
    talk: { says: 'plan', answer: 'plan' },
    expiresIn: 20_000,
  }),
  clerk: w.agent({
    model: 'main',
    instructions: 'Close the talk.',
    reads: ['plan'],
    writes: ['plan'],
    tools: [lookUp],
    memory: 'continue',
    history: { over: { tokens: 300 }, keep: { answers: 1 } },
    maxModelCalls: 5,
    timeout: 3_000,
  }),
  mend: task('mend', { effect: 'idempotent', attempts: 2 }),
})

/** A talk of many messages, whose older part is told in summaries, and an agent that forgets. */
export const talk = w.workflow('talk', {
  input,
  output,
  nodes: n,
  start: n.desk,
  edges: {
    desk: { done: n.reader, failed: n.mend, timeout: n.mend },
    reader: { said: { to: n.desk, limit: 5, otherwise: n.clerk }, bye: n.clerk, expired: n.clerk },
    clerk: { done: END, failed: n.mend, timeout: n.mend },
    mend: { done: END },
  },
})
