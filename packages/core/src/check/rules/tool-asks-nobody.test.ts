import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { toolAsksNobody } from './tool-asks-nobody.ts'

const approval = { when: 'always', role: null, reason: '', expiresInMs: null, canEdit: true, canAskBack: true } as const
const tools = { pay: { effect: 'unsafe', approval } } as const

describe('toolAsksNobody', () => {
  it('refuses a node that runs such a tool where nobody has approved', () => {
    const found = runRule(toolAsksNobody, {
      tools,
      nodes: { draft: 'task', boss: 'approval', pay: 'tool' },
      edges: { draft: { done: 'boss' }, boss: { approved: 'pay', rejected: 'pay' }, pay: { done: ':end' } },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_TOOL_ASKS_NOBODY at fixture.nodes.pay
        node "pay" runs tool "pay", about whose calls a person is asked, and nobody is asked on the path: draft.done → boss.rejected → pay
        → Lead every path to "pay" through an approval, or say with a policy when "pay" may run."
    `)
  })

  it('refuses it where the yes has been used up', () => {
    const found = runRule(toolAsksNobody, {
      tools,
      nodes: { boss: 'approval', pay: 'tool', more: { kind: 'tool', tool: 'pay' } },
      edges: { boss: { approved: 'pay', rejected: ':end' }, pay: { done: 'more' }, more: { done: ':end' } },
    })
    expect(found).toContain('"pay" has run the tool since')
  })

  it('passes behind an approval, inside agents, and where a policy speaks about the tool', () => {
    const passes = [
      runRule(toolAsksNobody, {
        tools,
        nodes: { boss: 'approval', pay: 'tool' },
        edges: { boss: { approved: 'pay', rejected: ':end' }, pay: { done: ':end' } },
      }),
      runRule(toolAsksNobody, {
        tools,
        nodes: { a: { kind: 'agent', tools: ['pay'] } },
        edges: { a: { done: ':end' } },
      }),
      runRule(toolAsksNobody, {
        tools,
        nodes: { pay: 'tool', boss: 'approval' },
        edges: { pay: { done: 'boss' }, boss: { approved: ':end', rejected: ':end' } },
        policies: [{ never: 'pay', without: 'boss.approved', given: 'isBig' }],
      }),
    ]
    expect(passes).toEqual(['', '', ''])
  })
})
