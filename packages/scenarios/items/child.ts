// Starts one run of two maps of a hundred items under the kill harness. Argument: the store's file.
import { fileURLToPath } from 'node:url'
import { createRuntime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { killPoints, modelWithKillPoints, withKillPoints } from '@waystone/testing'
import { reader } from './waystone.config.ts'
import { parts } from './workflow.ts'

const points = killPoints()
const store = withKillPoints(createSqliteStore({ path: process.argv[2] ?? '' }), points)
const runtime = createRuntime({ store, workflows: [parts], models: { reader: modelWithKillPoints(reader, points) } })
const run = await runtime.start(parts, {
  input: { parts: Array.from({ length: 100 }, (_, part) => part) },
  tags: {
    'waystone.module': `${fileURLToPath(new URL('workflow.ts', import.meta.url))}#parts`,
    'waystone.models': 'offline',
  },
})
await run.result({ until: 'end' })
await runtime.close()
await store.close()
