import { END } from '@waystone/core'
import { input, output, task, w } from './shared.ts'
import { note, receiptStep } from './tools.ts'

const n = w.nodes({
  prepare: task('prepare', { effect: 'idempotent', attempts: 3 }),
  enrich: task('enrich', { effect: 'pure', isSync: true }),
  ledger: w.tool(note, {
    reads: ['ticket'],
    writes: ['trail', 'count'],
    apply: ({ receipt }) => ({ count: 1, trail: [receiptStep(receipt)] }),
  }),
  polish: task('polish', { effect: 'idempotent', isSync: true }),
})

/** One node after the other: retries, a synchronous task, a keyed tool. */
export const linear = w.workflow('linear', {
  input,
  output,
  nodes: n,
  start: n.prepare,
  edges: {
    prepare: { done: n.enrich },
    enrich: { done: n.ledger },
    ledger: { done: n.polish, failed: n.polish },
    polish: { done: END },
  },
})
