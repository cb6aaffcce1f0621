import { defineState, defineTool, END, FAIL, rule } from '@waystone/core'
import { killPoints } from '@waystone/testing'
import { z } from 'zod'
import { journal } from '../shared/journal.ts'

const points = killPoints()
const Line = z.object({ line: z.string() })

const w = defineState({ order: z.string(), lines: rule.append(z.string()), answer: z.string().optional() })

/** Appends to the journal and cannot be told apart by key: it must not be made twice. */
export const charge = defineTool({
  name: 'charge',
  description: 'Charges the card of an order.',
  input: z.object({ order: z.string() }),
  output: Line,
  run({ order }, { effectId, attempt }) {
    points.reach('in charge, before it happens')
    journal(`charge ${effectId} ${attempt} ${order}`)
    points.reach('in charge, after it has happened')
    return { line: `charged ${order}` }
  },
})

/** The same for an agent. */
export const send = defineTool({
  name: 'send',
  description: 'Sends a letter.',
  input: z.object({ order: z.string() }),
  output: Line,
  run({ order }, { effectId, attempt }) {
    points.reach('in send, before it happens')
    journal(`send ${effectId} ${attempt} ${order}`)
    points.reach('in send, after it has happened')
    return { line: `sent ${order}` }
  },
})

const n = w.nodes({
  prepare: w.task({
    effect: 'idempotent',
    reads: ['order'],
    writes: ['lines'],
    run({ state }, { effectId, attempt }) {
      journal(`prepare ${effectId} ${attempt} ${state.order}`)
      return { lines: [`prepared ${state.order}`] }
    },
  }),
  charge: w.tool(charge, { reads: ['order'], writes: ['lines'], apply: ({ line }) => ({ lines: [line] }) }),
  clerk: w.agent({
    model: 'clerk',
    instructions: 'Send a letter.',
    reads: ['order'],
    writes: ['answer'],
    tools: [send],
  }),
  verify: w.approval({ show: ['order'], outcomes: ['happened', 'did-not-happen'], reason: 'Was the card charged?' }),
  close: w.approval({ show: ['order', 'lines'], reason: 'Close the order?' }),
  archive: w.task({
    effect: 'keyed',
    reads: ['order'],
    writes: ['lines'],
    run({ state }, { effectId, attempt }) {
      journal(`archive ${effectId} ${attempt} ${state.order}`)
      return { lines: [`archived ${state.order}`] }
    },
  }),
})

/** An order that is charged, confirmed by letter, and closed by a person. */
export const ledger = w.workflow('ledger', {
  input: z.object({ order: z.string(), lines: z.array(z.string()) }),
  output: ['lines', 'answer'],
  nodes: n,
  start: n.prepare,
  edges: {
    prepare: { done: n.charge },
    charge: { done: n.clerk, unknown: n.verify },
    verify: { happened: n.clerk, 'did-not-happen': { to: n.charge, limit: 3, otherwise: FAIL } },
    clerk: { done: n.close },
    close: { approved: n.archive, rejected: END },
    archive: { done: END },
  },
})
