import type { Graph, NodeRecord, PolicyRecord } from './graph.ts'

/** Whether ending a node with an outcome is what a policy asks for. */
export function isCrossing({ without }: PolicyRecord, node: NodeRecord, outcome: string): boolean {
  if (without === 'approval')
    return node.kind === 'approval' && (outcome === 'approved' || (outcome === 'edited' && node.isAboutCall === true))
  return node.id === without.node && outcome === without.outcome
}

/** The state keys whose change makes a crossing at a node worth nothing. */
export function shownAt(graph: Graph, node: string): readonly string[] {
  const record = graph.nodes[node]
  return record?.kind === 'approval' ? record.show : []
}

/** What a policy asks for, as people read it: `manager.approved`, or `an approval`. */
export function crossingName({ without }: PolicyRecord): string {
  return without === 'approval' ? 'an approval' : `${without.node}.${without.outcome}`
}
