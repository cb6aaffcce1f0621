// Starts one run of an agent with five parallel calls under the kill harness. Arguments: the store's file.
import { fileURLToPath } from 'node:url'
import { createRuntime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { killPoints, modelWithKillPoints, withKillPoints } from '@waystone/testing'
import { clerk } from './waystone.config.ts'
import { rooms } from './workflow.ts'

const points = killPoints()
const store = withKillPoints(createSqliteStore({ path: process.argv[2] ?? '' }), points)
const runtime = createRuntime({ store, workflows: [rooms], models: { clerk: modelWithKillPoints(clerk, points) } })
const run = await runtime.start(rooms, {
  input: { guest: 'ada' },
  tags: {
    'waystone.module': `${fileURLToPath(new URL('workflow.ts', import.meta.url))}#rooms`,
    'waystone.models': 'offline',
  },
})
await run.result({ until: 'rest' })
points.reach('while a person is waited for')
for (const request of await run.requests()) {
  await run.decide(request, { outcome: 'approved', by: 'child', reason: 'as planned' })
}
await run.result({ until: 'end' })
await runtime.close()
await store.close()
