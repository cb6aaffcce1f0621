import { defineTool, END, nodeFailure } from '@waystone/core'
import { z } from 'zod'
import { ask } from './bridge.ts'
import { input, isHigh, output, task, w } from './shared.ts'
import { charge, lookUp } from './tools.ts'

/** True for arguments that a person is asked about. */
export function isDelicate(ticket: string): boolean {
  return ticket > 'T5'
}

/** A service that knows its keys; delicate tickets are asked about, and a rule that throws asks too. */
const file = defineTool({
  name: 'file',
  description: 'Files a ticket.',
  effect: 'keyed',
  input: z.object({ ticket: z.string() }),
  output: z.object({ receipt: z.string(), amount: z.number() }),
  timeout: 1_500,
  retry: { attempts: 2, backoff: 100 },
  approval: {
    role: 'clerk',
    when: ({ ticket }) => {
      if (ticket === 'T9') throw nodeFailure('nine is too much')
      return isDelicate(ticket) && `${ticket} is delicate`
    },
  },
  run: (given, context) => ask({ name: 'file', effect: 'keyed', context, input: given }),
})

const n = w.nodes({
  desk: w.agent({
    model: 'main',
    instructions: 'Help.',
    reads: ['ticket'],
    writes: ['plan', 'score'],
    tools: [lookUp, file, charge],
    toolRules: { charge: { approval: { reason: 'Money leaves the house.', expiresIn: 9_000 } } },
    maxModelCalls: 5,
    maxCallsPerTurn: 5,
    maxParallelCalls: 2,
    timeout: 3_000,
  }),
  again: w.agent({
    model: 'main',
    instructions: 'Help again.',
    reads: ['ticket', 'plan', 'score'],
    writes: ['plan', 'score'],
    tools: [charge, file],
    toolRules: { charge: { approval: { when: isHigh, canAskBack: false } }, file: { approval: false } },
    memory: 'continue',
    timeout: 3_000,
    maxModelCalls: 4,
  }),
  mend: task('mend', { effect: 'idempotent', attempts: 2 }),
})

/** Agents whose calls people are asked about: always, by their arguments, by the state. */
export const questions = w.workflow('questions', {
  input,
  output,
  nodes: n,
  start: n.desk,
  edges: {
    desk: { done: [{ when: isHigh, to: n.again, limit: 2 }, END], failed: n.mend },
    again: {
      done: [{ when: w.not(isHigh), to: n.again, limit: 1, otherwise: n.mend }, END],
      failed: n.mend,
      unknown: n.mend,
    },
    mend: { done: END },
  },
  limits: { modelCalls: 9, toolCalls: 9 },
})
