import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { unlimitedCycle } from './unlimited-cycle.ts'

describe('unlimitedCycle', () => {
  it('refuses a cycle without any limit and names its nodes (G3)', () => {
    const found = runRule(unlimitedCycle, {
      nodes: { plan: 'agent', act: 'task', look: { kind: 'gate', outcomes: ['good', 'bad'] } },
      edges: { plan: { done: 'act' }, act: { done: 'look' }, look: { good: ':end', bad: 'plan' } },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_UNLIMITED_CYCLE at fixture.edges.look.bad
        the cycle plan → act → look → plan has no limit that holds inside it
        → Give look.bad a limit and an otherwise, e.g. { to: …, limit: 3, otherwise: END }."
    `)
  })

  it('refuses a cycle whose only limit starts again inside it', () => {
    const found = runRule(unlimitedCycle, {
      nodes: { draft: 'agent', look: { kind: 'gate', outcomes: ['good', 'bad'] } },
      edges: {
        draft: { done: 'look' },
        look: { good: ':end', bad: { to: 'draft', limit: { max: 2, per: 'draft' }, otherwise: ':end' } },
      },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_UNLIMITED_CYCLE at fixture.edges.look.bad
        the cycle draft → look → draft has no limit that holds inside it: the limit of look.bad starts again at "draft", which is in it
        → Give look.bad a limit and an otherwise, e.g. { to: …, limit: 3, otherwise: END }, without per or with a per outside the cycle."
    `)
  })

  it('refuses an outer cycle that resets the limit of an inner one and has none itself', () => {
    const found = runRule(unlimitedCycle, {
      nodes: { outer: 'task', inner: { kind: 'gate', outcomes: ['again', 'back', 'good'] } },
      edges: {
        outer: { done: 'inner' },
        inner: {
          again: { to: 'inner', limit: { max: 2, per: 'outer' }, otherwise: ':end' },
          back: 'outer',
          good: ':end',
        },
      },
    })
    expect(found).toContain('outer → inner → outer')
  })

  it('passes nested cycles whose inner limit is per node of the outer one (G6)', () => {
    const found = runRule(unlimitedCycle, {
      nodes: { outer: 'task', inner: { kind: 'gate', outcomes: ['again', 'back', 'good'] } },
      edges: {
        outer: { done: 'inner' },
        inner: {
          again: { to: 'inner', limit: { max: 2, per: 'outer' }, otherwise: ':end' },
          back: { to: 'outer', limit: 3, otherwise: ':end' },
          good: ':end',
        },
      },
    })
    expect(found).toBe('')
  })

  it('passes an edge back that may never be taken', () => {
    const found = runRule(unlimitedCycle, {
      nodes: { a: 'task' },
      edges: { a: { done: { to: 'a', limit: 0, otherwise: ':end' } } },
    })
    expect(found).toBe('')
  })
})
