import { defineState, defineTool, END, rule } from '@waystone/core'
import { killPoints } from '@waystone/testing'
import { z } from 'zod'
import { journal } from '../shared/journal.ts'

const points = killPoints()
const w = defineState({ topic: z.string(), notes: rule.append(z.string()), paid: z.string().optional() })

interface Effect {
  readonly effectId: string
  readonly attempt: number
  readonly node: string
}

/** A line in the journal, with a point before and after. */
async function happen({ node, effectId, attempt }: Effect): Promise<void> {
  points.reach(`in ${node}, before it happens`)
  journal(`${node} ${effectId} ${attempt}`)
  await new Promise(setImmediate)
  points.reach(`in ${node}, after it has happened`)
}

const pay = defineTool({
  name: 'pay',
  description: 'Pays. It cannot tell a second payment from the first.',
  effect: 'unsafe',
  input: z.object({ topic: z.string() }),
  output: z.object({ paid: z.string() }),
  run: async (_input, context) => {
    await happen(context)
    return { paid: 'yes' }
  },
})

const note = (effect: 'pure' | 'keyed') =>
  w.task({
    effect,
    writes: ['notes'],
    run: async (_given, context) => {
      await happen(context)
      return { notes: [context.node] }
    },
  })

const n = w.nodes({
  plan: note('keyed'),
  web: note('keyed'),
  files: note('keyed'),
  read: note('keyed'),
  left: note('keyed'),
  right: note('keyed'),
  both: w.join(),
  money: w.tool(pay, { reads: ['topic'], writes: ['paid'] }),
  boss: w.approval({ show: ['topic'] }),
  meet: w.join({ failed: 'keep' }),
  sum: note('keyed'),
})

/** Branches of every kind: a row, a fork of its own, an unsafe payment, a person. */
export const trip = w.workflow('trip', {
  input: z.object({ topic: z.string(), notes: z.array(z.string()) }),
  output: ['notes', 'paid'],
  nodes: n,
  start: n.plan,
  edges: {
    plan: { done: { fork: [n.web, n.files, n.money, n.boss], join: n.meet } },
    web: { done: n.read },
    read: { done: n.meet },
    files: { done: { fork: [n.left, n.right], join: n.both } },
    left: { done: n.both },
    right: { done: n.both },
    both: { done: n.meet },
    money: { done: n.meet },
    boss: { approved: n.meet, rejected: n.meet },
    meet: { done: n.sum },
    sum: { done: END },
  },
})
