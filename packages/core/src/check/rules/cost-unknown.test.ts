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
        limits.costUsd is 0.5, but there is no price for "good" and "fast"; prices are given for none
        → Give prices in waystone.config.ts or createRuntime, by the name agents use or by the model's own, or take costUsd out of the limits."
    `)
  })

  it('refuses one when a single model has no price', () => {
    expect(runRule(costUnknown, notation, { models, prices: { fast: price } })).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_COST_UNKNOWN at fixture.limits
        limits.costUsd is 0.5, but there is no price for "good"; prices are given for "fast"
        → Give prices in waystone.config.ts or createRuntime, by the name agents use or by the model's own, or take costUsd out of the limits."
    `)
  })

  it('passes with prices by either name, without a bound on cost, and when nothing is known', () => {
    expect(runRule(costUnknown, notation, { models, prices: { fast: price, 'large-1': price } })).toBe('')
    expect(runRule(costUnknown, { ...notation, limits: {} }, { models })).toBe('')
    expect(runRule(costUnknown, notation)).toBe('')
  })
})
