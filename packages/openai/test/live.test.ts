import { fileURLToPath } from 'node:url'
import { createRuntime, readHistory, type Model, type RunResult } from '@waystone/core'
import { startModelLab, type ModelLab } from '@waystone/testing/lab'
import { afterEach, describe, expect, it } from 'vitest'
import { openAiModel } from '../src/openai-model.ts'
import { openAiPrices } from '../src/prices.ts'
import { orders, workflow } from './orders.ts'

const recording = fileURLToPath(new URL('recorded-orders.json', import.meta.url))
const { OPENAI_API_KEY: realKey, WAYSTONE_LIVE_MODEL: realModel } = process.env

let lab: ModelLab | undefined
afterEach(async () => {
  await lab?.close()
  lab = undefined
})

async function runWith(model: Model): Promise<{ readonly result: RunResult<object>; readonly history: string }> {
  const runtime = createRuntime({ models: { fast: model }, prices: openAiPrices })
  const run = await runtime.start(workflow, { input: { orders: [...orders] } })
  const result = await run.result()
  const { checkpoints } = await readHistory(runtime.store, run.runId)
  await runtime.close()
  return { result, history: JSON.stringify(checkpoints) }
}

/** What holds whoever answers. */
function expectOrders({ status, output, usage }: RunResult<object>): void {
  expect(status).toBe('completed')
  expect(output).toMatchObject({ late: ['C3'] })
  expect(JSON.stringify(output)).toContain('B2')
  expect(usage).toMatchObject({ toolCalls: 3, estimatedCalls: 0 })
  expect(usage.modelCalls).toBeGreaterThanOrEqual(2)
}

describe('openAiModel on answers as OpenAI sends them', () => {
  it.each(['responses', 'chat'] as const)(
    'runs several tool calls of one answer by %s, and counts cached and reasoning tokens (B5)',
    async (api) => {
      lab = await startModelLab({ replay: { file: recording } })
      const { result, history } = await runWith(
        openAiModel({ model: 'gpt-6-luna', api, baseUrl: lab.url, apiKey: null }),
      )
      expectOrders(result)
      const totals = lab.totals()
      expect(totals).toMatchObject({ requests: 2, unreported: 0 })
      expect(result.usage).toMatchObject({ ...totals.usage, modelCalls: 2, cachedTokens: 1152, reasoningTokens: 256 })
      const fresh = totals.usage.inputTokens - totals.usage.cachedTokens
      const costUsd = (fresh * 0.1 + totals.usage.cachedTokens * 0.01 + totals.usage.outputTokens * 0.5) / 1e6
      expect(result.usage.costUsd).toBeCloseTo(costUsd, 8)
      expect(history).toContain('gpt-6-luna-2026-09-22')
      expect(lab.problems).toEqual([])
      // In Responses the reasoning went back whole, before its calls: else this request would not have been found in the recording.
      const second = JSON.stringify(lab.entries[1]?.body)
      expect(second.includes('encrypted_content":"gAAAAAB')).toBe(api === 'responses')
    },
  )

  it.for(['responses', 'chat'] as const)(
    'does the same with a real model by %s, when there is a key',
    { timeout: 300_000 },
    async (...[api, { skip }]) => {
      if (realKey === undefined || realModel === undefined) {
        skip('it costs money: set OPENAI_API_KEY and WAYSTONE_LIVE_MODEL (such as gpt-6-luna) to ask a real model')
        return
      }
      const { result, history } = await runWith(openAiModel({ model: realModel, api }))
      expectOrders(result)
      expect(history).not.toContain(realKey)
    },
  )
})
