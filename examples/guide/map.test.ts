import { buildGraph, check, createRuntime } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { pricing, refunding } from './map.ts'

describe('pricing', () => {
  // #region test
  it('prices all orders and takes the first mirror that is up', async () => {
    const runtime = createRuntime({ workflows: [pricing] })
    const run = await runtime.start(pricing, { input: { orders: ['a', 'bb', 'ccc'], currency: 'USD' } })
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { totalUsd: 6, missing: [], mirror: 'https://two.example' },
    })
    await runtime.close()
  })
  // #endregion test

  it('is bounded by its items', () => {
    const { bounds, findings } = check(buildGraph(pricing))
    expect(findings).toEqual([])
    expect(bounds.steps.graph.max).toBe(1_002 + 5)
    expect(bounds.toolCalls.graph.max).toBe(3_000)
  })
})

describe('refunding', () => {
  it('asks about each order, and pays what is approved', async () => {
    expect(check(buildGraph(refunding)).findings).toEqual([])
    const runtime = createRuntime({ workflows: [refunding] })
    const orders = [
      { order: 'a', usd: 10 },
      { order: 'b', usd: 20 },
      { order: 'c', usd: 30 },
    ]
    const run = await runtime.start(refunding, { input: { orders } })
    await run.result()
    // #region decide
    for (const request of await run.requests()) {
      // request.items is [0], [1], …; request.evidence.input what the tool would be called with
      if (request.node !== 'payAll/ask') continue
      const item = request.items?.[0]
      if (item === 0) await run.decide(request, { outcome: 'approved', by: 'ada' })
      else if (item === 1)
        await run.decide(request, { outcome: 'edited', edits: { input: { order: 'b', usd: 15 } }, by: 'ada' })
      else await run.decide(request, { outcome: 'rejected', by: 'ada', reason: 'paid already' })
    }
    // #endregion decide
    const { output } = await run.result()
    expect(output?.told?.map((text) => text.split(',')[0])).toEqual([
      '10 USD',
      '15 USD',
      'a person rejected it: paid already',
    ])
    await runtime.close()
  })
})
