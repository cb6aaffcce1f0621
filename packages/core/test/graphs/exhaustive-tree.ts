import { workOf, workSite } from '../../src/check/bounds/work.ts'
import type { Graph, NodeRecord } from '../../src/graph/graph.ts'
import { nestedIn } from '../../src/graph/nested-graphs.ts'
import { exhaustiveForks } from './exhaustive-forks.ts'
import { exhaustiveWalk } from './exhaustive-walk.ts'

/**
 * The most steps or tool calls of a run of a small graph with forks, maps and nested workflows, by trying all walks of each level: what is
 * nested does not know what is around it, so its worst case is that of its own.
 *
 * @returns Infinity when a run can go on for ever; null when there are too many states
 */
export function exhaustiveTree(graph: Graph, name: 'steps' | 'toolCalls', mostStates = 8_000): number | null {
  const works = new Map<string, number>()
  for (const node of Object.values(graph.nodes)) {
    const work = workIn(graph, node, { name, mostStates })
    if (work === null) return null
    works.set(node.id, work)
  }
  const work = ({ id }: NodeRecord): number => works.get(id) ?? 0
  // Only workflows without forks and of one step a node have limits here.
  return graph.limits.bounds.steps === undefined
    ? exhaustiveForks(graph, work, mostStates)
    : exhaustiveWalk(graph, work, mostStates)
}

function workIn(
  graph: Graph,
  node: NodeRecord,
  search: { readonly name: 'steps' | 'toolCalls'; readonly mostStates: number },
): number | null {
  const isSteps = search.name === 'steps'
  const nested = nestedIn(graph, node)
  const inside = nested === undefined ? 0 : exhaustiveTree(nested, search.name, search.mostStates)
  if (inside === null) return null
  if (node.kind === 'workflow') return inside + (isSteps ? 1 : 0)
  if (node.kind !== 'map') return Number(workOf(search.name, node, workSite(graph, {})))
  // Each item again at each attempt, under the one step that holds it; a step makes the list, and one applies the results.
  const attempts = node.retry.attempts * node.maxItems
  if (nested !== undefined) return attempts * inside + (isSteps ? node.maxItems + 2 : 0)
  if (isSteps) return node.maxItems + 2
  return node.tool === null ? 0 : attempts
}
