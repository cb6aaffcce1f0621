import type { EdgeRecord, Graph } from '../graph/graph.ts'
import { cancelledBy, regionsOf, wayOf, type Regions, type Way } from '../graph/regions.ts'
import { transitionNames } from './names.ts'
import { seenKeysOf, type SeenKeys } from './seen-state.ts'

/** Look-ups that `plan` needs at every step, made once per graph. */
export interface GraphIndex {
  /** By node, then outcome. Order: priority. */
  readonly edges: ReadonlyMap<string, ReadonlyMap<string, readonly EdgeRecord[]>>
  /** By node: edges whose count its entry sets back. */
  readonly resets: ReadonlyMap<string, readonly string[]>
  /** Null for a graph without forks. */
  readonly forks: ForkIndex | null
}

/** What a graph with forks needs beside. */
export interface ForkIndex extends Regions {
  /** By transition: an edge's id, or that of its `otherwise`. */
  readonly ways: ReadonlyMap<string, Way>
  /** By join: lists that several of its branches may add to, which it puts in order of branch. */
  readonly ordered: ReadonlyMap<string, ReadonlySet<string>>
  /** By join: what nodes of its branches see as it was at the fork. */
  readonly seen: ReadonlyMap<string, SeenKeys>
  /** By edge id: branches that it cancels. */
  readonly cancels: ReadonlyMap<string, readonly string[]>
}

/** Indexes a graph's edges. */
export function indexGraph(graph: Graph): GraphIndex {
  const edges = new Map<string, Map<string, EdgeRecord[]>>()
  const resets = new Map<string, string[]>()
  for (const edge of graph.edges) {
    const byOutcome = edges.get(edge.from) ?? new Map<string, EdgeRecord[]>()
    edges.set(edge.from, byOutcome)
    const list = byOutcome.get(edge.outcome) ?? []
    byOutcome.set(edge.outcome, list)
    list.push(edge)
    if (edge.limit !== null && edge.limit.per !== null)
      resets.set(edge.limit.per, [...(resets.get(edge.limit.per) ?? []), edge.id])
  }
  for (const byOutcome of edges.values())
    for (const list of byOutcome.values()) list.sort((left, right) => left.index - right.index)
  return { edges, resets, forks: indexForks(graph) }
}

function indexForks(graph: Graph): ForkIndex | null {
  const regions = regionsOf(graph)
  if (regions.forks.size === 0) return null
  const ways = new Map<string, Way>()
  const cancels = new Map<string, readonly string[]>()
  for (const edge of graph.edges) {
    ways.set(edge.id, wayOf(regions, edge, edge.to))
    const cancelled = edge.cancels === undefined ? null : cancelledBy(regions, edge)
    if (cancelled !== null) cancels.set(edge.id, cancelled.branches)
    if (edge.otherwise !== null) ways.set(transitionNames.otherwise(edge.id), wayOf(regions, edge, edge.otherwise))
  }
  const ordered = new Map<string, ReadonlySet<string>>()
  for (const [join, { branches }] of regions.forks) {
    const writers = new Map<string, Set<string>>()
    for (const { entry, nodes } of branches) {
      for (const key of [...nodes].flatMap((node) => graph.nodes[node]?.writes ?? [])) {
        const rule = graph.state[key]?.merge.rule
        if (rule !== 'append' && rule !== 'union') continue
        writers.set(key, (writers.get(key) ?? new Set()).add(entry))
      }
    }
    ordered.set(join, new Set([...writers].filter(([, names]) => names.size > 1).map(([key]) => key)))
  }
  return { ...regions, ways, ordered, cancels, seen: seenKeysOf(graph, regions) }
}
