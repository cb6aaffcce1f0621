import { buildGraph, check, createRuntime, readHistory } from '@waystone/core'
import { virtualClock } from '@waystone/testing'
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

describe('orders on a virtual clock', () => {
  const hourMs = 3_600_000

  // #region test
  it('reminds after three days, once, and then gives up', async () => {
    const clock = virtualClock()
    const runtime = createRuntime({ workflows: [orders], clock })
    const run = await runtime.start(orders, { input: { order: 'o-1', deliverAt: '2030-01-31T12:00:00Z' } })
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    expect(await run.waits()).toMatchObject([{ node: 'payment', events: ['paid', 'cancelled'], key: 'o-1' }])

    await clock.advance(3 * 24 * hourMs)
    expect((await readHistory(runtime.store, run.runId)).at(3).snapshot.context.state).toMatchObject({
      note: 'reminded',
    })
    await clock.advance(3 * 24 * hourMs)
    expect(await run.result()).toMatchObject({ status: 'failed' })
    await runtime.close()
  })

  it('takes a payment once, however often it is sent', async () => {
    const clock = virtualClock()
    const runtime = createRuntime({ workflows: [orders], clock })
    const deliverAt = new Date(clock.now() + 9 * hourMs).toISOString()
    const run = await runtime.start(orders, { input: { order: 'o-1', deliverAt } })
    await run.result()
    const message = { id: 'm-1', key: 'o-1' }
    expect(await run.send('paid', { paidUsd: 20 }, message)).toMatchObject({ type: 'applied' })
    expect(await run.send('paid', { paidUsd: 20 }, message)).toEqual({ type: 'duplicate' })

    await clock.advance(9 * hourMs) // the night, and then the delivery
    expect(await run.result({ until: 'end' })).toMatchObject({ status: 'completed', output: { paidUsd: 20 } })
    await runtime.close()
  })
  // #endregion test
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
