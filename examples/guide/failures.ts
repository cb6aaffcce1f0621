import { defineState, END, nodeFailure, type Workflow } from '@waystone/core'
import { z } from 'zod'

const w = defineState({
  topic: z.string(),
  facts: z.array(z.string()).optional(),
  method: z.string().optional(),
  note: z.string().optional(),
})

/** Where the facts of an example come from. */
export type Library = (topic: string, method: string, known: number) => readonly string[]

/** Collects facts until there are enough, or nothing more is to be had. */
export function researchIn(library: Library): Workflow<{ topic: string }, { facts?: string[]; note?: string }> {
  // #region enough
  const isEnough = w.guard('isEnough', ['facts'], ({ facts = [] }) => facts.length >= 5)

  const n = w.nodes({
    search: w.task({
      effect: 'pure',
      retry: { attempts: 1 },
      reads: ['topic', 'facts', 'method'],
      writes: ['facts'],
      run: ({ state: { topic, facts = [], method = 'archive' } }) => {
        const found = library(topic, method, facts.length)
        if (found.includes('yes') && found.includes('no'))
          throw nodeFailure('two sources disagree', { failure: 'conflict' })
        return { facts: [...facts, ...found] }
      },
    }),
    weigh: w.task({ effect: 'pure', writes: ['note'], run: () => ({ note: 'the sources disagree' }) }),
    replan: w.task({ effect: 'pure', writes: ['method'], run: () => ({ method: 'web' }) }),
    close: w.task({ effect: 'pure', writes: ['note'], run: () => ({ note: 'incomplete' }) }),
  })
  // #endregion enough

  // #region edges
  return w.workflow('research', {
    input: z.object({ topic: z.string() }),
    output: ['facts', 'note'],
    nodes: n,
    start: n.search,
    edges: {
      search: {
        done: [
          { when: isEnough, to: END }, // done enough
          { to: n.search, limit: 8, otherwise: n.close }, // the budget
        ],
        failed: [{ when: w.failure('conflict'), to: n.weigh }, n.close],
      },
      weigh: { done: END },
      replan: { done: n.search },
      close: { done: END },
    },
    limits: { stall: { transitions: 3, watch: ['facts'], to: n.replan, limit: 1, otherwise: n.close } },
  })
  // #endregion edges
}
