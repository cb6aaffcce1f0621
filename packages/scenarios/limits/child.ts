// Makes many runs at once over a shared store and a shared model. Arguments: the store's file, the model's URL, the number of runs, calls at a time.
import { createRuntime } from '@waystone/core'
import { openAiModel } from '@waystone/openai'
import { createSqliteStore } from '@waystone/sqlite'
import { letter } from './workflow.ts'

const [path = '', baseUrl = '', count = '1', concurrent = '1'] = process.argv.slice(2)
const store = createSqliteStore({ path, durability: 'process' })
const runtime = createRuntime({
  store,
  workflows: [letter],
  models: { fast: openAiModel({ model: 'small', api: 'responses', baseUrl, apiKey: null }) },
  limits: { models: { fast: { concurrent: Number(concurrent) } } },
})
const runs = await Promise.all(
  Array.from({ length: Number(count) }, (_, index) => runtime.start(letter, { input: { name: `n${index}` } })),
)
const results = await Promise.all(runs.map((run) => run.result({ until: 'end' })))
process.stdout.write(`${results.filter(({ status }) => status === 'completed').length} completed\n`)
await runtime.close()
await store.close()
