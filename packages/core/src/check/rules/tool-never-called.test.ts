import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import type { AgentRecord } from '../../graph/graph.ts'
import { toolNeverCalled } from './tool-never-called.ts'

function findings(toolRules: NonNullable<AgentRecord['toolRules']>): unknown {
  return runRule(toolNeverCalled, {
    nodes: { a: { kind: 'agent', tools: ['look', 'pay', 'tell'], toolRules } },
    edges: { a: { done: ':end' } },
  })
}

describe('toolNeverCalled', () => {
  it('refuses tools that wait for each other, or for one that is switched off (T3)', () => {
    expect(findings({ look: { after: ['pay'] }, pay: { after: ['look'] }, tell: { after: ['pay'] } }))
      .toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_TOOL_NEVER_CALLED at fixture.nodes.a.toolRules.look
        agent "a" can never call "look": it comes after "pay", which can never be called before it
        → Change the rule, or leave "look" out of the tools of "a".
      error WAYSTONE_DEFINITION_TOOL_NEVER_CALLED at fixture.nodes.a.toolRules.pay
        agent "a" can never call "pay": it comes after "look", which can never be called before it
        → Change the rule, or leave "pay" out of the tools of "a".
      error WAYSTONE_DEFINITION_TOOL_NEVER_CALLED at fixture.nodes.a.toolRules.tell
        agent "a" can never call "tell": it comes after "pay", which can never be called before it
        → Change the rule, or leave "tell" out of the tools of "a"."
    `)
    expect(findings({ look: { maxCalls: 0 }, pay: { after: ['look'] } })).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_TOOL_NEVER_CALLED at fixture.nodes.a.toolRules.look
        agent "a" can never call "look": its \`maxCalls\` is 0
        → Change the rule, or leave "look" out of the tools of "a".
      error WAYSTONE_DEFINITION_TOOL_NEVER_CALLED at fixture.nodes.a.toolRules.pay
        agent "a" can never call "pay": it comes after "look", which can never be called before it
        → Change the rule, or leave "pay" out of the tools of "a"."
    `)
  })

  it('refuses a condition that cannot hold (T1)', () => {
    const isVip = { guard: 'isVip' }
    expect(findings({ pay: { when: { all: [isVip, { not: isVip }] } } })).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_TOOL_NEVER_CALLED at fixture.nodes.a.toolRules.pay
        agent "a" can never call "pay": its condition isVip && !isVip cannot hold
        → Change the rule, or leave "pay" out of the tools of "a"."
    `)
  })

  it('accepts an order of tools, and a bound on calls', () => {
    expect(findings({ pay: { after: ['look'] }, tell: { after: ['pay'], when: { guard: 'isVip' } } })).toBe('')
    expect(findings({ pay: { maxCalls: 1 } })).toBe('')
  })
})
