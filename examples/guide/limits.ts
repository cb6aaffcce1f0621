import { createRuntime, defineState, defineTool, END } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { z } from 'zod'
import { offlineModels, support } from './support.ts'

// #region tool
const findCustomer = defineTool({
  name: 'find-customer',
  description: 'Finds a customer by mail address.',
  effect: 'pure',
  resources: ['crm'],
  input: z.object({ mail: z.string() }),
  output: z.object({ customer: z.string() }),
  run: ({ mail }) => ({ customer: mail.split('@')[0] ?? mail }),
})
// #endregion tool

const w = defineState({ mail: z.string(), customer: z.string().optional() })
const n = w.nodes({ find: w.tool(findCustomer, { reads: ['mail'], writes: ['customer'] }) })
const lookUp = w.workflow('look-up', {
  input: z.object({ mail: z.string() }),
  output: ['customer'],
  nodes: n,
  start: n.find,
  edges: { find: { done: END } },
})

// #region limits
const store = createSqliteStore({ path: 'runs.db' })
const runtime = createRuntime({
  workflows: [support, lookUp],
  store,
  models: offlineModels,
  limits: {
    models: { writer: { concurrent: 4, perMinute: 60, tokensPerMinute: 90_000 } },
    tools: { 'find-customer': { concurrent: 2 } },
    resources: { crm: { perSecond: 5 } },
  },
  onNotice: (notice) => {
    if (notice.type === 'permit.awaited')
      console.error(`${notice.node} waits for ${notice.resource}, ${notice.ahead} ahead`)
  },
})
// #endregion limits

const runs = await Promise.all(
  ['ada@example.org', 'bob@example.org'].map((mail) => runtime.start(lookUp, { input: { mail } })),
)
for (const run of runs) console.log((await run.result()).output?.customer)

// #region line
for (const { runId, step, claims, grantedAt } of await store.line()) {
  console.log(
    runId,
    step,
    claims.map(({ resource }) => resource),
    grantedAt === null ? 'waits' : 'holds',
  )
}
// #endregion line

await runtime.close()
await store.close()
