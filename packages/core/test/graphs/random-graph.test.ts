import { describe, expect, it } from 'vitest'
import { randomGraph } from './random-graph.ts'
import { registryFor } from './registry-for.ts'

describe('randomGraph', () => {
  it('gives the same graph for the same seed and another for another', () => {
    expect(randomGraph(7)).toEqual(randomGraph(7))
    expect(randomGraph(7)).not.toEqual(randomGraph(8))
  })

  it('names only nodes and guards that exist', () => {
    for (let seed = 0; seed < 200; seed++) {
      const graph = randomGraph(seed, { limits: seed % 2 === 0 })
      const registry = registryFor(graph)
      for (const edge of graph.edges) {
        for (const target of [edge.to, edge.otherwise ?? ':end']) {
          expect(target.startsWith(':') || graph.nodes[target] !== undefined, `${graph.name} ${edge.id}`).toBe(true)
        }
      }
      for (const name of Object.keys(graph.guards)) expect(registry.guards.has(name)).toBe(true)
      for (const id of Object.keys(graph.nodes)) expect(registry.nodes.has(id)).toBe(true)
    }
  })

  it('uses every kind, guards, limits, resets and otherwise targets', () => {
    const edges = Array.from({ length: 50 }, (_, seed) => randomGraph(seed).edges).flat()
    expect(edges.some((edge) => edge.limit !== null && edge.limit.per !== null)).toBe(true)
    expect(edges.some((edge) => edge.otherwise !== null)).toBe(true)
    expect(edges.some((edge) => edge.when !== null && 'any' in edge.when)).toBe(true)
    const kinds = new Set(
      Array.from({ length: 50 }, (_, seed) => Object.values(randomGraph(seed).nodes))
        .flat()
        .map((n) => n.kind),
    )
    expect([...kinds].toSorted()).toEqual(['agent', 'approval', 'gate', 'task', 'tool'])
  })
})
