import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { unreachable } from './unreachable.ts'

describe('unreachable', () => {
  it('refuses a node that no edge leads to, and what only it leads to (G3)', () => {
    const found = runRule(unreachable, {
      nodes: { a: 'task', lost: 'task', behind: 'task' },
      edges: { a: { done: ':end' }, lost: { done: 'behind' }, behind: { done: ':end' } },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_UNREACHABLE at fixture.nodes.lost
        node "lost" is not reachable from start "a": no edge leads to it
        → Add an edge to "lost" from a node that is reached, or take the node out.
      error WAYSTONE_DEFINITION_UNREACHABLE at fixture.nodes.behind
        node "behind" is not reachable from start "a": only lost.done of unreachable nodes lead to it
        → Add an edge to "behind" from a node that is reached, or take the node out."
    `)
  })

  it('passes nodes reached by otherwise or by limits.exhausted', () => {
    const found = runRule(unreachable, {
      nodes: { a: 'gate', other: 'task', late: 'task' },
      edges: {
        a: { pass: { to: 'a', limit: 1, otherwise: 'other' } },
        other: { done: ':end' },
        late: { done: ':end' },
      },
      limits: { steps: 5, exhausted: 'late' },
    })
    expect(found).toBe('')
  })
})
