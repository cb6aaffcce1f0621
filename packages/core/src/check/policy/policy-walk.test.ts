import { describe, expect, it } from 'vitest'
import { findPolicyBreach } from '../../../test/graphs/policy-walk.ts'
import { randomGraph } from '../../../test/graphs/random-graph.ts'
import { randomSource } from '../../../test/graphs/random-source.ts'
import type { Graph, PolicyRecord } from '../../graph/graph.ts'
import { subjectOf } from '../moves.ts'
import { policies } from './policies.ts'

const seeds = Array.from({ length: process.env['WAYSTONE_LONG'] === '1' ? 2000 : 60 }, (_, seed) => seed)

function policiesOf(graph: Graph, seed: number): PolicyRecord[] {
  const random = randomSource(seed)
  const outcomes = Object.values(graph.nodes).flatMap((node) =>
    node.outcomes.map((outcome) => ({ node: node.id, outcome })),
  )
  const guards = Object.keys(graph.guards).filter((guard) =>
    graph.edges.some((edge) => JSON.stringify(edge.when).includes(`"${guard}"`)),
  )
  return Object.keys(graph.tools).flatMap((never) =>
    [...outcomes, 'approval' as const].flatMap((without) => {
      const given = guards.length > 0 && random.chance(0.6) ? { guard: random.pick(guards) } : null
      return [null, given, given === null ? null : { not: given }].map((meant) => ({
        never,
        without,
        given: meant,
        place: { path: 'policy' },
      }))
    }),
  )
}

function runsTool(graph: Graph, tool: string): boolean {
  return Object.values(graph.nodes).some((node) =>
    node.kind === 'tool' ? node.tool === tool : node.kind === 'agent' && node.tools.includes(tool),
  )
}

describe('policies against random walks', { timeout: 300_000 }, () => {
  it('are broken by no walk when they are proven, and by some walk for most that are refused', () => {
    const broken: string[] = []
    const count = { proven: 0, provenGiven: 0, refused: 0, confirmed: 0 }
    for (const seed of seeds) {
      const graph = randomGraph(seed, { nodes: 2 + (seed % 5), kinds: ['approval', 'tool', 'task', 'gate', 'agent'] })
      for (const policy of policiesOf(graph, seed)) {
        const isRefused = policies(subjectOf({ ...graph, policies: [policy] }), {}).length > 0
        if (!runsTool(graph, policy.never)) continue
        const random = randomSource(seed)
        const walks = Array.from({ length: 40 }, () => findPolicyBreach(graph, policy, random))
        const breach = walks.find((walk) => walk !== null)
        if (isRefused) {
          count.refused++
          if (breach !== undefined) count.confirmed++
        } else {
          count.proven++
          if (policy.given !== null) count.provenGiven++
          if (breach !== undefined) broken.push(`${graph.name} ${JSON.stringify(policy)}: ${breach?.join(' → ')}`)
        }
      }
    }
    expect(broken).toEqual([])
    expect(count.provenGiven).toBeGreaterThan(10)
    expect(count.confirmed / count.refused).toBeGreaterThan(0.85)
  })
})
