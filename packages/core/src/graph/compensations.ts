import { own } from '../base/own.ts'
import type { CompensationRecord, Graph, NodeRecord } from './graph.ts'
import { graphsOf } from './nested-graphs.ts'

/** How one piece of a node's work is undone; undefined: it is not. @param tool - of an agent's call or a map's item */
export function compensationOf(graph: Graph, node: NodeRecord, tool?: string): CompensationRecord | undefined {
  const said = node.kind === 'tool' || node.kind === 'task' || node.kind === 'map' ? node.compensate : undefined
  if (said !== undefined) return said ?? undefined
  const called = tool ?? (node.kind === 'tool' ? node.tool : node.kind === 'map' ? node.tool : null)
  return called === null ? undefined : own(graph.tools, called)?.compensate
}

/** Everything of a node that may be undone, with the tool where there is one. An agent's tools include alternates. Order: as declared. */
export function compensationsOf(
  graph: Graph,
  node: NodeRecord,
): readonly { readonly tool: string | null; readonly record: CompensationRecord }[] {
  if (node.kind !== 'agent') {
    const tool = node.kind === 'tool' || node.kind === 'map' ? node.tool : null
    const record = compensationOf(graph, node)
    return record === undefined ? [] : [{ tool, record }]
  }
  const alternates = Object.values(node.toolRules ?? {}).flatMap((rule) => rule.alternates ?? [])
  return [...new Set([...node.tools, ...alternates])].flatMap((tool) => {
    const record = compensationOf(graph, node, tool)
    return record === undefined ? [] : [{ tool, record }]
  })
}

/** Whether a run of a graph may have anything to undo, in what is nested in it too. */
export function mayCompensate(graph: Graph): boolean {
  return graphsOf(graph).some((one) => Object.values(one.nodes).some((node) => compensationsOf(one, node).length > 0))
}
