import { defineState, END, recallTool, rememberTool } from '@waystone/core'
import { z } from 'zod'

// #region define
const ofCustomer = ['preferences', { tag: 'customer' }] as const

const w = defineState({ message: z.string(), reply: z.string().optional(), seat: z.string().optional() })
const n = w.nodes({
  clerk: w.agent({
    model: 'fast',
    instructions: 'Answer the traveller. Remember what they prefer.',
    reads: ['message'],
    writes: ['reply'],
    tools: [recallTool({ scope: ofCustomer }), rememberTool({ scope: ofCustomer, expiresIn: '365d' })],
  }),
  look: w.task({
    writes: ['seat'],
    effect: 'idempotent',
    memory: { scope: ofCustomer, access: 'read' },
    async run(_given, { memory }) {
      const entry = await memory.get('seat')
      return typeof entry?.value === 'string' ? { seat: entry.value } : {}
    },
  }),
})
// #endregion define

/** Answers travellers and looks up the seat that they like. */
export const desk = w.workflow('desk', {
  input: z.object({ message: z.string() }),
  output: ['reply', 'seat'],
  nodes: n,
  start: n.clerk,
  edges: { clerk: { done: n.look }, look: { done: END } },
})
