import { namesOfPath } from '../base/node-path.ts'
import { own } from '../base/own.ts'
import type { Graph, NodeRecord } from './graph.ts'

/** A workflow and all that are nested in it, each once for every workflow that nests it. Order: each before what it nests. */
export function graphsOf(graph: Graph): readonly Graph[] {
  if (graph.workflows === undefined) return [graph]
  return [graph, ...Object.values(graph.workflows).flatMap((nested) => graphsOf(nested))]
}

/** The workflow that a node holds, as a whole or for each of its items; undefined for any other node. */
export function nestedIn(graph: Graph, node: NodeRecord | undefined): Graph | undefined {
  const name = node?.kind === 'workflow' || node?.kind === 'map' ? node.workflow : undefined
  return name === undefined ? undefined : own(graph.workflows ?? {}, name)
}

/** Where a path leads: the node and the workflow it is in; undefined when there is none. @param path - `draft`, or `research/draft` in a nested workflow */
export function nodeAt(graph: Graph, path: string): { readonly graph: Graph; readonly node: NodeRecord } | undefined {
  let at: Graph | undefined = graph
  let found: { readonly graph: Graph; readonly node: NodeRecord } | undefined
  for (const name of namesOfPath(path)) {
    const node: NodeRecord | undefined = at === undefined ? undefined : own(at.nodes, name)
    if (at === undefined || node === undefined) return undefined
    found = { graph: at, node }
    at = nestedIn(at, node)
  }
  return found
}

/** Paths of all nodes, those of nested workflows after the node that holds them. */
export function nodePathsOf(graph: Graph): readonly string[] {
  return Object.values(graph.nodes).flatMap((node) => {
    const nested = nestedIn(graph, node)
    return nested === undefined ? [node.id] : [node.id, ...nodePathsOf(nested).map((path) => `${node.id}/${path}`)]
  })
}
