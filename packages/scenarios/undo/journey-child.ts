// Starts one journey and drives it until it ends. Argument: the store's file.
import { fileURLToPath } from 'node:url'
import { createRuntime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { journey } from './journey.ts'

const store = createSqliteStore({ path: process.argv[2] ?? '' })
const runtime = createRuntime({ store, workflows: [journey] })
const run = await runtime.start(journey, {
  input: { trip: 'rome', notes: [] },
  tags: {
    'waystone.module': `${fileURLToPath(new URL('journey.ts', import.meta.url))}#journey`,
    'waystone.models': 'offline',
  },
})
await run.result({ until: 'end' })
await runtime.close()
await store.close()
