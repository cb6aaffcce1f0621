import { createRuntime, defineState, END, type Model } from '@waystone/core'
import { openAiModel } from '@waystone/openai'
import { faults, startModelLab } from '@waystone/testing/lab'
import { z } from 'zod'
import { repeat, scaled, type Measure } from '../measure.ts'
import { median } from '../statistics.ts'

const apiKey = 'sk-waystone-bench'

const w = defineState({ question: z.string(), answer: z.string().optional() })
const n = w.nodes({
  clerk: w.agent({ model: 'hanging', instructions: 'Answer.', reads: ['question'], writes: ['answer'] }),
})
const asking = w.workflow('asking', {
  input: z.object({ question: z.string() }),
  output: ['answer'],
  nodes: n,
  start: n.clerk,
  edges: { clerk: { done: END } },
})

/** A way of asking a model. */
interface Way {
  readonly api: 'responses' | 'chat'
  readonly stream: boolean
}

const ways: readonly Way[] = (['responses', 'chat'] as const).flatMap((api) =>
  [true, false].map((stream) => ({ api, stream })),
)

/** From `cancel` of a run to the closed socket of its model call, seen by the server. */
export const cancelCall: Measure = {
  name: 'cancel-call',
  async run(effort) {
    const each = scaled(10, effort)
    const rounds = await repeat(effort, async () => {
      const times: number[] = []
      for (const way of ways) for (let call = 0; call < each; call++) times.push(await cancelOnce(way))
      return Math.max(...times)
    })
    return [
      {
        name: 'cancel until the socket of a model call is closed',
        unit: 'ms',
        value: median(rounds),
        target: { is: 'at most', value: 50 },
        rounds,
        note: `the slowest of ${each * ways.length} calls of each round, both APIs, streaming and not; seen by the server`,
      },
    ]
  },
}

/** @returns ms */
async function cancelOnce(way: Way): Promise<number> {
  const lab = await startModelLab({ script: [faults.hang(way.stream ? 2 : 'headers')], apiKey })
  const hanging: Model = openAiModel({ model: 'small', baseUrl: lab.url, ...way })
  const runtime = createRuntime({ models: { hanging }, secrets: () => apiKey })
  const run = await runtime.start(asking, { input: { question: 'When?' } })
  await lab.until(1)
  const cancelledAt = performance.timeOrigin + performance.now()
  await run.cancel({ by: 'bench', reason: 'measured' })
  const [entry] = await lab.untilIdle()
  await runtime.close()
  await lab.close()
  return (entry?.end?.at ?? Number.NaN) - cancelledAt
}
