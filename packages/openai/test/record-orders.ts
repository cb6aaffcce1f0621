// Makes recorded-orders.json anew, which a change of the workflow makes necessary: node --conditions=@waystone/source test/record-orders.ts
import { fileURLToPath } from 'node:url'
import { createRuntime } from '@waystone/core'
import { startModelLab } from '@waystone/testing/lab'
import { openAiModel } from '../src/openai-model.ts'
import { startStandIn, type Said } from './openai-shape.ts'
import { orders, workflow } from './orders.ts'

const answersOfOneRun: readonly Said[] = [
  {
    name: 'look up',
    calls: orders.map((order) => ({ name: 'look_up', arguments: { order } })),
    usage: { input: 1214, cached: 0, output: 311, reasoning: 192 },
  },
  {
    name: 'answer',
    text: JSON.stringify({ answer: 'A1 comes on Monday, B2 on Tuesday; C3 was sent back.', late: ['C3'] }),
    usage: { input: 1619, cached: 1152, output: 143, reasoning: 64 },
  },
]

const left: Said[] = []
const service = await startStandIn(() => {
  const said = left.shift()
  if (said === undefined) throw new RangeError('asked more often than there are answers')
  return said
})
const file = fileURLToPath(new URL('recorded-orders.json', import.meta.url))
const lab = await startModelLab({ record: { file, upstream: service.url } })
for (const api of ['responses', 'chat'] as const) {
  left.push(...answersOfOneRun.map((said) => ({ ...said, name: `${api} ${said.name}` })))
  const model = openAiModel({ model: 'gpt-6-luna', api, baseUrl: lab.url, apiKey: null })
  const runtime = createRuntime({ models: { fast: model } })
  const { status, error } = await (await runtime.start(workflow, { input: { orders: [...orders] } })).result()
  process.stdout.write(`${api}: ${status} ${error?.message ?? ''}, ${lab.entries.length} requests recorded so far\n`)
  await runtime.close()
}
lab.assertComplete()
await lab.close()
service.close()
