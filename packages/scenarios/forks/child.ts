// Starts one run with forks under the kill harness and drives it until it ends. Argument: the store's file.
import { fileURLToPath } from 'node:url'
import { createRuntime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { killPoints, withKillPoints } from '@waystone/testing'
import { trip } from './workflow.ts'

const points = killPoints()
const store = withKillPoints(createSqliteStore({ path: process.argv[2] ?? '' }), points)
const runtime = createRuntime({ store, workflows: [trip] })
const run = await runtime.start(trip, {
  input: { topic: 'tides', notes: [] },
  tags: {
    'waystone.module': `${fileURLToPath(new URL('workflow.ts', import.meta.url))}#trip`,
    'waystone.models': 'offline',
  },
})
await run.result({ until: 'rest' })
points.reach('while a person is waited for')
for (const request of await run.requests())
  await run.decide(request, { outcome: 'approved', by: 'child', reason: 'as planned' })
await run.result({ until: 'end' })
await runtime.close()
await store.close()
