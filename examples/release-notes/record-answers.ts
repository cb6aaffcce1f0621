// Makes fixtures/recorded-answers.json anew, which a change of a prompt makes necessary: node --conditions=@waystone/source record-answers.ts
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRuntime } from '@waystone/core'
import { openAiModel } from '@waystone/openai'
import { startModelLab } from '@waystone/testing/lab'
import { startStandIn, type Said } from '../../packages/openai/test/openai-shape.ts'
import { fixtureProject, keepFixtureRepository } from './fixture-repository.ts'
import { releaseNotes } from './workflow.ts'
import { classes, drafts } from './test/said.ts'

const answersOfOneRun: readonly Said[] = [
  {
    name: 'classify',
    text: JSON.stringify({ classes }),
    usage: { input: 2486, cached: 0, output: 1943, reasoning: 832 },
  },
  {
    name: 'draft 1',
    text: JSON.stringify(drafts[0]),
    usage: { input: 1612, cached: 0, output: 1467, reasoning: 896 },
  },
  {
    name: 'draft 2',
    text: JSON.stringify(drafts[1]),
    usage: { input: 1671, cached: 1536, output: 1118, reasoning: 512 },
  },
]

const folder = mkdtempSync(join(tmpdir(), 'waystone-record-'))
const repository = join(folder, 'postbox')
await keepFixtureRepository(repository)
const left: Said[] = []
const service = await startStandIn(() => {
  const said = left.shift()
  if (said === undefined) throw new RangeError('asked more often than there are answers')
  return said
})
const file = fileURLToPath(new URL('./fixtures/recorded-answers.json', import.meta.url))
const lab = await startModelLab({ record: { file, upstream: service.url } })
for (const api of ['responses', 'chat'] as const) {
  left.push(...answersOfOneRun.map((said) => ({ ...said, name: `${api} ${said.name}` })))
  const model = openAiModel({ model: 'gpt-6-luna', api, baseUrl: lab.url, apiKey: null })
  const runtime = createRuntime({ workflows: [releaseNotes], models: { classifier: model, writer: model } })
  const input = { repository, project: fixtureProject, saveAs: join(folder, 'notes.md') }
  const run = await runtime.start(releaseNotes, { input })
  const { status, error } = await run.result()
  process.stdout.write(`${api}: ${status} ${error?.message ?? ''}, ${lab.entries.length} requests recorded so far\n`)
  await runtime.close()
}
lab.assertComplete()
await lab.close()
service.close()
rmSync(folder, { recursive: true })
