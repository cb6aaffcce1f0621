import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import type { CallApprovalRecord, DecidersRecord } from '../../graph/graph.ts'
import { escalatesToNobody } from './escalates-to-nobody.ts'

const escalations = [{ afterMs: 1000, role: 'director' }]
const named: DecidersRecord = { quorum: { need: 2, of: ['ada', 'bo'], rejected: 'one' }, escalations }

function findings(deciders: DecidersRecord): string {
  const approval: CallApprovalRecord = {
    when: 'always',
    role: null,
    reason: '',
    expiresInMs: null,
    canEdit: true,
    canAskBack: true,
    ...deciders,
  }
  return runRule(escalatesToNobody, {
    tools: { pay: { effect: 'unsafe', approval } },
    nodes: { board: { kind: 'approval', ...deciders }, clerk: { kind: 'agent', tools: ['pay'] } },
    edges: { board: { approved: 'clerk', rejected: ':fail' }, clerk: { done: ':end' } },
  })
}

describe('escalatesToNobody', () => {
  it('warns where only named persons may decide, before and after the escalation (H6)', () => {
    expect(findings(named)).toMatchInlineSnapshot(`
      "warning WAYSTONE_DEFINITION_ESCALATES_TO_NOBODY at fixture.nodes.board
        what "board" asks is escalated to "director", but only ada, bo may decide it: after the escalation nobody else may
        → Name in \`delegates\` who may decide for whom then, or leave \`of\` out so that anybody counts.
      warning WAYSTONE_DEFINITION_ESCALATES_TO_NOBODY at fixture.nodes.clerk.tools.pay
        what "clerk" asks is escalated to "director", but only ada, bo may decide it: after the escalation nobody else may
        → Name in \`delegates\` who may decide for whom then, or leave \`of\` out so that anybody counts."
    `)
  })

  it('passes a quorum of anybody, delegates, and one without escalation', () => {
    expect(findings({ ...named, quorum: { need: 2, of: null, rejected: 'one' } })).toBe('')
    expect(findings({ ...named, delegates: [{ person: 'ada', by: ['dan'] }] })).toBe('')
    expect(findings({ quorum: { need: 2, of: ['ada', 'bo'], rejected: 'one' } })).toBe('')
  })
})
