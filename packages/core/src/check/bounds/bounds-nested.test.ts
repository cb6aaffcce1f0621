import { describe, expect, it } from 'vitest'
import { addNested, kindsToNest } from '../../../test/graphs/add-nested.ts'
import { exhaustiveTree } from '../../../test/graphs/exhaustive-tree.ts'
import { randomGraph } from '../../../test/graphs/random-graph.ts'
import { randomSource } from '../../../test/graphs/random-source.ts'
import { nodePathsOf } from '../../graph/nested-graphs.ts'
import { check } from '../check.ts'

const seeds = Array.from({ length: process.env['WAYSTONE_LONG'] === '1' ? 5000 : 120 }, (_, seed) => seed)

describe('bounds of forks, maps and nested workflows', { timeout: 600_000 }, () => {
  it('are never exceeded by any walk of any level, and stay close (B2, G8)', () => {
    const ratios: number[] = []
    const seen = { nested: 0, deep: 0, items: 0, maps: 0 }
    for (const seed of seeds) {
      const forks = seed % 2 === 0 ? { most: 1, maxLimit: 1, isWild: seed % 4 === 0 } : false
      const plain = randomGraph(seed, { nodes: 1 + (seed % 3), kinds: kindsToNest, maxLimit: 1, backEdges: 0.5, forks })
      const graph = addNested(plain, randomSource(seed), { limits: true })
      const nodes = Object.values(graph.nodes)
      if (nodes.some(({ kind }) => kind === 'workflow')) seen.nested += 1
      if (nodePathsOf(graph).some((path) => path.split('/').length > 2)) seen.deep += 1
      if (nodes.some((node) => node.kind === 'map' && node.workflow !== undefined)) seen.items += 1
      if (nodes.some((node) => node.kind === 'map' && node.workflow === undefined)) seen.maps += 1
      const { steps, toolCalls } = check({ graph }).bounds
      for (const [name, row] of [
        ['steps', steps],
        ['toolCalls', toolCalls],
      ] as const) {
        const exact = exhaustiveTree(graph, name, 3_000)
        if (exact === null) continue
        expect(row.graph.max, `${graph.name} ${name}`).toBeGreaterThanOrEqual(exact)
        if (exact > 0) ratios.push((row.graph.max ?? Infinity) / exact)
      }
    }
    expect(ratios.length).toBeGreaterThan(seeds.length)
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(seeds.length / 20)
    expect(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length).toBeLessThan(1.15)
  })
})
