import { createRuntime } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { booked, trips } from './compensation.ts'

describe('the guide on compensation', () => {
  // #region test
  it('gives everything back when the trip cannot be paid, and keeps it when it can', async () => {
    const runtime = createRuntime({ workflows: [trips] })
    const lost = await runtime.start(trips, { input: { to: 'atlantis' } })
    expect(await lost.result()).toMatchObject({ status: 'failed', compensation: { done: 2 } })
    expect([...booked]).toEqual([])
    const kept = await runtime.start(trips, { input: { to: 'rome' } })
    expect(await kept.result()).toMatchObject({ status: 'completed' })
    expect(booked.size).toBe(2)
    await runtime.close()
  })
  // #endregion test
})
