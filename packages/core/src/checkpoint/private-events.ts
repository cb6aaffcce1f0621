import type { Graph } from '../graph/graph.ts'
import { groupAt } from '../graph/group-at.ts'
import { nodeAt, nodePathsOf } from '../graph/nested-graphs.ts'

const byGraph = new WeakMap<Graph, ReadonlyMap<string, string>>()

/** The group with a store of its own whose waits alone take an event from outside; undefined: others may take it too, or nobody. */
export function eventGroup(graph: Graph, event: string): string | undefined {
  const known = byGraph.get(graph) ?? eventGroups(graph)
  byGraph.set(graph, known)
  return known.get(event)
}

function eventGroups(graph: Graph): ReadonlyMap<string, string> {
  const takers = new Map<string, Set<string | undefined>>()
  for (const path of nodePathsOf(graph)) {
    const node = nodeAt(graph, path)?.node
    if (node?.kind !== 'wait') continue
    const group = groupAt(graph, path, 'store')
    for (const event of node.events) takers.set(event, (takers.get(event) ?? new Set()).add(group))
  }
  const groups = new Map<string, string>()
  for (const [event, [first, ...others]] of takers)
    if (first !== undefined && others.length === 0) groups.set(event, first)
  return groups
}
