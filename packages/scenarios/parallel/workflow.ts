import { defineState, defineTool, END } from '@waystone/core'
import { killPoints } from '@waystone/testing'
import { z } from 'zod'

/** Variable with the URL of the server behind the tools. */
export const deskVariable = 'WAYSTONE_SCENARIO_DESK'

const points = killPoints()
const Answer = z.object({ answer: z.string() })
const Room = z.object({ room: z.string() })

interface Effect {
  readonly effectId: string
  readonly attempt: number
  readonly signal: AbortSignal
}

/** Asks the server behind the tools, with a point before and after. */
async function ask(tool: string, body: object, { effectId, attempt, signal }: Effect): Promise<{ answer: string }> {
  points.reach(`in ${tool}, before it happens`)
  const response = await fetch(`${process.env[deskVariable] ?? ''}/${tool}`, {
    method: 'POST',
    headers: { 'idempotency-key': effectId, 'x-attempt': String(attempt) },
    body: JSON.stringify(body),
    signal,
  })
  const answer = Answer.parse(await response.json())
  points.reach(`in ${tool}, after it has happened`)
  return answer
}

const look = defineTool({
  name: 'look',
  description: 'Says whether a room is free.',
  effect: 'pure',
  input: Room,
  output: Answer,
  run: (input, context) => ask('look', input, context),
})
const book = defineTool({
  name: 'book',
  description: 'Books a room.',
  effect: 'keyed',
  input: Room,
  output: Answer,
  run: (input, context) => ask('book', input, context),
})
const pay = defineTool({
  name: 'pay',
  description: 'Pays for a room. It cannot tell a second payment from the first.',
  effect: 'unsafe',
  input: Room,
  output: Answer,
  run: (input, context) => ask('pay', input, context),
})
const sign = defineTool({
  name: 'sign',
  description: 'Signs the contract for a room. A person is asked first.',
  effect: 'unsafe',
  approval: { reason: 'It cannot be undone.', role: 'manager' },
  input: Room,
  output: Answer,
  run: (input, context) => ask('sign', input, context),
})

const w = defineState({ guest: z.string(), answer: z.string().optional() })
const n = w.nodes({
  clerk: w.agent({
    model: 'clerk',
    instructions: 'Find, book, pay and sign for rooms.',
    reads: ['guest'],
    writes: ['answer'],
    tools: [look, book, pay, sign],
    maxModelCalls: 4,
  }),
})

/** An agent that makes five calls at once, of every class of effect, one of which a person is asked about first. */
export const rooms = w.workflow('rooms', {
  input: z.object({ guest: z.string() }),
  output: ['answer'],
  nodes: n,
  start: n.clerk,
  edges: { clerk: { done: END } },
})
