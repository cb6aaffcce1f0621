import { describe, expect, it } from 'vitest'
import { exhaustiveForks } from '../../../test/graphs/exhaustive-forks.ts'
import { graphFixture, type GraphNotation } from '../../../test/graphs/graph-fixture.ts'
import { randomGraph } from '../../../test/graphs/random-graph.ts'
import { check } from '../check.ts'
import { workOf, workSite } from './work.ts'

const seeds = Array.from({ length: process.env['WAYSTONE_LONG'] === '1' ? 5000 : 80 }, (_, seed) => seed)

describe('bounds of forks', { timeout: 300_000 }, () => {
  it('are never exceeded, whatever the order in which branches end, and stay close', () => {
    const ratios: number[] = []
    for (const seed of seeds) {
      const forks = { most: 1, maxLimit: 1, isWild: seed % 4 !== 0 }
      const graph = randomGraph(seed, { nodes: 1 + (seed % 2), maxLimit: 1, backEdges: 0.5, forks })
      const site = workSite(graph, {})
      const { steps, toolCalls } = check({ graph }).bounds
      for (const [name, row] of [
        ['steps', steps],
        ['toolCalls', toolCalls],
      ] as const) {
        const exact = exhaustiveForks(graph, (node) => Number(workOf(name, node, site)), 8000)
        if (exact === null) continue
        expect(row.graph.max, `${graph.name} ${name}`).toBeGreaterThanOrEqual(exact)
        if (exact > 0) ratios.push((row.graph.max ?? Infinity) / exact)
      }
    }
    expect(ratios.length).toBeGreaterThan(seeds.length / 2)
    expect(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length).toBeLessThan(1.1)
  })

  const timed = (ms: number) => ({ kind: 'task', effect: 'pure', timeoutMs: ms }) as const
  const two: GraphNotation = {
    nodes: { plan: timed(10), a: timed(100), b: timed(30), meet: { kind: 'join' }, last: timed(5) },
    edges: {
      plan: { done: { fork: ['a', 'b'], join: 'meet' } },
      a: { done: 'meet' },
      b: { done: 'meet' },
      meet: { done: 'last' },
      last: { done: ':end' },
    },
  }

  it('sum the work of branches and take the time of the longest', () => {
    const { steps, durationMs } = check({ graph: graphFixture(two) }).bounds
    expect(steps.graph.max).toBe(4)
    expect(durationMs.graph.max).toBe(115)
  })

  it('take a deadline where it is shorter, or where nothing else is known', () => {
    const join = { kind: 'join', deadlineMs: 50 } as const
    const edges = { ...two.edges, meet: { done: 'last', deadline: 'last' } }
    const timeOf = (nodes: GraphNotation['nodes']): number | null =>
      check({ graph: graphFixture({ nodes, edges }) }).bounds.durationMs.graph.max
    expect(timeOf({ ...two.nodes, meet: join })).toBe(65)
    expect(timeOf({ ...two.nodes, a: 'task', meet: join })).toBe(65)
    expect(timeOf({ ...two.nodes, meet: { ...join, deadlineMs: 500 } })).toBe(115)
  })

  it('allow for what runs beside a call when a limit is tested after it', () => {
    const agent = { kind: 'agent', maxModelCalls: 5, tools: [] } as const
    const graph = graphFixture({ ...two, nodes: { ...two.nodes, a: agent, b: agent }, limits: { modelCalls: 3 } })
    const after = { ...graph, limits: { ...graph.limits, bounds: { modelCalls: { max: 3, check: 'after' as const } } } }
    expect(check({ graph }).bounds.modelCalls.limited.max).toBe(3)
    expect(check({ graph: after }).bounds.modelCalls.limited.max).toBe(4)
  })
})
