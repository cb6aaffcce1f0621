import { END } from '@waystone/core'
import { ask } from './bridge.ts'
import { input, output, task, w } from './shared.ts'
import { charge } from './tools.ts'

/** The list that a map of a simulation goes over. */
function itemsOf(ticket: string, count: number): readonly { readonly ticket: string }[] {
  return Array.from({ length: count }, (_, index) => ({ ticket: `${ticket}-${index}` }))
}

/** One line of the trail for a map: which items ended well, and which failed. */
function traceOf(
  node: string,
  results: readonly { readonly index: number; readonly error?: unknown }[],
): { readonly count: number; readonly trail: readonly string[] } {
  const marks = results.map(({ index, error }) => (error === undefined ? `${index}` : `!${index}`))
  return { count: 1, trail: [`${node} ${marks.join()}`] }
}

const n = w.nodes({
  many: w.map({
    over: ({ state }) => itemsOf(state.ticket, 7),
    reads: ['ticket'],
    writes: ['count', 'trail'],
    effect: 'keyed',
    timeout: 1_500,
    retry: { attempts: 2, backoff: 200, jitter: 0.5 },
    run: async (item, _given, context) => (await ask({ name: 'many', effect: 'keyed', context, input: item })).amount,
    maxItems: 7,
    concurrency: 3,
    done: { atLeast: 5 },
    failed: 'drop',
    losers: 'finish',
    apply: (results) => traceOf('many', results),
  }),
  paid: w.map({
    over: ({ state }) => itemsOf(state.ticket, 4),
    reads: ['ticket'],
    writes: ['count', 'trail'],
    timeout: 1_000,
    item: charge,
    input: ({ ticket }) => ({ ticket }),
    maxItems: 3,
    excess: 'cut',
    concurrency: 2,
    failed: 'keep',
    apply: (results) => traceOf('paid', results),
  }),
  first: w.map({
    over: ({ state }) => itemsOf(state.ticket, 4),
    reads: ['ticket'],
    writes: ['count', 'trail'],
    effect: 'pure',
    timeout: 1_500,
    retry: { attempts: 1 },
    run: async (item, _given, context) => (await ask({ name: 'first', effect: 'pure', context, input: item })).amount,
    maxItems: 4,
    concurrency: 2,
    done: 'first',
    wanted: (amount) => amount > 60,
    apply: (results) => traceOf('first', results),
  }),
  last: task('last', { effect: 'pure' }),
})

/** Maps of every rule: so many with failures dropped, all with failures kept and unknown ones asked about, the first that is wanted. */
export const maps = w.workflow('maps', {
  input,
  output,
  nodes: n,
  start: n.many,
  edges: {
    many: { done: n.paid, unsatisfied: n.paid },
    paid: { done: n.first },
    first: { done: n.last, unsatisfied: n.last },
    last: { done: { to: n.many, limit: 1, otherwise: END } },
  },
  limits: { steps: 60, toolCalls: 9 },
})
