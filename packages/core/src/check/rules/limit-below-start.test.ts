import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { limitBelowCall, limitBelowStart } from './limit-below-start.ts'

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

  it('passes limits that the first node keeps, and leaves tight ones on nodes behind it to others', () => {
    const found = runRule(limitBelowStart, {
      nodes: { t: 'task', a: { kind: 'agent', maxOutputTokens: 200 }, x: 'tool' },
      edges: { t: { done: 'a' }, a: { done: 'x' }, x: { done: ':end' } },
      limits: { modelCalls: 0, toolCalls: 0, tokens: 0, steps: 1, costUsd: 0, durationMs: 1 },
    })
    expect(found).toBe('')
  })
})

describe('limitBelowCall', () => {
  const prices = { m: { inputUsd: 10, outputUsd: 10 } }
  const a = { kind: 'agent', model: 'm', maxInputTokens: 1_000, maxOutputTokens: 600 } as const

  it('refuses limits that a call passes alone which every path leads to, in branches too', () => {
    const found = runRule(
      limitBelowCall,
      {
        nodes: { t: 'task', a, b: 'task', j: 'join' },
        edges: {
          t: { done: { fork: ['a', 'b'], join: 'j' } },
          a: { done: 'j' },
          b: { done: 'j' },
          j: { done: ':end' },
        },
        limits: { costUsd: 0.001, outputTokens: 500, tokens: 1_599, inputTokens: 1_000, modelCalls: 1 },
      },
      { prices },
    )
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_LIMIT_BELOW_CALL at fixture.limits
        limit tokens is 1599, and one model call of "a" needs 1600, which every path from start "t" to an end leads to
        → Allow 1600 or more, or lower maxInputTokens and maxOutputTokens of the node.
      error WAYSTONE_DEFINITION_LIMIT_BELOW_CALL at fixture.limits
        limit outputTokens is 500, and one model call of "a" needs 600, which every path from start "t" to an end leads to
        → Allow 600 or more, or lower maxInputTokens and maxOutputTokens of the node.
      error WAYSTONE_DEFINITION_LIMIT_BELOW_CALL at fixture.limits
        limit costUsd is 0.001, and one model call of "a" needs 0.016, which every path from start "t" to an end leads to
        → Allow 0.016 or more, or lower maxInputTokens and maxOutputTokens of the node."
    `)
  })

  it('warns of them where some path does without the call, and says nothing of what is reached when a limit is hit', () => {
    const found = runRule(limitBelowCall, {
      nodes: { t: 'task', a, x: 'tool', late: a },
      edges: {
        t: { done: [{ to: 'a', when: 'g' }, 'x'] },
        a: { done: ':end' },
        x: { done: ':end' },
        late: { done: ':end' },
      },
      limits: { outputTokens: 599, toolCalls: 0, exhausted: 'late' },
    })
    expect(found).toMatchInlineSnapshot(`
      "warning WAYSTONE_DEFINITION_LIMIT_BELOW_CALL at fixture.limits
        limit outputTokens is 599, and one model call of "a" needs 600: it is never made, and a run that gets there has hit the limit
        → Allow 600 or more, or lower maxInputTokens and maxOutputTokens of the node.
      warning WAYSTONE_DEFINITION_LIMIT_BELOW_CALL at fixture.limits
        limit toolCalls is 0, and one tool call of "x" needs 1: it is never made, and a run that gets there has hit the limit
        → Allow 1 or more, or take the node out."
    `)
  })
})
