import { defineState, defineTool, END, nodeFailure, rule, type EffectContext } from '@waystone/core'
import { killPoints } from '@waystone/testing'
import { z } from 'zod'
import { journal } from '../shared/journal.ts'

const points = killPoints()

/** A line in the journal, with a point before and after. */
async function happen(name: string, { effectId, attempt }: EffectContext): Promise<void> {
  points.reach(`in ${name}, before it happens`)
  journal(`${name} ${effectId} ${attempt}`)
  await new Promise(setImmediate)
  points.reach(`in ${name}, after it has happened`)
}

const w = defineState({ trip: z.string(), notes: rule.append(z.string()) })

const seat = defineTool({
  name: 'seat',
  description: 'Books a seat.',
  effect: 'keyed',
  input: z.object({ seat: z.string() }),
  output: z.object({ ticket: z.string() }),
  run: async (asked, context) => {
    await happen(`seat-${asked.seat}`, context)
    return { ticket: `T-${asked.seat}` }
  },
  compensate: {
    effect: 'keyed',
    run: async ({ input, output }, context) => {
      if (output?.ticket !== `T-${input.seat}`)
        throw nodeFailure(`${output?.ticket} is not the ticket of ${input.seat}`)
      await happen(`undo-seat-${input.seat}`, context)
    },
  },
})

const d = w.nodes({
  room: w.task({
    effect: 'keyed',
    writes: ['notes'],
    run: async (_given, context) => {
      await happen('room', context)
      return { notes: ['room'] }
    },
    // It cannot tell a second call from the first: after a kill a person is asked.
    compensate: { effect: 'unsafe', run: async (_given, context) => happen('undo-room', context) },
  }),
})

const day = w.workflow('day', {
  input: z.object({ trip: z.string(), notes: z.array(z.string()) }),
  output: ['notes'],
  nodes: d,
  start: d.room,
  edges: { room: { done: END } },
})

const n = w.nodes({
  flight: w.task({
    effect: 'keyed',
    writes: ['notes'],
    run: async (_given, context) => {
      await happen('flight', context)
      return { notes: ['flight'] }
    },
    compensate: { effect: 'keyed', run: async (_given, context) => happen('undo-flight', context) },
  }),
  seats: w.map({
    over: () => ['a', 'b', 'c'].map((one) => ({ seat: one })),
    item: seat,
    maxItems: 3,
    concurrency: 2,
  }),
  day: w.nested(day, {
    reads: ['trip'],
    writes: ['notes'],
    input: ({ state }) => ({ trip: state.trip, notes: [] }),
  }),
  pay: w.task({
    effect: 'keyed',
    run: async (_given, context) => {
      await happen('pay', context)
      throw nodeFailure('the card was declined')
    },
  }),
})

/** A trip that is booked and then cannot be paid: everything is undone. */
export const declined = w.workflow('declined', {
  input: z.object({ trip: z.string(), notes: z.array(z.string()) }),
  output: ['notes'],
  nodes: n,
  start: n.flight,
  edges: { flight: { done: n.seats }, seats: { done: n.day }, day: { done: n.pay }, pay: { done: END } },
})
