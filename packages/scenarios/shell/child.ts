// Drives one run whose command does not end. Argument: the store's file.
import { fileURLToPath } from 'node:url'
import { createRuntime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { commands } from './workflow.ts'

const runtime = createRuntime({ store: createSqliteStore({ path: process.argv[2] ?? '' }), workflows: [commands] })
const run = await runtime.start(commands, {
  input: {},
  tags: {
    'waystone.module': `${fileURLToPath(new URL('workflow.ts', import.meta.url))}#commands`,
    'waystone.models': 'offline',
  },
})
await run.result()
