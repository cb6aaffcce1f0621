import { describe, expect, it } from 'vitest'
import type { GraphNotation, NodeNotation } from '../../../test/graphs/graph-fixture.ts'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { parallelKeys } from './parallel-keys.ts'

function branches(a: NodeNotation, b: NodeNotation, more: Partial<GraphNotation> = {}): GraphNotation {
  return {
    nodes: { plan: 'task', a, b, meet: { kind: 'join' }, last: { kind: 'task', reads: ['score'] } },
    edges: {
      plan: { done: { fork: ['a', 'b'], join: 'meet' } },
      a: { done: 'meet' },
      b: { done: 'meet' },
      meet: { done: 'last' },
      last: { done: ':end' },
    },
    ...more,
  }
}

const writes = { kind: 'task', writes: ['score'] } as const

describe('parallelKeys', () => {
  it('refuses two branches that write a key without a merge rule (S3)', () => {
    expect(runRule(parallelKeys, branches(writes, writes))).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_PARALLEL_WRITERS at fixture.nodes.a
        "a" and "b" write "score" in branches that run beside each other, up to "meet", and "score" has no merge rule
        → Give "score" a merge rule that fits (append, union, merge, max, min, sum or a reducer), or write a key for each branch."
    `)
  })

  it('passes them with a merge rule, and one writer without (S3)', () => {
    const state = { score: { merge: { rule: 'max' } } } as const
    expect(runRule(parallelKeys, branches(writes, writes, { state }))).toBe('')
    expect(runRule(parallelKeys, branches(writes, 'task'))).toBe('')
  })

  it('refuses a branch that reads what another one writes, as node or in a guard (S3)', () => {
    const reader = runRule(parallelKeys, branches(writes, { kind: 'task', reads: ['score'] }))
    const notation = branches(writes, 'task', { guards: { isHigh: ['score'] } })
    const guard = runRule(parallelKeys, {
      ...notation,
      edges: { ...notation.edges, b: { done: [{ when: 'isHigh', to: 'meet' }, ':fail'] } },
    })
    expect([reader, guard].join('\n')).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_PARALLEL_READER at fixture.nodes.b
        node "b" reads "score", which "a" writes in a branch beside it: what it sees depends on who is faster
        → Read "score" behind the join, or write it to another key.
      error WAYSTONE_DEFINITION_PARALLEL_READER at fixture.edges.b.done.0
        the guard of edge b.done.0 reads "score", which "a" writes in a branch beside it: what it sees depends on who is faster
        → Read "score" behind the join, or write it to another key."
    `)
  })

  it('refuses it in the guard of a branch that another one forks into (S3)', () => {
    const notation: GraphNotation = {
      guards: { isHigh: ['score'] },
      nodes: { plan: 'task', a: writes, b: 'task', c: 'task', d: 'task', in: { kind: 'join' }, meet: { kind: 'join' } },
      edges: {
        plan: { done: { fork: ['a', 'b'], join: 'meet' } },
        a: { done: 'meet' },
        b: { done: { fork: ['c?isHigh', 'd'], join: 'in' } },
        c: { done: 'in' },
        d: { done: 'in' },
        in: { done: 'meet' },
        meet: { done: ':end' },
      },
    }
    expect(runRule(parallelKeys, notation)).toContain('the guard of edge b.done reads "score", which "a" writes')
  })
})
