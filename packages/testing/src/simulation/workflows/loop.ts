import { END, FAIL } from '@waystone/core'
import { input, isLong, output, task, w } from './shared.ts'

const n = w.nodes({
  draft: task('draft', { effect: 'pure', isSync: true }),
  judge: w.gate({
    reads: ['count', 'trail'],
    outcomes: ['pass', 'again', 'escalate'],
    decide: ({ state }) =>
      state.count % 5 === 4 ? { outcome: 'escalate', reasons: ['five'] } : state.trail.length > 9 ? 'pass' : 'again',
  }),
  review: w.gate({
    model: 'main',
    instructions: 'Judge.',
    reads: ['count'],
    outcomes: ['pass', 'again'],
    timeout: 2_500,
  }),
  redo: task('redo', { effect: 'idempotent', attempts: 2 }),
  wrap: task('wrap', { effect: 'idempotent', isSync: true }),
})

/** Gates in loops under edge limits, one of them counted anew, and a limit on steps. */
export const loop = w.workflow('loop', {
  input,
  output,
  nodes: n,
  start: n.draft,
  edges: {
    draft: { done: n.judge },
    judge: {
      pass: n.review,
      again: { to: n.draft, limit: 3, per: n.redo, otherwise: n.review },
      escalate: [{ when: isLong, to: n.review }, { to: n.redo, limit: 1 }, n.review],
    },
    review: { pass: END, again: { to: n.redo, limit: 2, otherwise: FAIL } },
    redo: { done: n.draft },
    wrap: { done: END },
  },
  limits: { steps: 14, exhausted: n.wrap },
})
