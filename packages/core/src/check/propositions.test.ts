import { describe, expect, it } from 'vitest'
import { graphFixture } from '../../test/graphs/graph-fixture.ts'
import type { GuardExpression } from '../graph/graph.ts'
import { canHold, formatGuard, impliedBy, takenWhen } from './propositions.ts'

const a: GuardExpression = { guard: 'a' }
const b: GuardExpression = { guard: 'b' }

describe('canHold', () => {
  it('is false for a contradiction, by itself or with what is known', () => {
    expect(canHold({ all: [a, { not: a }] })).toBe(false)
    expect(
      canHold(
        { any: [a, b] },
        new Map([
          ['a', false],
          ['b', false],
        ]),
      ),
    ).toBe(false)
    expect(canHold({ any: [] })).toBe(false)
  })

  it('is true for what some truth of the guards fulfils', () => {
    expect(canHold({ all: [a, { not: b }] })).toBe(true)
    expect(canHold({ all: [] })).toBe(true)
  })

  it('is true for more guards than it reasons about', () => {
    const many = Array.from({ length: 20 }, (_, index): GuardExpression => ({ guard: `g${index}` }))
    expect(canHold({ all: [...many, { not: { all: many } }] })).toBe(true)
  })
})

describe('impliedBy', () => {
  it('gives what must be so', () => {
    expect(impliedBy({ all: [a, { any: [{ not: a }, b] }] }, ['a', 'b', 'c'], new Map())).toEqual(
      new Map([
        ['a', true],
        ['b', true],
      ]),
    )
  })

  it('is null when the expression cannot hold', () => {
    expect(impliedBy(a, ['a'], new Map([['a', false]]))).toBeNull()
  })
})

describe('takenWhen', () => {
  it('denies the guards of edges before, except those that a used-up limit may pass over', () => {
    const { edges } = graphFixture({
      nodes: { n: 'task' },
      edges: { n: { done: [{ when: 'a', to: ':end' }, { when: 'b', to: 'n', limit: 1 }, ':fail'] } },
    })
    const list = edges.filter((edge) => edge.outcome === 'done')
    expect(list.map((edge) => formatGuard(takenWhen(list, edge)))).toEqual(['a', 'b && !a', '!a'])
  })
})

describe('formatGuard', () => {
  it('writes signs and brackets', () => {
    expect(formatGuard({ not: { any: [a, { all: [b, { not: a }] }] } })).toBe('!(a || (b && !a))')
  })
})
