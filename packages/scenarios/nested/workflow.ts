import { defineState, defineTool, END, rule } from '@waystone/core'
import { killPoints } from '@waystone/testing'
import { z } from 'zod'
import { journal } from '../shared/journal.ts'

const points = killPoints()
const w = defineState({
  topic: z.string(),
  notes: rule.append(z.string()),
  paid: z.string().optional(),
  usd: z.int().optional(),
})
const input = z.object({ topic: z.string(), notes: z.array(z.string()) })

/** A line in the journal, with a point before and after. */
async function happen(
  name: string,
  { effectId, attempt }: { readonly effectId: string; readonly attempt: number },
): Promise<void> {
  points.reach(`in ${name}, before it happens`)
  journal(`${name.replaceAll(' ', '-')} ${effectId} ${attempt}`)
  await new Promise(setImmediate)
  points.reach(`in ${name}, after it has happened`)
}

const pay = defineTool({
  name: 'pay',
  description: 'Pays. It cannot tell a second payment from the first.',
  effect: 'unsafe',
  input: z.object({ topic: z.string() }),
  output: z.object({ paid: z.string() }),
  run: async (_input, context) => {
    await happen('money', context)
    return { paid: 'yes' }
  },
})

const note = (name: string) =>
  w.task({
    effect: 'keyed',
    writes: ['notes'],
    run: async (_given, context) => {
      await happen(name, context)
      return { notes: [name] }
    },
  })

const d = w.nodes({
  open: note('open'),
  left: note('left'),
  right: note('right'),
  money: w.tool(pay, { reads: ['topic'], writes: ['paid'] }),
  both: w.join(),
})

/** The innermost: a fork, and a payment that must not be made twice. */
const desk = w.workflow('desk', {
  input,
  output: ['notes', 'paid'],
  nodes: d,
  start: d.open,
  edges: {
    open: { done: { fork: [d.left, d.right, d.money], join: d.both } },
    left: { done: d.both },
    right: { done: d.both },
    money: { done: d.both },
    both: { done: END },
  },
})

const inside = {
  reads: ['topic'],
  writes: ['notes', 'paid'],
  input: ({ state }: { state: { topic: string } }) => ({ topic: state.topic, notes: [] }),
  apply: ({ notes, paid = '' }: { notes: readonly string[]; paid?: string }) => ({ notes, paid }),
} as const

const c = w.nodes({
  brief: note('brief'),
  desk: w.nested(desk, inside),
  reviewer: w.approval({ show: ['notes'] }),
  file: note('file'),
})

const crew = w.workflow('crew', {
  input,
  output: ['notes', 'paid'],
  nodes: c,
  start: c.brief,
  edges: {
    brief: { done: c.desk },
    desk: { done: c.reviewer },
    reviewer: { approved: c.file, rejected: END },
    file: { done: END },
  },
})

const t = w.nodes({ crew: w.nested(crew, inside), sum: note('sum') })

/** Three levels, the innermost with branches and a payment, the one between with a person. */
export const tour = w.workflow('tour', {
  input,
  output: ['notes', 'paid'],
  nodes: t,
  start: t.crew,
  edges: { crew: { done: t.sum }, sum: { done: END } },
})

const v = w.nodes({
  plan: note('plan'),
  prices: w.map({
    over: () => Array.from({ length: 100 }, (_, part) => part),
    writes: ['usd', 'notes'],
    effect: 'keyed',
    run: async (part, _given, context) => {
      await happen(`price of ${part}`, context)
      return part * 2
    },
    maxItems: 100,
    concurrency: 6,
    apply: (results) => ({
      usd: results.reduce((sum, { output }) => sum + output, 0),
      notes: [`${results.length} prices`],
    }),
  }),
  crew: w.nested(crew, inside),
  nap: w.wait({ delay: '3s' }),
  boss: w.approval({ show: ['topic'] }),
  meet: w.join(),
  sum: note('sum'),
})

/** Everything at once: a map of a hundred items, three levels of workflows, a timer and two persons, in branches beside each other. */
export const voyage = w.workflow('voyage', {
  input,
  output: ['notes', 'paid', 'usd'],
  nodes: v,
  start: v.plan,
  edges: {
    plan: { done: { fork: [v.prices, v.crew, v.nap, v.boss], join: v.meet } },
    prices: { done: v.meet },
    crew: { done: v.meet },
    nap: { done: v.meet },
    boss: { approved: v.meet, rejected: v.meet },
    meet: { done: v.sum },
    sum: { done: END },
  },
})
