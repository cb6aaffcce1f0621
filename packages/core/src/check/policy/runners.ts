import type { Graph, GuardExpression, NodeRecord } from '../../graph/graph.ts'
import { callApprovalOf, toolRuleOf } from '../../graph/tool-use.ts'
import { always } from '../propositions.ts'

/** A node that runs a tool. */
export interface Runner {
  readonly node: NodeRecord
  /** Times the tool may run in one visit, attempts not counted: they have the same effect id. */
  readonly runs: number
  /** When a person is asked about the very call; null: not for certain. */
  readonly asks: GuardExpression | null
}

/** The nodes that run a tool, as their work or inside an agent. Order: as nodes. */
export function runnersOf(graph: Graph, tool: string): readonly Runner[] {
  return Object.values(graph.nodes).flatMap((node): Runner[] => {
    if (node.kind === 'tool' && node.tool === tool) return [{ node, runs: 1, asks: null }]
    if (node.kind === 'map') return node.tool === tool ? [{ node, runs: node.maxItems, asks: null }] : []
    if (node.kind !== 'agent') return []
    const asked = node.tools.filter((name) => name === tool || alternatesOf(node, name).includes(tool))
    const calls = asked.reduce((sum, name) => sum + maxCallsOf(node, name), 0)
    const runs = Math.min(node.maxModelCalls * node.maxCallsPerTurn, calls)
    // Whoever was asked about another tool was not asked about this one.
    const asks = asked.every((name) => name === tool) ? askedWhen(graph, node, tool) : null
    return runs === 0 ? [] : [{ node, runs, asks }]
  })
}

function alternatesOf(node: NodeRecord, tool: string): readonly string[] {
  return toolRuleOf(node, tool)?.alternates ?? []
}

function maxCallsOf(node: NodeRecord, tool: string): number {
  return toolRuleOf(node, tool)?.maxCalls ?? Number.POSITIVE_INFINITY
}

/** What a function says of arguments is not known before a run. */
function askedWhen(graph: Graph, node: NodeRecord, tool: string): GuardExpression | null {
  const when = callApprovalOf(graph, node, tool)?.when ?? 'arguments'
  if (when === 'arguments') return null
  return when === 'always' ? always : when
}
