// Drives one slow run until it ends. Arguments: the store's file, the file that lets it go on. Says what happens, one line each.
import { fileURLToPath } from 'node:url'
import { createRuntime, WaystoneError } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { slow } from './workflow.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const [path = '', gate = ''] = process.argv.slice(2)
const store = createSqliteStore({ path })
const runtime = createRuntime({ store, workflows: [slow] })
const run = await runtime.start(slow, {
  input: { gate, lines: [] },
  tags: {
    'waystone.module': `${fileURLToPath(new URL('workflow.ts', import.meta.url))}#slow`,
    'waystone.models': 'offline',
  },
})
say(`started ${run.runId}`)
try {
  const rest = await run.result({ until: 'rest' })
  say(`rests ${rest.status}`)
  const end = await run.result({ until: 'end' })
  say(`ended ${end.status}`)
} catch (error) {
  say(`stopped ${WaystoneError.isInstance(error) ? error.code : String(error)}`)
}
await runtime.close()
await store.close()
