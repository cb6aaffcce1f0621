import { describe, expect, it } from 'vitest'
import { componentsOf } from './components.ts'
import type { Arc } from './network.ts'

function arcs(pairs: readonly (readonly [number, number])[]): Arc[] {
  return pairs.map(([from, to], index) => ({ id: `a${index}`, from, to, limit: Infinity, per: -1 }))
}

describe('componentsOf', () => {
  it('finds knots of cycles, in topological order', () => {
    const found = componentsOf(
      [0, 1, 2, 3, 4],
      arcs([
        [0, 1],
        [1, 2],
        [2, 1],
        [2, 3],
        [3, 4],
        [4, 3],
      ]),
    )
    expect(found.map((component) => component.toSorted((left, right) => left - right))).toEqual([[0], [1, 2], [3, 4]])
  })

  it('puts a component before those it leads to, whatever the order of nodes', () => {
    const found = componentsOf(
      [2, 1, 0],
      arcs([
        [0, 1],
        [1, 2],
      ]),
    )
    expect(found).toEqual([[0], [1], [2]])
  })

  it('takes a chain of 100,000 nodes', () => {
    const nodes = Array.from({ length: 100_000 }, (_, index) => index)
    const chain = arcs(nodes.slice(1).map((node) => [node - 1, node] as const))
    expect(componentsOf(nodes, chain)).toHaveLength(100_000)
  })
})
