import { buildGraph, check, createRuntime } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { offers, orders, payOne } from './waits.ts'

describe('orders', () => {
  it('is sound, and goes on when it is paid', async () => {
    const { findings, bounds } = check(buildGraph(orders))
    expect(findings).toEqual([])
    expect(bounds.steps.graph.max).toBe(5)
    expect(await payOne()).toEqual(['night'])
  })
})

describe('offers', () => {
  it('starts everything that is on the event', async () => {
    expect(check(buildGraph(offers)).findings).toEqual([])
    const runtime = createRuntime({ workflows: [offers] })
    const run = await runtime.start(offers, { input: {} })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { stock: true, tax: 6 } })
    await runtime.close()
  })
})
