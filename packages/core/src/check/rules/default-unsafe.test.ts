import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { defaultUnsafe } from './default-unsafe.ts'

describe('defaultUnsafe', () => {
  it('warns of a default and of an otherwise that lead to an unsafe tool', () => {
    const found = runRule(defaultUnsafe, {
      nodes: { a: { kind: 'gate', outcomes: ['x', 'y'] }, pay: 'tool' },
      edges: {
        a: { x: [{ when: 'isBig', to: ':end' }, 'pay'], y: { to: ':end', limit: 1, otherwise: 'pay' } },
        pay: { done: ':end' },
      },
      tools: { pay: 'unsafe' },
    })
    expect(found).toMatchInlineSnapshot(`
      "warning WAYSTONE_DEFINITION_DEFAULT_UNSAFE at fixture.edges.a.x.1
        edge a.x.1 is the default of its outcome and leads to "pay", which runs the unsafe tool "pay"
        → Guard the edge to "pay", and let the default lead to a person or an end.
      warning WAYSTONE_DEFINITION_DEFAULT_UNSAFE at fixture.edges.a.y
        otherwise of edge a.y, taken when its limit is used up, leads to "pay", which runs the unsafe tool "pay"
        → Guard the edge to "pay", and let the default lead to a person or an end."
    `)
  })

  it('says nothing of a single edge, a guarded one, a default to a person or to a safe tool', () => {
    const found = runRule(defaultUnsafe, {
      nodes: { a: 'approval', b: 'task', pay: 'tool', look: 'tool' },
      edges: {
        a: { approved: 'pay', rejected: [{ when: 'isBig', to: ':end' }, 'look'] },
        b: { done: [{ when: 'isBig', to: 'pay' }, 'a'] },
        pay: { done: ':end' },
        look: { done: ':end' },
      },
      tools: { pay: 'unsafe', look: 'idempotent' },
    })
    expect(found).toBe('')
  })
})
