import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { modelUnbound } from './model-unbound.ts'

describe('modelUnbound', () => {
  const notation = {
    nodes: { draft: { kind: 'agent', model: 'good' }, next: { kind: 'agent', model: 'fast' } },
    edges: { draft: { done: 'next' }, next: { done: ':end' } },
  } as const

  it('refuses a model name that is not bound', () => {
    const found = runRule(modelUnbound, notation, { models: { fast: { name: 'offline' } } })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_MODEL_UNBOUND at fixture.nodes.draft
        node "draft" asks model "good", which is not bound; bound are "fast"
        → Bind "good" in models of waystone.config.ts or createRuntime."
    `)
  })

  it('passes when all are bound, or when nothing is known of models', () => {
    expect(runRule(modelUnbound, notation)).toBe('')
    expect(runRule(modelUnbound, notation, { models: { fast: { name: 'x' }, good: { name: 'y' } } })).toBe('')
  })
})
