import { describe, expect, it } from 'vitest'
import { addNested } from '../../../test/graphs/add-nested.ts'
import { breaksPolicy } from '../../../test/graphs/exhaustive-policy.ts'
import { graphFixture } from '../../../test/graphs/graph-fixture.ts'
import { randomGraph } from '../../../test/graphs/random-graph.ts'
import { randomSource } from '../../../test/graphs/random-source.ts'
import type { Graph, PolicyRecord } from '../../graph/graph.ts'
import { subjectOf } from '../moves.ts'
import { policies } from './policies.ts'
import { runnersOf } from './runners.ts'

const seeds = Array.from({ length: process.env['WAYSTONE_LONG'] === '1' ? 3000 : 150 }, (_, seed) => seed)

/** Each tool that runs somewhere, behind each outcome that people or gates may give. */
function policiesOf(graph: Graph): readonly PolicyRecord[] {
  const crossed = Object.values(graph.nodes).filter(({ kind }) => kind === 'approval' || kind === 'gate')
  return ['t0', 't1', 't2']
    .filter((tool) => runnersOf(graph, tool).length > 0)
    .flatMap((never) =>
      crossed.map((node) => ({
        never,
        without: { node: node.id, outcome: node.outcomes[0] ?? '' },
        given: null,
        place: { path: 'policy' },
      })),
    )
}

/** The graph with a person asked before all of it. @param show - what they are shown */
function behindBoss(graph: Graph, show: readonly string[]): Graph {
  const asked = graphFixture({
    name: graph.name,
    nodes: { boss: { kind: 'approval', show } },
    edges: { boss: { approved: graph.start, rejected: ':end' } },
  })
  return { ...graph, start: 'boss', nodes: { ...asked.nodes, ...graph.nodes }, edges: [...asked.edges, ...graph.edges] }
}

/** Many people are asked, and few nodes run tools, so that policies are proven often enough. */
const outside = ['approval', 'approval', 'task', 'task', 'gate'] as const
const inside = ['tool', 'task', 'task'] as const

describe('policies across forks, maps and nested workflows', { timeout: 600_000 }, () => {
  it('are broken by no run at all when they are proven, and by some run for most that are refused (G3, G8)', () => {
    const broken: string[] = []
    const count = { proven: 0, provenInside: 0, refused: 0, confirmed: 0 }
    for (const seed of seeds) {
      const forks = seed % 3 === 0 ? { most: 1, maxLimit: 1, isWild: seed % 2 === 0 } : false
      const plain = randomGraph(seed, { nodes: 1 + (seed % 4), kinds: outside, maxLimit: 1, backEdges: 0.2, forks })
      const nested = addNested(plain, randomSource(seed), { kinds: inside, nodes: 2, often: 0.5 })
      const graph = behindBoss(nested, seed % 2 === 0 ? ['k0'] : [])
      for (const policy of policiesOf(graph)) {
        const isRefused = policies(subjectOf({ ...graph, policies: [policy] }), {}).length > 0
        const isBroken = breaksPolicy(graph, policy, 3_000)
        if (isBroken === null) continue
        count[isRefused ? 'refused' : 'proven'] += 1
        if (isRefused && isBroken) count.confirmed += 1
        const isInside = runnersOf(graph, policy.never).some(
          ({ node }) => node.kind === 'workflow' || node.kind === 'map',
        )
        if (!isRefused && isInside) count.provenInside += 1
        if (!isRefused && isBroken) broken.push(`${graph.name} ${policy.never} ${JSON.stringify(policy.without)}`)
      }
    }
    expect(broken).toEqual([])
    expect(count.confirmed / count.refused, JSON.stringify(count)).toBeGreaterThan(0.85)
    expect(count.provenInside, JSON.stringify(count)).toBeGreaterThan(seeds.length / 30)
  })
})
