import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { policyNames } from './policy-names.ts'

describe('policyNames', () => {
  const notation = {
    nodes: { ask: 'approval', pay: 'tool' },
    edges: { ask: { approved: 'pay', rejected: ':end' }, pay: { done: ':end' } },
  } as const

  it('refuses a policy about a tool that no node runs, an absent node, outcome or guard', () => {
    const found = runRule(policyNames, {
      ...notation,
      guards: { isBig: [] },
      policies: [
        { never: 'refund', without: 'boss.approved' },
        { never: 'pay', without: 'ask.accepted', given: 'isBig' },
      ],
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_BAD_POLICY at fixture.policies.0
        the policy is about tool "refund", which no node runs
        → Use one of "pay".
      error WAYSTONE_DEFINITION_BAD_POLICY at fixture.policies.0
        the policy asks for "boss", which is not a node
        → Use one of "ask" and "pay".
      error WAYSTONE_DEFINITION_BAD_POLICY at fixture.policies.1
        the policy asks for outcome "accepted" of "ask", which it does not have
        → Use one of "approved" and "rejected"."
    `)
  })

  it('passes a policy whose names are all there', () => {
    expect(runRule(policyNames, { ...notation, policies: [{ never: 'pay', without: 'ask.approved' }] })).toBe('')
  })
})
