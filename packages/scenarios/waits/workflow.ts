import { defineState, END, rule } from '@waystone/core'
import { killPoints } from '@waystone/testing'
import { z } from 'zod'
import { journal } from '../shared/journal.ts'

const points = killPoints()
const w = defineState({ order: z.string(), notes: rule.append(z.string()) })

const carries = z.object({ note: z.string() })
const paid = w.event('paid', carries)
const refused = w.event('refused', carries)
const shipped = w.event('shipped', carries)

/** A line in the journal, with a point before and after. */
const note = (name: string) =>
  w.task({
    effect: 'keyed',
    writes: ['notes'],
    run: async (_given, { effectId, attempt }) => {
      points.reach(`in ${name}, before it happens`)
      journal(`${name} ${effectId} ${attempt}`)
      await new Promise(setImmediate)
      points.reach(`in ${name}, after it has happened`)
      return { notes: [name] }
    },
  })

const s = w.nodes({
  ship: w.wait({ for: shipped, key: 'order', writes: ['notes'], apply: ({ note: one }) => ({ notes: [one] }) }),
})

const input = z.object({ order: z.string(), notes: z.array(z.string()) })

const shipping = w.workflow('shipping', {
  input,
  output: ['notes'],
  nodes: s,
  start: s.ship,
  edges: { ship: { received: END } },
})

const n = w.nodes({
  open: note('open'),
  pay: w.wait({
    for: [paid, refused],
    key: 'order',
    writes: ['notes'],
    apply: (received) => ({ notes: [`${received.event}: ${received.payload.note}`] }),
  }),
  pack: note('pack'),
  both: w.join(),
  nap: w.wait({ delay: '120ms' }),
  shipping: w.nested(shipping, {
    reads: ['order'],
    input: ({ state }) => ({ order: state.order, notes: [] }),
    writes: ['notes'],
    apply: ({ notes }) => ({ notes }),
  }),
  close: note('close'),
})

/** Waits for events beside work, for time, and for an event in what is nested. */
export const parcel = w.workflow('parcel', {
  input,
  output: ['notes'],
  nodes: n,
  start: n.open,
  edges: {
    open: { done: { fork: [n.pay, n.pack], join: n.both } },
    pay: { paid: n.both, refused: n.both },
    pack: { done: n.both },
    both: { done: n.nap },
    nap: { done: n.shipping },
    shipping: { done: n.close },
    close: { done: END },
  },
})
