import { createRuntime } from '@waystone/core'
import { createSqliteMemory, createSqliteStore } from '@waystone/sqlite'
import { scriptedModel } from '@waystone/testing'
import { desk } from './memory-desk.ts'

const fast = scriptedModel({
  clerk: [
    { calls: [{ name: 'remember', arguments: { key: 'seat', text: 'aisle' } }] },
    { output: { reply: 'Noted.' } },
    { calls: [{ name: 'recall', arguments: { text: 'seat' } }] },
    { output: { reply: 'An aisle seat, as ever.' } },
  ],
})

// #region bind
const memory = createSqliteMemory({ path: '.waystone/memory.db' })
const store = createSqliteStore({ path: '.waystone/runs.db' })
const runtime = createRuntime({ workflows: [desk], store, memory, models: { fast } })

for (const message of ['I like aisle seats.', 'Book me a train.']) {
  const run = await runtime.start(desk, { input: { message }, tags: { customer: 'ann' } })
  console.log((await run.result()).output)
}
// #endregion bind

await runtime.close()
await store.close()
await memory.close()
