// The release notes of the demo under the kill harness. Arguments: the store's file, the repository, the file to write.
import { fileURLToPath } from 'node:url'
import { createRuntime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { killPoints, modelWithKillPoints, withKillPoints } from '@waystone/testing'
import { decideWithoutTerminal } from '../../../examples/release-notes/demo/ask.ts'
import { journaledModel } from './waystone.config.ts'
import { releaseNotes } from './workflow.ts'

const [path = '', repository = '', saveAs = ''] = process.argv.slice(2)
const points = killPoints()
const store = withKillPoints(createSqliteStore({ path }), points)
const model = modelWithKillPoints(journaledModel, points)
const runtime = createRuntime({ store, workflows: [releaseNotes], models: { classifier: model, writer: model } })
const run = await runtime.start(releaseNotes, {
  input: { repository, project: 'postbox', saveAs },
  tags: {
    'waystone.module': `${fileURLToPath(new URL('workflow.ts', import.meta.url))}#releaseNotes`,
    'waystone.models': 'offline',
  },
})
await run.result({ until: 'rest' })
const [request] = await run.requests()
if (request !== undefined) await run.decide(request.id, decideWithoutTerminal(true))
await run.result({ until: 'end' })
await runtime.close()
await store.close()
