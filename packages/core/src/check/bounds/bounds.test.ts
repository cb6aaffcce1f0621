import { describe, expect, it } from 'vitest'
import { exhaustiveWalk } from '../../../test/graphs/exhaustive-walk.ts'
import { graphFixture, type GraphNotation } from '../../../test/graphs/graph-fixture.ts'
import { randomGraph, randomNotation } from '../../../test/graphs/random-graph.ts'
import { check } from '../check.ts'
import type { Graph } from '../../graph/graph.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'

describe('boundsOf', () => {
  it('is never exceeded by exhaustive search, and is close to it', () => {
    const ratios: number[] = []
    for (let seed = 0; seed < (isLong ? 20_000 : 600); seed++) {
      const graph = randomGraph(seed, {
        nodes: 2 + (seed % 5),
        maxLimit: 2,
        backEdges: 0.5,
        kinds: ['task', 'gate', 'approval', 'tool'],
      })
      const exact = exhaustiveWalk(graph, () => 1)
      const bound = check({ graph }).bounds.steps.graph.max
      if (exact === null) continue
      expect(bound, graph.name).toBeGreaterThanOrEqual(exact)
      ratios.push((bound ?? Infinity) / exact)
    }
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length
    const isExact = ratios.filter((ratio) => ratio === 1).length / ratios.length
    console.log({ mean, isExact, n: ratios.length, max: Math.max(...ratios) })
  })
})
