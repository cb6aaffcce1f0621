import { buildGraph, check, createRuntime } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { pricing } from './map.ts'

describe('pricing', () => {
  it('prices all orders and takes the first mirror that is up', async () => {
    const runtime = createRuntime({ workflows: [pricing] })
    const run = await runtime.start(pricing, { input: { orders: ['a', 'bb', 'ccc'], currency: 'USD' } })
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { totalUsd: 6, missing: [], mirror: 'https://two.example' },
    })
    await runtime.close()
  })

  it('is bounded by its items', () => {
    const { bounds, findings } = check(buildGraph(pricing))
    expect(findings).toEqual([])
    expect(bounds.steps.graph.max).toBe(1_002 + 5)
    expect(bounds.toolCalls.graph.max).toBe(3_000)
  })
})
