import { defineState, defineTool, END, rule } from '@waystone/core'
import { z } from 'zod'

// #region state
const w = defineState({
  topic: z.string(),
  findings: rule.append(z.string()), // several branches add to it: it needs a merge rule
  price: z.number().optional(), // only one branch writes it
  answer: z.string().optional(),
})
// #endregion state

const searchWeb = defineTool({
  name: 'search-web',
  description: 'Searches the web.',
  effect: 'pure',
  input: z.object({ topic: z.string() }),
  output: z.object({ findings: z.array(z.string()) }),
  run: ({ topic }) => ({ findings: [`web: ${topic}`] }),
})

// #region nodes
const n = w.nodes({
  plan: w.task({ effect: 'pure', run: () => undefined }),
  web: w.tool(searchWeb, { reads: ['topic'], writes: ['findings'], timeout: '10s' }),
  archive: w.task({
    effect: 'pure',
    writes: ['findings'],
    timeout: '10s',
    run: () => ({ findings: ['archive: 1897'] }),
  }),
  shop: w.task({ effect: 'pure', writes: ['price'], timeout: '10s', run: () => ({ price: 30 }) }),
  found: w.join({ wait: { atLeast: 2 }, failed: 'drop', losers: 'abort', deadline: '20s' }),
  answer: w.task({
    effect: 'pure',
    reads: ['findings', 'price'],
    hears: ['found'], // outcome, and which branches failed
    writes: ['answer'],
    run: ({ state, heard }) => ({
      answer: `${state.findings.join(', ')}; ${state.price ?? 'no'} dollars; ${heard.found?.reasons.length ?? 0} failed`,
    }),
  }),
  sorry: w.task({ effect: 'pure', writes: ['answer'], run: () => ({ answer: 'Nothing found.' }) }),
})
// #endregion nodes

// #region workflow
export const research = w.workflow('research', {
  input: z.object({ topic: z.string(), findings: z.array(z.string()) }),
  output: ['answer'],
  nodes: n,
  start: n.plan,
  edges: {
    plan: { done: { fork: [n.web, n.archive, n.shop], join: n.found } },
    web: { done: n.found },
    archive: { done: n.found },
    shop: { done: n.found },
    found: { done: n.answer, deadline: n.answer, unsatisfied: n.sorry },
    answer: { done: END },
    sorry: { done: END },
  },
})
// #endregion workflow

const isExpensive = w.guard('isExpensive', ['price'], ({ price }) => (price ?? 0) > 100)

const m = w.nodes({
  plan: w.task({ effect: 'pure', run: () => undefined }),
  shop: w.task({ effect: 'pure', writes: ['price'], run: () => ({ price: 300 }) }),
  web: w.tool(searchWeb, { reads: ['topic'], writes: ['findings'] }),
  archive: w.task({ effect: 'pure', writes: ['findings'], run: () => ({ findings: ['archive: 1897'] }) }),
  either: w.join({ wait: 'any' }),
  both: w.join(),
})

/** A fork inside a branch, and an edge that ends more than its own branch. */
export const careful = w.workflow('careful', {
  input: z.object({ topic: z.string(), findings: z.array(z.string()) }),
  output: ['findings'],
  nodes: m,
  start: m.plan,
  edges: {
    // #region inside
    plan: { done: [{ when: w.not(isExpensive), fork: [m.shop, m.web], join: m.both }, END] },
    shop: { done: [{ when: isExpensive, to: END, cancelsFork: true }, m.both] },
    web: { done: { fork: [m.archive], join: m.either } },
    // #endregion inside
    archive: { done: m.either },
    either: { done: m.both },
    both: { done: END },
  },
})
