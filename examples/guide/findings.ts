// #region file
import { buildGraph, check, defineState, defineTool, END, formatPlace } from '@waystone/core'
import { z } from 'zod'

const pay = defineTool({
  name: 'pay',
  description: 'Pays an amount.',
  input: z.object({ amountUsd: z.number() }),
  output: z.object({ receipt: z.string() }),
  run: () => ({ receipt: 'r-1' }),
})

const w = defineState({ amountUsd: z.number(), receipt: z.string(), note: z.string() })
const isSmall = w.guard('isSmall', ['amountUsd'], ({ amountUsd }) => amountUsd < 100)

const n = w.nodes({
  ask: w.approval({ show: ['amountUsd'] }),
  pay: w.tool(pay, { reads: ['amountUsd'], writes: ['receipt'] }),
  report: w.task({ reads: ['note'], effect: 'pure', run: () => undefined }),
  forgotten: w.task({ effect: 'pure', run: () => undefined }),
})

const payments = w.workflow('payments', {
  input: z.object({ amountUsd: z.number() }),
  output: ['receipt'],
  nodes: n,
  start: n.ask,
  edges: {
    ask: { approved: n.pay, rejected: [{ when: isSmall, to: n.ask }, n.pay] },
    pay: { done: n.report },
    report: { done: END },
    forgotten: { done: END },
  },
  policies: [{ never: pay, without: [n.ask, 'approved'] }],
})

const { findings } = check(buildGraph(payments))
for (const { severity, code, message, hint, place } of findings) {
  console.log(`${severity} ${code} at ${formatPlace(place)}\n  ${message}\n  ${hint}`)
}
// #endregion file
