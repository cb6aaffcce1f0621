import type { EdgeRecord, Graph } from '../graph/graph.ts'

/** Look-ups that `plan` needs at every step, made once per graph. */
export interface GraphIndex {
  /** By node, then outcome. Order: priority. */
  readonly edges: ReadonlyMap<string, ReadonlyMap<string, readonly EdgeRecord[]>>
  /** By node: edges whose count its entry sets back. */
  readonly resets: ReadonlyMap<string, readonly string[]>
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
  return { edges, resets }
}
