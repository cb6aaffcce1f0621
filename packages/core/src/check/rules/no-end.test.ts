import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { noEnd } from './no-end.ts'

describe('noEnd', () => {
  it('refuses nodes that only lead to each other, failing apart (G3)', () => {
    const found = runRule(noEnd, {
      nodes: { a: { kind: 'gate', outcomes: ['out', 'in'] }, b: 'task', c: 'task' },
      edges: { a: { out: ':end', in: 'b' }, b: { done: 'c' }, c: { done: { to: 'b', limit: 2, otherwise: 'b' } } },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_NO_END at fixture.nodes.b
        node "b" has no path to an end: its edges only lead to "b" and "c"
        → Add an edge to END or FAIL from one of these nodes.
      error WAYSTONE_DEFINITION_NO_END at fixture.nodes.c
        node "c" has no path to an end: its edges only lead to "c" and "b"
        → Add an edge to END or FAIL from one of these nodes."
    `)
  })

  it('refuses a workflow that can only fail', () => {
    const found = runRule(noEnd, { nodes: { a: 'task' }, edges: { a: { done: ':fail' } } })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_NO_END at fixture
        workflow "fixture" can never complete: no path from start "a" leads to END
        → Lead at least one outcome to END."
    `)
  })

  it('passes a node whose only way out is declared to fail, when the start can complete', () => {
    const found = runRule(noEnd, {
      nodes: { a: { kind: 'gate', outcomes: ['good', 'bad'] }, cleanUp: 'task' },
      edges: { a: { good: ':end', bad: 'cleanUp' }, cleanUp: { done: ':fail' } },
    })
    expect(found).toBe('')
  })
})
