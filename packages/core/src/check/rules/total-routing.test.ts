import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { totalRouting } from './total-routing.ts'

describe('totalRouting', () => {
  it('refuses a list whose last edge has a guard (G2)', () => {
    const found = runRule(totalRouting, {
      nodes: { a: 'task' },
      edges: {
        a: {
          done: [
            { when: 'isBig', to: ':fail' },
            { when: 'isSmall', to: ':end' },
          ],
        },
      },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_NO_DEFAULT at fixture.edges.a.done.1
        outcome "done" of "a" has no default: its last edge a.done.1 is only taken when isSmall holds
        → Add a last edge without guard."
    `)
  })

  it('refuses an outcome without edges', () => {
    const found = runRule(totalRouting, {
      nodes: { a: { kind: 'gate', outcomes: ['pass', 'fail'] } },
      edges: { a: { pass: ':end' } },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_MISSING_EDGE at fixture.nodes.a
        outcome "fail" of "a" is not routed
        → Add edges.a.fail."
    `)
  })

  it('refuses a limited last edge without otherwise', () => {
    const found = runRule(totalRouting, {
      nodes: { a: { kind: 'gate', outcomes: ['pass', 'fail'] } },
      edges: { a: { pass: ':end', fail: { to: 'a', limit: 2 } } },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_LIMIT_WITHOUT_OTHERWISE at fixture.edges.a.fail
        edge a.fail is the last of its outcome and can be taken 2 times; nothing says where to go then
        → Give a.fail an otherwise, e.g. otherwise: END, or add a last edge without limit."
    `)
  })

  it('passes a limited edge without otherwise that others follow, and outcomes that need no edge', () => {
    const found = runRule(totalRouting, {
      nodes: { a: { kind: 'task', timeoutMs: 10 } },
      edges: { a: { done: [{ to: 'a', limit: 2 }, ':end'] } },
    })
    expect(found).toBe('')
  })
})
