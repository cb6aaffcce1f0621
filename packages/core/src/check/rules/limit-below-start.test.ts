import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { limitBelowStart } from './limit-below-start.ts'

describe('limitBelowStart', () => {
  it('refuses limits that the first node would pass before anything could stop it', () => {
    const found = runRule(limitBelowStart, {
      nodes: { a: { kind: 'agent', maxInputTokens: 400, maxOutputTokens: 200 } },
      edges: { a: { done: ':end' } },
      limits: { modelCalls: 0, steps: 0, tokens: 500, outputTokens: 100 },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_BAD_LIMIT at fixture.limits
        limit steps is 0, and the run starts with "a", which needs 1
        → Allow 1 or more, or start with another node.
      error WAYSTONE_DEFINITION_BAD_LIMIT at fixture.limits
        limit modelCalls is 0, and the run starts with "a", which needs 1
        → Allow 1 or more, or start with another node.
      error WAYSTONE_DEFINITION_BAD_LIMIT at fixture.limits
        limit tokens is 500, and the run starts with "a", which needs 600
        → Allow 600 or more, or start with another node.
      error WAYSTONE_DEFINITION_BAD_LIMIT at fixture.limits
        limit outputTokens is 100, and the run starts with "a", which needs 200
        → Allow 200 or more, or start with another node."
    `)
  })

  it('passes limits that the first node keeps, and tight ones on nodes behind it', () => {
    const found = runRule(limitBelowStart, {
      nodes: { t: 'task', a: { kind: 'agent', maxOutputTokens: 200 }, x: 'tool' },
      edges: { t: { done: 'a' }, a: { done: 'x' }, x: { done: ':end' } },
      limits: { modelCalls: 0, toolCalls: 0, tokens: 0, steps: 1, costUsd: 0, durationMs: 1 },
    })
    expect(found).toBe('')
  })
})
