import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { unknownTarget } from './unknown-target.ts'

describe('unknownTarget', () => {
  it('refuses names that are neither nodes nor ends, wherever they stand (G3)', () => {
    const found = runRule(unknownTarget, {
      nodes: { a: 'task' },
      start: 'begin',
      edges: { a: { done: { to: 'b', limit: { max: 1, per: 'c' }, otherwise: 'd' } }, ghost: { done: ':end' } },
      limits: { steps: 3, exhausted: 'e' },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_UNKNOWN_NODE at fixture
        start names "begin", which is not a node
        → Use a node of the workflow, END or FAIL; its nodes are "a".
      error WAYSTONE_DEFINITION_UNKNOWN_NODE at fixture.edges.a.done
        edge a.done leads to "b", which is not a node
        → Use a node of the workflow, END or FAIL; its nodes are "a".
      error WAYSTONE_DEFINITION_UNKNOWN_NODE at fixture.edges.a.done
        otherwise of edge a.done leads to "d", which is not a node
        → Use a node of the workflow, END or FAIL; its nodes are "a".
      error WAYSTONE_DEFINITION_UNKNOWN_NODE at fixture.edges.a.done
        the limit of edge a.done is per "c", which is not a node
        → Use a node of the workflow, END or FAIL; its nodes are "a".
      error WAYSTONE_DEFINITION_UNKNOWN_NODE at fixture.edges.ghost.done
        edge ghost.done begins at "ghost", which is not a node
        → Use a node of the workflow, END or FAIL; its nodes are "a".
      error WAYSTONE_DEFINITION_UNKNOWN_NODE at fixture.limits
        limits.exhausted leads to "e", which is not a node
        → Use a node of the workflow, END or FAIL; its nodes are "a"."
    `)
  })

  it('passes nodes and ends', () => {
    const found = runRule(unknownTarget, {
      nodes: { a: 'tool' },
      edges: { a: { done: { to: 'a', limit: { max: 1, per: 'a' }, otherwise: ':fail' } } },
      limits: { steps: 3, exhausted: ':end' },
      tools: { a: 'unsafe' },
    })
    expect(found).toBe('')
  })
})
