import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import type { AgentRecord, CallApprovalRecord, PolicyRecord } from '../../graph/graph.ts'
import type { GraphNotation } from '../../../test/graphs/graph-fixture.ts'
import { approvalSwitchedOff } from './approval-switched-off.ts'

const approval: CallApprovalRecord = {
  when: 'always',
  role: null,
  reason: '',
  expiresInMs: null,
  canEdit: true,
  canAskBack: true,
}

function findings(
  toolRules: NonNullable<AgentRecord['toolRules']>,
  more: Pick<GraphNotation, 'policies'> = {},
): unknown {
  return runRule(approvalSwitchedOff, {
    tools: { pay: { effect: 'unsafe', approval }, look: 'pure' },
    nodes: { a: { kind: 'agent', tools: ['look', 'pay'], toolRules } },
    edges: { a: { done: ':end' } },
    ...more,
  })
}

describe('approvalSwitchedOff', () => {
  it('warns of an agent that asks nobody about calls that the tool asks about (H1)', () => {
    expect(findings({ pay: { approval: null }, look: { approval: null } })).toMatchInlineSnapshot(`
      "warning WAYSTONE_DEFINITION_APPROVAL_SWITCHED_OFF at fixture.nodes.a.toolRules.pay.approval
        agent "a" calls "pay" without asking anybody, which the tool itself asks about
        → Leave \`approval: false\` out, ask under a condition, or say with a policy when "pay" may run."
    `)
  })

  it('passes one that asks otherwise, and one that a policy is about', () => {
    expect(findings({ pay: { approval }, look: { approval: null } })).toBe('')
    expect(findings({})).toBe('')
    const policy: Pick<PolicyRecord, 'never'> = { never: 'pay' }
    expect(findings({ pay: { approval: null } }, { policies: [{ ...policy, without: 'approval' }] })).toBe('')
  })
})
