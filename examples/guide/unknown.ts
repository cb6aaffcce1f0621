import { createMemoryStore, createRuntime, defineState, defineTool, END } from '@waystone/core'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'

const pay = defineTool({
  name: 'pay',
  description: 'Pays an amount.',
  effect: 'unsafe',
  input: z.object({ amountUsd: z.number() }),
  output: z.object({ receipt: z.string() }),
  async run({ amountUsd }, { signal }) {
    await setTimeout(10_000, undefined, { signal })
    return { receipt: `paid ${amountUsd}` }
  },
})

const w = defineState({ amountUsd: z.number(), receipt: z.string().optional() })
const n = w.nodes({ pay: w.tool(pay, { reads: ['amountUsd'], writes: ['receipt'] }) })
const payment = w.workflow('payment', {
  input: z.object({ amountUsd: z.number() }),
  output: ['receipt'],
  nodes: n,
  start: n.pay,
  edges: { pay: { done: END } },
})

const store = createMemoryStore()
const first = createRuntime({ workflows: [payment], store })
const { runId } = await first.start(payment, { input: { amountUsd: 40 } })
await setTimeout(100)
await first.close()

// #region resume
const runtime = createRuntime({ workflows: [payment], store })
const run = await runtime.open(payment, runId)
await run.resume()
await run.result()
// #endregion resume

// #region unknown
const [request] = await run.requests()
console.log(
  request?.kind,
  request?.reason,
  request?.options.map(({ outcome }) => outcome),
)
if (request !== undefined) {
  await run.decide(request, {
    outcome: 'happened',
    result: { receipt: 'paid 40, as the bank says' },
    by: 'ada',
    reason: 'seen in the account',
  })
}
console.log((await run.result()).output)
await runtime.close()
// #endregion unknown
