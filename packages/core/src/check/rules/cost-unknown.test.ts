import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { costUnknown } from './cost-unknown.ts'

describe('costUnknown', () => {
  const notation = {
    nodes: { draft: { kind: 'agent', model: 'good' }, next: { kind: 'agent', model: 'fast' } },
    edges: { draft: { done: 'next' }, next: { done: ':end' } },
    limits: { costUsd: 0.5 },
  } as const
  const models = { fast: { name: 'small-1' }, good: { name: 'large-1' } }
  const price = { inputUsd: 1, outputUsd: 4 }

  it('refuses a bound on cost when models are known and no prices are (B1)', () => {
    expect(runRule(costUnknown, notation, { models })).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_COST_UNKNOWN at fixture.limits
        limits.costUsd is 0.5, but no prices are given; models asked are "good" and "fast"
        → Give prices in waystone.config.ts or createRuntime, or take costUsd out of the limits."
    `)
  })

  it('warns of a model without price', () => {
    expect(runRule(costUnknown, notation, { models, prices: { fast: price } })).toMatchInlineSnapshot(`
      "warning WAYSTONE_DEFINITION_COST_UNKNOWN at fixture.limits
        limits.costUsd is 0.5, but there is no price for "good"; calls of them count as free unless their provider's name for the model has a price
        → Give prices for "good"; prices are known for "fast"."
    `)
  })

  it('passes with prices by either name, without a bound on cost, and when nothing is known', () => {
    expect(runRule(costUnknown, notation, { models, prices: { fast: price, 'large-1': price } })).toBe('')
    expect(runRule(costUnknown, { ...notation, limits: {} }, { models })).toBe('')
    expect(runRule(costUnknown, notation)).toBe('')
  })
})
