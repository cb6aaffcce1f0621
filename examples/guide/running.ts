// #region runtime
import { createRuntime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { offlineModels, support } from './support.ts'

const store = createSqliteStore({ path: '.waystone/runs.db' })
const runtime = createRuntime({ workflows: [support], store, models: offlineModels })
// #endregion runtime

// #region start
const run = await runtime.start(support, {
  input: { mail: 'Where is my kettle?' },
  key: 'mail-4711',
  tags: { customer: 'acme' },
})
const standing = await run.result()
console.log(standing.status, standing.usage.modelCalls)
// #endregion start

// #region key
const same = await runtime.start(support, { input: { mail: 'Where is my kettle?' }, key: 'mail-4711' })
console.log(same.runId === run.runId)
// #endregion key

// #region decide
for (const request of await run.requests()) {
  console.log(request.node, request.reason, request.evidence, request.options)
  const taken = await run.decide(request, { outcome: 'approved', by: 'ada', reason: 'friendly and true' })
  console.log(taken.type)
}
const { status, output } = await run.result({ until: 'end' })
console.log(status, output?.reply)
// #endregion decide

// #region events
for await (const event of run.events()) {
  if (event.type === 'edge.taken') console.log(event.sequence, event.decision.node, event.decision.outcome)
}
// #endregion events

// #region list
const { rows } = await runtime.list({
  workflow: 'support',
  status: ['completed'],
  tag: { name: 'customer', value: 'acme' },
})
for (const row of rows) console.log(row.runId, row.status, row.steps)
// #endregion list

// #region operate
const other = await runtime.start(support, { input: { mail: 'I want my money back.' } })
await other.hold({ by: 'ada', reason: 'the shop moves house' })
console.log((await other.status()).status)
await other.patch({ state: { mail: 'I want a voucher.' }, by: 'ada', reason: 'the customer called' })
await other.release({ by: 'ada', reason: 'the shop has moved' })
await other.cancel({ by: 'ada', reason: 'the customer has written again' })
console.log((await other.status()).status)
// #endregion operate

// #region open
const opened = await runtime.open(support, other.runId)
console.log((await opened.status()).status)
// #endregion open

// #region delete
console.log(await runtime.delete(other.runId))
// #endregion delete

// #region close
await runtime.close({ drain: true })
await store.close()
// #endregion close
