// Starts one run under the kill harness and drives it until it ends. Arguments: the store's file, the workflow's name.
import { fileURLToPath } from 'node:url'
import { createRuntime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { killPoints, withKillPoints } from '@waystone/testing'
import { tour, voyage } from './workflow.ts'

const [path = '', name = 'tour'] = process.argv.slice(2)
const workflow = name === 'voyage' ? voyage : tour
const points = killPoints()
const store = withKillPoints(createSqliteStore({ path }), points)
const runtime = createRuntime({ store, workflows: [workflow] })
runtime.work()
const run = await runtime.start(workflow, {
  input: { topic: 'tides', notes: [] },
  tags: {
    'waystone.module': `${fileURLToPath(new URL('workflow.ts', import.meta.url))}#${name}`,
    'waystone.models': 'offline',
  },
})
await run.result({ until: 'rest' })
points.reach('while people are waited for')
for (const request of await run.requests())
  await run.decide(request, { outcome: 'approved', by: 'child', reason: 'as planned' })
await run.result({ until: 'end' })
await runtime.close()
await store.close()
