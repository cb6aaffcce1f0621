import { createRuntime, defineState, END } from '@waystone/core'
import { z } from 'zod'

const w = defineState({ mail: z.string(), reply: z.string().optional() })
const n = w.nodes({
  answer: w.task({ effect: 'pure', reads: ['mail'], writes: ['reply'], run: () => ({ reply: 'We look into it.' }) }),
  ship: w.approval({ show: ['mail'], reason: 'Is the parcel on its way?' }),
  // #region redirectable
  review: w.approval({ show: ['reply'], redirectable: true }),
  // #endregion redirectable
})
const mails = w.workflow('mails', {
  input: z.object({ mail: z.string() }),
  output: ['reply'],
  nodes: n,
  start: n.answer,
  edges: {
    answer: { done: n.ship },
    ship: { approved: END, rejected: n.review },
    review: { approved: END, rejected: END },
  },
})

const runtime = createRuntime()
const run = await runtime.start(mails, { input: { mail: 'Where is my kettle?' } })
await run.result()
// #region redirect
await run.redirect({ to: 'review', by: 'ada', reason: 'a person should see this one' })
console.log((await run.requests()).map(({ node }) => node))
// #endregion redirect
await runtime.close()
