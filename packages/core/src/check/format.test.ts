import { describe, expect, it } from 'vitest'
import { graphFixture } from '../../test/graphs/graph-fixture.ts'
import { check } from './check.ts'
import { formatReport } from './format.ts'

describe('formatReport', () => {
  it('writes findings with place, code and hint, then the bounds with the cycle that adds most', () => {
    const graph = graphFixture({
      name: 'refunds',
      tools: { pay: 'unsafe' },
      nodes: {
        triage: { kind: 'agent', maxModelCalls: 3, maxInputTokens: 4000, maxOutputTokens: 1000, timeoutMs: 30_000 },
        look: { kind: 'gate', outcomes: ['good', 'bad'], timeoutMs: 1500 },
        pay: 'tool',
        lost: 'task',
      },
      edges: {
        triage: { done: 'look' },
        look: { good: [{ when: 'isFree', to: ':end' }, 'pay'], bad: { to: 'triage', limit: 2, otherwise: ':end' } },
        pay: { done: ':end', unknown: ':fail' },
        lost: { done: ':end' },
      },
      limits: { costUsd: 0.5, steps: 10 },
      policies: [{ never: 'pay', without: 'look.bad' }],
    })
    const placed = {
      ...graph,
      policies: graph.policies.map((policy) => ({
        ...policy,
        place: { path: policy.place.path, file: 'src/refunds.ts', line: 14 },
      })),
    }
    const report = check({ graph: placed }, { prices: { fast: { inputUsd: 0.5, outputUsd: 2 } } })
    expect(formatReport(report)).toMatchInlineSnapshot(`
      "refunds version 1: 2 errors, 1 warning

      error WAYSTONE_DEFINITION_UNREACHABLE at refunds.nodes.lost
        node "lost" is not reachable from start "triage": no edge leads to it
        → Add an edge to "lost" from a node that is reached, or take the node out.

      error WAYSTONE_DEFINITION_POLICY_VIOLATED at src/refunds.ts:14 refunds.policies.0
        tool "pay" can run without look.bad: triage.done → look.good.1 → pay; on this path look.bad is not crossed
        → Lead every path to "pay" through look.bad, after each run of the tool and each change of what is shown.

      warning WAYSTONE_DEFINITION_DEFAULT_UNSAFE at refunds.edges.look.good.1
        edge look.good.1 is the default of its outcome and leads to "pay", which runs the unsafe tool "pay"
        → Guard the edge to "pay", and let the default lead to a person or an end.

      at most      graph        with limits  cycle that adds most
      steps        13           10           triage → look, 2 × 4 by look.bad
      model calls  9            9            triage → look, 2 × 3 by look.bad
      tool calls   1            1
      tokens       45,000       45,000       triage → look, 2 × 15,000 by look.bad
      cost         $0.036       $0.036       triage → look, 2 × $0.012 by look.bad
      duration     unknown [1]  unknown [1]
      [1] unknown: "pay" has no timeout"
    `)
  })

  it('says so when there is nothing to find', () => {
    const graph = graphFixture({
      nodes: { a: { kind: 'task', timeoutMs: 90_061_001, effect: 'pure' } },
      edges: { a: { done: ':end' } },
    })
    expect(formatReport(check({ graph }))).toMatchInlineSnapshot(`
      "fixture version 1: no findings

      at most      graph            with limits      cycle that adds most
      steps        1                1
      model calls  0                0
      tool calls   0                0
      tokens       0                0
      cost         $0.00            $0.00
      duration     1d 1h 1m 1s 1ms  1d 1h 1m 1s 1ms"
    `)
  })
})
