import { describe, expect, it } from 'vitest'
import { addUsage, noUsage, type UsageDelta } from './usage.ts'

describe('addUsage', () => {
  it('adds what the delta names and leaves the rest', () => {
    const sum = addUsage({ ...noUsage, modelCalls: 2, inputTokens: 5 }, { modelCalls: 1, outputTokens: 7 })
    expect(sum).toEqual({ ...noUsage, modelCalls: 3, inputTokens: 5, outputTokens: 7 })
    expect(Object.isFrozen(sum)).toBe(true)
  })

  it('gives the same object back when there is nothing to add', () => {
    for (const delta of [undefined, {}, { modelCalls: 0 }]) expect(addUsage(noUsage, delta)).toBe(noUsage)
  })

  it('passes over what is no count of usage', () => {
    const foreign = { constructor: 1, toString: 2, modelCalls: 1 } as unknown as UsageDelta
    expect(addUsage(noUsage, foreign)).toEqual({ ...noUsage, modelCalls: 1 })
  })

  it('keeps cost to a billionth, so that sums do not drift', () => {
    let usage = noUsage
    for (let count = 0; count < 1000; count++) usage = addUsage(usage, { costUsd: 0.1 })
    expect(usage.costUsd).toBe(100)
    expect(addUsage(usage, { costUsd: 1e-9 }).costUsd).toBe(100.000000001)
  })
})
