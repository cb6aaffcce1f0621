// Starts one run that fails and is undone, under the kill harness, and drives it until it ends. Argument: the store's file.
import { fileURLToPath } from 'node:url'
import { createRuntime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { killPoints, withKillPoints } from '@waystone/testing'
import { declined } from './workflow.ts'

const points = killPoints()
const store = withKillPoints(createSqliteStore({ path: process.argv[2] ?? '' }), points)
const runtime = createRuntime({ store, workflows: [declined] })
const run = await runtime.start(declined, {
  input: { trip: 'rome', notes: [] },
  tags: {
    'waystone.module': `${fileURLToPath(new URL('workflow.ts', import.meta.url))}#declined`,
    'waystone.models': 'offline',
  },
})
await run.result({ until: 'end' })
await runtime.close()
await store.close()
