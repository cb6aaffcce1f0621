import type { Graph, NodeRecord } from '../../graph/graph.ts'
import { toolRuleOf } from '../../graph/tool-use.ts'

/** A node that runs a tool. */
export interface Runner {
  readonly node: NodeRecord
  /** Times the tool may run in one visit, attempts not counted: they have the same effect id. */
  readonly runs: number
}

/** The nodes that run a tool, as their work or inside an agent. Order: as nodes. */
export function runnersOf(graph: Graph, tool: string): readonly Runner[] {
  return Object.values(graph.nodes).flatMap((node): Runner[] => {
    if (node.kind === 'tool' && node.tool === tool) return [{ node, runs: 1 }]
    if (node.kind !== 'agent' || !node.tools.includes(tool)) return []
    const runs = Math.min(node.maxModelCalls * node.maxCallsPerTurn, maxCallsOf(node, tool))
    return runs === 0 ? [] : [{ node, runs }]
  })
}

function maxCallsOf(node: NodeRecord, tool: string): number {
  return toolRuleOf(node, tool)?.maxCalls ?? Number.POSITIVE_INFINITY
}
