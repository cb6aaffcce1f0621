import { defineState, END, FAIL, rule } from '@waystone/core'
import { killPoints } from '@waystone/testing'
import { z } from 'zod'
import { journal } from '../shared/journal.ts'

/** Stands in whatever is private to the group. */
export const privateMark = 'card-4242-4242'

const points = killPoints()
const w = defineState({ order: z.string(), paid: z.boolean().optional() })
const billing = w.group('billing', {
  state: { card: z.string().optional(), marks: rule.append(z.string()), book: z.string().optional() },
  exports: ['paid'],
  own: ['store'],
})

/** A line in the journal, with a point before and after; it writes values small and large. */
const book = (name: string) =>
  billing.task({
    effect: 'keyed',
    writes: ['card', 'marks', 'book'],
    run: async (_given, context) => {
      const { effectId, attempt } = context
      points.reach(`in ${name}, before it happens`)
      journal(`${name} ${effectId} ${attempt}`)
      await new Promise(setImmediate)
      points.reach(`in ${name}, after it has happened`)
      context.log(`${name} knows ${privateMark}`)
      return { card: privateMark, marks: [`${privateMark} ${name}`], book: `${name} ${privateMark} `.repeat(4_000) }
    },
  })

const n = w.nodes({
  first: book('first'),
  second: book('second'),
  third: book('third'),
  ask: billing.approval({ show: ['card'] }),
  pay: billing.task({ effect: 'pure', writes: ['paid'], run: () => ({ paid: true }) }),
})

/** A group with a store of its own works on its own, asks a person of its own, and lets out that it was paid. */
export const invoices = w.workflow('invoices', {
  input: z.object({ order: z.string() }),
  output: ['paid'],
  nodes: n,
  start: n.first,
  edges: {
    first: { done: n.second },
    second: { done: n.third },
    third: { done: n.ask },
    ask: { approved: n.pay, rejected: FAIL },
    pay: { done: END },
  },
})
