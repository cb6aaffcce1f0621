// Drives one big chain until it ends or the store fails. Argument: the store's file.
import { createRuntime, WaystoneError } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { bigChain } from './big.ts'

const store = createSqliteStore({ path: process.argv[2] ?? '' })
const runtime = createRuntime({ store, workflows: [bigChain] })
const run = await runtime.start(bigChain, { input: { lines: [] }, tags: { 'waystone.models': 'offline' } })
try {
  const { status } = await run.result({ until: 'end' })
  process.stdout.write(`ended ${status}\n`)
} catch (error) {
  process.stdout.write(
    `stopped ${WaystoneError.isInstance(error) ? `${error.code} ${error.message}` : String(error)}\n`,
  )
}
await runtime.close()
await store.close()
