import { defineState, defineTool, END } from '@waystone/core'
import { z } from 'zod'

/** The orders that the recorded model is asked about. */
export const orders = ['A1', 'B2', 'C3'] as const

const known: Readonly<Record<string, string>> = { A1: 'comes on Monday', B2: 'comes on Tuesday', C3: 'was sent back' }

const lookUp = defineTool({
  name: 'look_up',
  description: 'Says where one order is. Call it once for each order; several calls may be made at once.',
  effect: 'pure',
  input: z.object({ order: z.string() }),
  output: z.object({ order: z.string(), state: z.string() }),
  run: ({ order }) => ({ order, state: known[order] ?? 'is not known' }),
})

const w = defineState({
  orders: z.array(z.string()),
  answer: z.string().optional(),
  late: z.array(z.string()).optional(),
})
const n = w.nodes({
  clerk: w.agent({
    model: 'fast',
    instructions: 'Say where each order is, in one sentence. List those under "late" that will not come as ordered.',
    tools: [lookUp],
    reads: ['orders'],
    writes: ['answer', 'late'],
    maxModelCalls: 6,
    maxInputTokens: 20_000,
    maxOutputTokens: 4000,
  }),
})

/** An agent that looks several orders up and then answers: what real models are asked and recorded with. */
export const workflow = w.workflow('orders', {
  input: z.object({ orders: z.array(z.string()) }),
  output: ['answer', 'late'],
  nodes: n,
  start: n.clerk,
  edges: { clerk: { done: END } },
})
