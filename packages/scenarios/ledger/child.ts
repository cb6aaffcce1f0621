// Starts one run of the ledger under the kill harness and drives it until it ends or asks a person. Arguments: the store's file.
import { fileURLToPath } from 'node:url'
import { createRuntime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { killPoints, modelWithKillPoints, withKillPoints } from '@waystone/testing'
import { clerk } from './clerk.ts'
import { ledger } from './workflow.ts'

// #region child
const points = killPoints()
const store = withKillPoints(createSqliteStore({ path: process.argv[2] ?? '' }), points)
const runtime = createRuntime({ store, workflows: [ledger], models: { clerk: modelWithKillPoints(clerk, points) } })
// #endregion child
const run = await runtime.start(ledger, {
  input: { order: 'o-1', lines: [] },
  tags: {
    'waystone.module': `${fileURLToPath(new URL('workflow.ts', import.meta.url))}#ledger`,
    'waystone.models': 'offline',
  },
})
await run.result({ until: 'rest' })
const [request] = await run.requests()
if (request !== undefined) await run.decide(request, { outcome: 'approved', by: 'child', reason: 'as planned' })
await run.result({ until: 'end' })
await runtime.close()
await store.close()
