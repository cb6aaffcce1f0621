import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { shadowedEdge } from './shadowed-edge.ts'

describe('shadowedEdge', () => {
  it('refuses edges behind one without guard (G3)', () => {
    const found = runRule(shadowedEdge, {
      nodes: { a: 'task' },
      edges: { a: { done: [':end', { when: 'isBig', to: ':fail' }] } },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_SHADOWED_EDGE at fixture.edges.a.done.1
        edge a.done.1 to FAIL is never taken: a.done.0, before it, has no guard
        → Take a.done.1 out, change its guard, or move it before the edge that is taken instead."
    `)
  })

  it('refuses the same guard twice, also written otherwise', () => {
    const found = runRule(shadowedEdge, {
      nodes: { a: 'task' },
      edges: {
        a: {
          done: [
            { when: { all: [{ guard: 'isBig' }, { guard: 'isNew' }] }, to: ':fail' },
            { when: { not: { any: [{ not: { guard: 'isNew' } }, { not: { guard: 'isBig' } }] } }, to: ':end' },
            { when: 'isBig', to: ':fail' },
            { when: 'isBig', to: ':end' },
            ':end',
          ],
        },
      },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_SHADOWED_EDGE at fixture.edges.a.done.1
        edge a.done.1 to END is never taken: whenever !(!isNew || !isBig) holds, isBig && isNew of a.done.0 before it does too
        → Take a.done.1 out, change its guard, or move it before the edge that is taken instead.
      error WAYSTONE_DEFINITION_SHADOWED_EDGE at fixture.edges.a.done.3
        edge a.done.3 to END is never taken: a.done.2, before it, has the same guard isBig
        → Take a.done.3 out, change its guard, or move it before the edge that is taken instead."
    `)
  })

  it('refuses a default behind a guard and its contrary, and a guard that cannot hold', () => {
    const found = runRule(shadowedEdge, {
      nodes: { a: { kind: 'gate', outcomes: ['x', 'y'] } },
      edges: {
        a: {
          x: [{ when: 'isBig', to: ':fail' }, { when: '!isBig', to: ':end' }, ':end'],
          y: [{ when: { all: [{ guard: 'isBig' }, { not: { guard: 'isBig' } }] }, to: ':fail' }, ':end'],
        },
      },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_SHADOWED_EDGE at fixture.edges.a.x.2
        edge a.x.2 to END is never taken: the guards before it (isBig; !isBig) leave nothing over
        → Take a.x.2 out, change its guard, or move it before the edge that is taken instead.
      error WAYSTONE_DEFINITION_SHADOWED_EDGE at fixture.edges.a.y.0
        edge a.y.0 to FAIL is never taken: its guard isBig && !isBig cannot hold
        → Take a.y.0 out, change its guard, or move it before the edge that is taken instead."
    `)
  })

  it('refuses what follows an edge without guard whose limit has an otherwise', () => {
    const found = runRule(shadowedEdge, {
      nodes: { a: 'task' },
      edges: { a: { done: [{ to: 'a', limit: 1, otherwise: ':end' }, ':end'] } },
    })
    expect(found).toContain('a.done.0, before it, has no guard')
  })

  it('passes an edge behind one whose limit may be used up, and guards that overlap in part', () => {
    const found = runRule(shadowedEdge, {
      nodes: { a: 'task' },
      edges: {
        a: {
          done: [
            { when: 'isBig', to: 'a', limit: 2 },
            { when: 'isBig', to: ':fail' },
            { when: { any: [{ guard: 'isBig' }, { guard: 'isNew' }] }, to: ':end' },
            ':end',
          ],
        },
      },
    })
    expect(found).toBe('')
  })
})
