import { END, FAIL } from '@waystone/core'
import { input, output, task, w } from './shared.ts'
import { pay } from './tools.ts'

const n = w.nodes({
  pay: pay(1_000),
  verify: w.approval({ show: ['ticket'], outcomes: ['happened', 'did-not-happen'] }),
  ship: task('ship', { effect: 'unsafe', timeout: 1_000 }),
  label: task('label', { effect: 'unsafe', timeout: 1_000, attempts: 2 }),
})

/** Unsafe effects whose outcome may be unknown, with and without an edge for it. */
export const unsafe = w.workflow('unsafe', {
  input,
  output,
  nodes: n,
  start: n.pay,
  edges: {
    pay: { done: n.ship, unknown: n.verify },
    verify: { happened: n.ship, 'did-not-happen': { to: n.pay, limit: 2, otherwise: FAIL } },
    ship: { done: n.label },
    label: { done: END, failed: END },
  },
})
