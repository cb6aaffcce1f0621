import { defineAgent, defineState, defineTool, END } from '@waystone/core'
import { killPoints } from '@waystone/testing'
import { z } from 'zod'
import { journal } from '../shared/journal.ts'

const points = killPoints()

/** Writes a line in the journal, as a service that knows a call by its key does. */
const price = defineTool({
  name: 'price',
  description: 'Prices a part.',
  effect: 'keyed',
  input: z.object({ part: z.int() }),
  output: z.object({ usd: z.int() }),
  run: async ({ part }, { effectId, attempt }) => {
    points.reach(`in price of ${part}, before it happens`)
    journal(`price ${effectId} ${attempt}`)
    await new Promise(setImmediate)
    points.reach(`in price of ${part}, after it has happened`)
    return { usd: part * 2 }
  },
})

const reader = defineAgent({
  model: 'reader',
  instructions: 'Say which part it is.',
  input: z.object({ part: z.int() }),
  output: z.object({ name: z.string() }),
})

const w = defineState({
  parts: z.array(z.int()),
  usd: z.int().optional(),
  names: z.array(z.string()).optional(),
})
const n = w.nodes({
  priceAll: w.map({
    over: 'parts',
    writes: ['usd'],
    item: price,
    input: (part) => ({ part }),
    maxItems: 100,
    concurrency: 6,
    apply: (results) => ({ usd: results.reduce((sum, { output }) => sum + output.usd, 0) }),
  }),
  readAll: w.map({
    over: 'parts',
    writes: ['names'],
    item: reader,
    input: (part) => ({ part }),
    maxItems: 100,
    concurrency: 6,
    apply: (results) => ({ names: results.map(({ output }) => output.name) }),
  }),
  both: w.join(),
  sum: w.task({ effect: 'pure', run: () => undefined }),
})

/** Two maps of a hundred items beside each other: one of calls of a tool, one of agents. */
export const parts = w.workflow('parts', {
  input: z.object({ parts: z.array(z.int()) }),
  output: ['usd', 'names'],
  nodes: n,
  start: n.sum,
  edges: {
    sum: { done: { fork: [n.priceAll, n.readAll], join: n.both } },
    priceAll: { done: n.both },
    readAll: { done: n.both },
    both: { done: END },
  },
})
