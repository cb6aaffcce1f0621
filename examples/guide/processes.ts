// #region front
import { createRuntime, StoreError } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { offlineModels, support } from './support.ts'

const front = createRuntime({
  workflows: [support],
  store: createSqliteStore({ path: 'runs.db' }),
  models: offlineModels,
})
const run = await front.start(support, { input: { mail: 'I want my money back.' } })
await run.result()
const [request] = await run.requests()
if (request !== undefined) {
  await run.decide(request, { outcome: 'approved', by: 'ada' }, { isRecordedOnly: true })
}
// #endregion front

// #region runner
const store = createSqliteStore({ path: 'runs.db' })
const runner = createRuntime({
  workflows: [support],
  store,
  models: offlineModels,
  onNotice: (notice) => console.error(notice.type),
})
runner.work()

process.once('SIGTERM', () => {
  void runner.close({ drain: true }).then(() => store.close())
})
// #endregion runner

// #region wait
const { status, output } = await run.result({ until: 'end' })
console.log(status, output?.reply)
// #endregion wait

// #region owned
const another = await front.start(support, { input: { mail: 'Where is my kettle?' } })
try {
  const elsewhere = await runner.open(support, another.runId)
  await elsewhere.resume()
} catch (error) {
  if (!StoreError.isInstance(error) || error.code !== 'WAYSTONE_STORE_OWNED') throw error
  console.log(error.message)
}
// #endregion owned

await front.close()
await front.store.close()
await runner.close({ drain: true })
await store.close()
