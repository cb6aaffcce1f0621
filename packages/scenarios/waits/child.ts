// Starts one run under the kill harness, sends it its events, and drives it until it ends. Argument: the store's file.
import { fileURLToPath } from 'node:url'
import { createRuntime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { killPoints, withKillPoints } from '@waystone/testing'
import { messages } from './messages.ts'
import { parcel } from './workflow.ts'

const [path = ''] = process.argv.slice(2)
const points = killPoints()
const store = withKillPoints(createSqliteStore({ path }), points)
const runtime = createRuntime({ store, workflows: [parcel] })
runtime.work()
const run = await runtime.start(parcel, {
  input: { order: 'o-1', notes: [] },
  tags: {
    'waystone.module': `${fileURLToPath(new URL('workflow.ts', import.meta.url))}#parcel`,
    'waystone.models': 'offline',
  },
})
// The last is needed first: the others come early.
for (const { event, payload, id } of messages.toReversed()) {
  await run.send(event, payload, { id, key: 'o-1' })
  points.reach(`after ${event} was sent`)
}
await run.result({ until: 'end' })
await runtime.close()
await store.close()
