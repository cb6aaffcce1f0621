import type { GroupOwn } from '../define/group.ts'
import { namesOfPath } from '../base/node-path.ts'
import { own } from '../base/own.ts'
import type { Graph, NodeRecord } from './graph.ts'
import { graphsOf, nestedIn } from './nested-graphs.ts'

/** The innermost group that a node is in and that has this to itself, its own or that of a node which nests it; undefined: none. */
export function groupAt(graph: Graph, path: string, has: GroupOwn): string | undefined {
  let at: Graph | undefined = graph
  let found: string | undefined
  for (const name of namesOfPath(path)) {
    const node: NodeRecord | undefined = at === undefined ? undefined : own(at.nodes, name)
    if (at === undefined || node === undefined) return found
    const group = node.group === undefined ? undefined : own(at.groups ?? {}, node.group)
    if (group?.own?.includes(has) === true) found = group.name
    at = nestedIn(at, node)
  }
  return found
}

/** Names of the groups of a workflow, and of those nested in it, that have stores of their own. */
export function groupsWithStores(graph: Graph): readonly string[] {
  return groupsWith(graph, 'store')
}

/** Names of all groups of a workflow, and of those nested in it, that have this to themselves. */
export function groupsWith(graph: Graph, has: GroupOwn): readonly string[] {
  const groups = graphsOf(graph).flatMap((one) => Object.values(one.groups ?? {}))
  return [...new Set(groups.filter((group) => group.own?.includes(has)).map(({ name }) => name))]
}
