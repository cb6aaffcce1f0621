import { createRuntime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { chat, offlineModels } from '../chat.ts'

// Says one message in a process of its own, prints the answer, and dies as by kill -9.
const [path = '', runId = '', message = ''] = process.argv.slice(2)
const runtime = createRuntime({ workflows: [chat], models: offlineModels, store: createSqliteStore({ path }) })
const run = runId === '' ? await runtime.start(chat, { input: {} }) : await runtime.open(runId)
await run.resume()
await run.result()
const [request] = await run.requests()
if (request !== undefined && message !== '') {
  await run.decide(request, { outcome: 'said', response: { message }, by: 'ada' })
  await run.result()
}
const [next] = await run.requests()
process.stdout.write(JSON.stringify({ runId: run.runId, text: next?.talk?.text ?? null }), () =>
  process.kill(process.pid, 'SIGKILL'),
)
