// #region program
import { createRuntime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { killPoints, withKillPoints } from '@waystone/testing'
import { offlineModels, support } from './support.ts'

const store = withKillPoints(createSqliteStore({ path: 'runs.db' }), killPoints())
const runtime = createRuntime({ workflows: [support], store, models: offlineModels })
const run = await runtime.start(support, { input: { mail: 'I want my money back.' }, key: 'mail-4711' })
while ((await run.result()).status === 'waiting') {
  for (const { id, kind } of await run.requests()) {
    await run.decide(id, { outcome: kind === 'unknown' ? 'happened' : 'approved', by: 'ada' })
  }
}
console.log((await run.result()).status)
await runtime.close()
await store.close()
// #endregion program
