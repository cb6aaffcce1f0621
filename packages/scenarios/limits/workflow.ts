import { defineState, END } from '@waystone/core'
import { z } from 'zod'

const w = defineState({ name: z.string(), text: z.string().optional() })
const n = w.nodes({
  write: w.agent({
    model: 'fast',
    instructions: 'Write a letter.',
    reads: ['name'],
    writes: ['text'],
    retry: { attempts: 5, backoff: '10ms' },
  }),
})

/** One call of a model that is shared with everybody. */
export const letter = w.workflow('letter', {
  input: z.object({ name: z.string() }),
  output: ['text'],
  nodes: n,
  start: n.write,
  edges: { write: { done: END } },
})
