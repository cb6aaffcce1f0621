// Starts one run under the kill harness and drives it until it waits. Arguments: the files of the store and of the group's own.
import { fileURLToPath } from 'node:url'
import { createRuntime, type GroupStore } from '@waystone/core'
import { createSqliteGroupStore, createSqliteStore } from '@waystone/sqlite'
import { killPoints, withKillPoints } from '@waystone/testing'
import { invoices } from './workflow.ts'

const [path = '', vaultPath = ''] = process.argv.slice(2)
const points = killPoints()
const store = withKillPoints(createSqliteStore({ path, durability: 'process' }), points)
const inner = createSqliteGroupStore({ path: vaultPath, durability: 'process' })
const vault: GroupStore = {
  name: inner.name,
  key: () => inner.key(),
  async put(runId, values) {
    points.reach('before put')
    await inner.put(runId, values)
    points.reach('after put')
  },
  get: (runId, references) => inner.get(runId, references),
  forget: (runId) => inner.forget(runId),
  close: () => inner.close(),
}
const runtime = createRuntime({ store, workflows: [invoices], groups: { billing: { store: vault } } })
const run = await runtime.start(invoices, {
  input: { order: 'o-1' },
  tags: {
    'waystone.module': `${fileURLToPath(new URL('workflow.ts', import.meta.url))}#invoices`,
    'waystone.models': 'offline',
  },
})
await run.result()
await runtime.close()
await store.close()
await vault.close()
