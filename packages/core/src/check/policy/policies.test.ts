import { describe, expect, it } from 'vitest'
import type { GraphNotation } from '../../../test/graphs/graph-fixture.ts'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { policies } from './policies.ts'

const tools = { pay: 'unsafe' } as const
const policy = { never: 'pay', without: 'boss.approved' } as const

describe('policies', () => {
  it('refuses rejected → tool and prints a shortest path', () => {
    const found = runRule(policies, {
      tools,
      nodes: { draft: 'task', boss: 'approval', pay: 'tool' },
      edges: { draft: { done: 'boss' }, boss: { approved: 'pay', rejected: 'pay' }, pay: { done: ':end' } },
      policies: [policy],
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_POLICY_VIOLATED at fixture.policies.0
        tool "pay" can run without boss.approved: draft.done → boss.rejected → pay; on this path boss.approved is not crossed
        → Lead every path to "pay" through boss.approved, after each run of the tool and each change of what is shown."
    `)
  })

  it('refuses the tool inside an agent before the approval', () => {
    const found = runRule(policies, {
      tools,
      nodes: { clerk: { kind: 'agent', tools: ['pay'], maxModelCalls: 1, maxCallsPerTurn: 1 }, boss: 'approval' },
      edges: { clerk: { done: 'boss' }, boss: { approved: ':end', rejected: ':end' } },
      policies: [policy],
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_POLICY_VIOLATED at fixture.policies.0
        tool "pay" inside agent "clerk" can run without boss.approved: "clerk" is where the run starts; on this path boss.approved is not crossed
        → Lead every path to "clerk" through boss.approved, after each run of the tool and each change of what is shown."
    `)
  })

  it('refuses the tool inside an agent behind the approval, since it may run more than once', () => {
    const found = runRule(policies, {
      tools,
      nodes: { boss: 'approval', clerk: { kind: 'agent', tools: ['pay'] } },
      edges: { boss: { approved: 'clerk', rejected: ':end' }, clerk: { done: ':end' } },
      policies: [policy],
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_POLICY_VIOLATED at fixture.policies.0
        tool "pay" inside agent "clerk" may run 64 times in one visit, but boss.approved covers one run: boss.approved → clerk
        → Make "pay" a node of its own behind boss.approved, and leave it out of the tools of "clerk"."
    `)
  })

  const asks = { when: 'always', role: null, reason: '', expiresInMs: null, canEdit: true, canAskBack: true } as const
  const clerk = { nodes: { clerk: { kind: 'agent', tools: ['pay'] } }, edges: { clerk: { done: ':end' } } } as const

  it('passes an agent that asks a person about the very call, for a policy that any approval satisfies (H1)', () => {
    const meant = [{ never: 'pay', without: 'approval' }]
    const asking = { pay: { effect: 'unsafe', approval: asks } } as const
    expect(runRule(policies, { ...clerk, tools: asking, policies: meant })).toBe('')
    expect(
      runRule(policies, { ...clerk, tools: asking, policies: [{ never: 'pay', without: 'clerk.done' }] }),
    ).toContain('can run without clerk.done')
    expect(runRule(policies, { ...clerk, tools, policies: meant })).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_POLICY_VIOLATED at fixture.policies.0
        tool "pay" inside agent "clerk" can run without an approval: "clerk" is where the run starts; on this path an approval is not crossed
        → Lead every path to "clerk" through an approval, after each run of the tool and each change of what is shown. Or ask a person before each call: \`approval: true\` on the rule for "pay" in \`toolRules\` of "clerk"."
    `)
    const byArguments = { pay: { effect: 'unsafe', approval: { ...asks, when: 'arguments' } } } as const
    expect(runRule(policies, { ...clerk, tools: byArguments, policies: meant })).toContain(
      'can run without an approval',
    )
    const quiet = { ...clerk.nodes.clerk, toolRules: { pay: { approval: null } } }
    expect(runRule(policies, { ...clerk, nodes: { clerk: quiet }, tools: asking, policies: meant })).toContain(
      'can run without an approval',
    )
  })

  it('passes an agent that asks whenever the policy is meant', () => {
    const whenBig = { pay: { effect: 'unsafe', approval: { ...asks, when: { guard: 'big' } } } } as const
    const policy = { never: 'pay', without: 'approval' }
    const graph = { ...clerk, tools: whenBig, guards: { big: [] } }
    expect(runRule(policies, { ...graph, policies: [{ ...policy, given: 'big' }] })).toBe('')
    expect(runRule(policies, { ...graph, policies: [policy] })).toContain('can run without an approval')
    expect(runRule(policies, { ...graph, policies: [{ ...policy, given: '!big' }] })).toContain('without an approval')
  })

  it('lets any approval of a path count, until what it has shown is written', () => {
    const graph: GraphNotation = {
      tools,
      input: ['amount'],
      nodes: {
        boss: { kind: 'approval', show: ['amount'] },
        chief: 'approval',
        adjust: { kind: 'task', writes: ['amount'] },
        pay: 'tool',
      },
      edges: {
        boss: { approved: 'adjust', rejected: 'chief' },
        chief: { approved: 'adjust', rejected: ':end' },
        adjust: { done: 'pay' },
        pay: { done: ':end' },
      },
      policies: [{ never: 'pay', without: 'approval' }],
    }
    expect(runRule(policies, graph)).toContain('"adjust" writes "amount", which "boss" has shown')
    expect(
      runRule(policies, { ...graph, edges: { ...graph.edges, boss: { approved: 'pay', rejected: 'chief' } } }),
    ).toBe('')
  })

  it('refuses a second pass after one approval', () => {
    const found = runRule(policies, {
      tools,
      nodes: { boss: 'approval', pay: 'tool', look: { kind: 'gate', outcomes: ['good', 'again'] } },
      edges: {
        boss: { approved: 'pay', rejected: ':end' },
        pay: { done: 'look' },
        look: { good: ':end', again: { to: 'pay', limit: 1, otherwise: ':end' } },
      },
      policies: [policy],
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_POLICY_VIOLATED at fixture.policies.0
        tool "pay" can run without boss.approved: boss.approved → pay.done → look.again → pay; on this path "pay" has run the tool since
        → Lead every path to "pay" through boss.approved, after each run of the tool and each change of what is shown."
    `)
  })

  it('refuses when a shown key is written again after the approval', () => {
    const found = runRule(policies, {
      tools,
      input: ['amount'],
      nodes: {
        boss: { kind: 'approval', show: ['amount'] },
        adjust: { kind: 'task', writes: ['amount'] },
        pay: 'tool',
      },
      edges: { boss: { approved: 'adjust', rejected: ':end' }, adjust: { done: 'pay' }, pay: { done: ':end' } },
      policies: [policy],
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_POLICY_VIOLATED at fixture.policies.0
        tool "pay" can run without boss.approved: boss.approved → adjust.done → pay; on this path "adjust" writes "amount", which "boss" has shown
        → Lead every path to "pay" through boss.approved, after each run of the tool and each change of what is shown."
    `)
  })

  it('refuses a tool that limits.exhausted leads to', () => {
    const found = runRule(policies, {
      tools,
      nodes: { boss: 'approval', pay: 'tool' },
      edges: { boss: { approved: 'pay', rejected: ':end' }, pay: { done: ':end' } },
      limits: { steps: 5, exhausted: 'pay' },
      policies: [policy],
    })
    expect(found).toContain('can run without boss.approved: limits.exhausted → pay;')
  })

  it('refuses a tool that the run starts with', () => {
    const found = runRule(policies, {
      tools,
      nodes: { pay: 'tool', boss: 'approval' },
      edges: { pay: { done: 'boss' }, boss: { approved: ':end', rejected: ':end' } },
      policies: [policy],
    })
    expect(found).toContain('"pay" is where the run starts; on this path boss.approved is not crossed')
  })

  it('passes when every run of the tool has an approval of its own, and a failed writer changes nothing', () => {
    const found = runRule(policies, {
      tools,
      input: ['amount'],
      nodes: {
        boss: { kind: 'approval', show: ['amount'] },
        adjust: { kind: 'task', writes: ['amount'], effect: 'pure' },
        pay: 'tool',
        look: { kind: 'gate', outcomes: ['good', 'again'] },
      },
      edges: {
        boss: { approved: 'adjust', rejected: ':end' },
        adjust: { done: { to: 'boss', limit: 2, otherwise: ':end' }, failed: 'pay' },
        pay: { done: 'look' },
        look: { good: ':end', again: { to: 'boss', limit: 1, otherwise: ':end' } },
      },
      policies: [policy],
    })
    expect(found).toBe('')
  })

  it('passes an approval by someone who edits what is shown, when the outcome is edited', () => {
    const found = runRule(policies, {
      tools,
      input: ['amount'],
      nodes: { boss: { kind: 'approval', show: ['amount'], edits: ['amount'], writes: ['amount'] }, pay: 'tool' },
      edges: { boss: { edited: 'pay', approved: ':end', rejected: ':end' }, pay: { done: ':end' } },
      policies: [{ never: 'pay', without: 'boss.edited' }],
    })
    expect(found).toBe('')
  })

  it('passes an agent that can run the tool only once', () => {
    const found = runRule(policies, {
      tools,
      nodes: { boss: 'approval', clerk: { kind: 'agent', tools: ['pay'], maxModelCalls: 1, maxCallsPerTurn: 1 } },
      edges: { boss: { approved: 'clerk', rejected: ':end' }, clerk: { done: ':end' } },
      policies: [policy],
    })
    expect(found).toBe('')
  })
})

describe('policies with given', () => {
  const refund: GraphNotation = {
    tools,
    input: ['amount'],
    guards: { isSmall: ['amount'] },
    nodes: { triage: { kind: 'task', writes: ['amount'] }, boss: { kind: 'approval', show: ['amount'] }, pay: 'tool' },
    edges: {
      triage: { done: [{ when: 'isSmall', to: 'pay' }, 'boss'] },
      boss: { approved: 'pay', rejected: ':end' },
      pay: { done: ':end' },
    },
    policies: [{ ...policy, given: '!isSmall' }],
  }

  it('leaves out edges only taken when it is false', () => {
    expect(runRule(policies, refund)).toBe('')
    expect(runRule(policies, { ...refund, policies: [policy] })).toContain('triage.done.0 → pay')
  })

  it('leaves out what is behind an edge whose guard must have held', () => {
    const found = runRule(policies, {
      ...refund,
      edges: { ...refund.edges, triage: { done: [{ when: '!isSmall', to: 'boss' }, 'pay'] } },
    })
    expect(found).toBe('')
  })

  it('counts an edge that may be passed over because its limit is used up', () => {
    const found = runRule(policies, {
      ...refund,
      edges: { ...refund.edges, triage: { done: [{ when: '!isSmall', to: 'boss', limit: 1 }, 'pay'] } },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_POLICY_VIOLATED at fixture.policies.0
        tool "pay" can run without boss.approved, given !isSmall: triage.done.1 → pay; on this path boss.approved is not crossed
        → Lead every path to "pay" through boss.approved, after each run of the tool and each change of what is shown."
    `)
  })

  it('puts together what several edges tell', () => {
    const found = runRule(policies, {
      ...refund,
      guards: { isSmall: ['amount'], isKnown: [] },
      nodes: { ...refund.nodes, ask: 'gate' },
      edges: {
        ...refund.edges,
        triage: { done: [{ when: 'isSmall', to: 'ask' }, 'boss'] },
        ask: { pass: [{ when: 'isKnown', to: 'pay' }, 'boss'] },
      },
      policies: [{ ...policy, given: { not: { all: [{ guard: 'isSmall' }, { guard: 'isKnown' }] } } }],
    })
    expect(found).toBe('')
  })

  it('is not provable when a node in between writes what the guard reads', () => {
    const found = runRule(policies, {
      ...refund,
      nodes: { ...refund.nodes, adjust: { kind: 'task', writes: ['amount'] } },
      edges: {
        ...refund.edges,
        triage: { done: [{ when: 'isSmall', to: 'adjust' }, 'boss'] },
        adjust: { done: 'pay' },
      },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_POLICY_NOT_PROVABLE at fixture.policies.0
        that tool "pay" cannot run without boss.approved, given !isSmall is not provable: triage.done.0 → adjust.done → pay; on this path "adjust" writes "amount", which !isSmall reads
        → Test !isSmall again after "adjust", or do not write there what it reads."
    `)
  })

  it('passes again when the guard is tested after the write', () => {
    const found = runRule(policies, {
      ...refund,
      nodes: { ...refund.nodes, adjust: { kind: 'task', writes: ['amount'] } },
      edges: {
        ...refund.edges,
        triage: { done: [{ when: 'isSmall', to: 'adjust' }, 'boss'] },
        adjust: { done: [{ when: 'isSmall', to: 'pay' }, 'boss'] },
      },
    })
    expect(found).toBe('')
  })
})
