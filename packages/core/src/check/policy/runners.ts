import type { Graph, GuardExpression, NodeRecord } from '../../graph/graph.ts'
import { callApprovalOf, toolRuleOf } from '../../graph/tool-use.ts'
import { nestedIn } from '../../graph/nested-graphs.ts'
import { always, canHold } from '../propositions.ts'

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
    if (node.kind === 'map' && node.tool === tool) return [{ node, runs: node.maxItems, asks: null }]
    if (node.kind === 'workflow') return nestedRunner(graph, node, tool)
    // Another attempt of an item begins it anew, with effect ids of its own.
    if (node.kind === 'map')
      return nestedRunner(graph, node, tool).map((one) => ({
        ...one,
        runs: one.runs * node.maxItems * node.retry.attempts,
        ...(node.asks === 'always' && { asks: always }),
      }))
    if (node.kind !== 'agent') return []
    const asked = node.tools.filter((name) => name === tool || alternatesOf(node, name).includes(tool))
    const calls = asked.reduce((sum, name) => sum + maxCallsOf(node, name), 0)
    const runs = Math.min(node.maxModelCalls * node.maxCallsPerTurn, calls)
    // Whoever was asked about another tool was not asked about this one.
    const asks = asked.every((name) => name === tool) ? askedWhen(graph, node, tool) : null
    return runs === 0 ? [] : [{ node, runs, asks }]
  })
}

/** What runs a tool in a nested workflow, seen from the node that holds it. Approvals inside are for the nested workflow's own policies. */
function nestedRunner(graph: Graph, node: NodeRecord, tool: string): Runner[] {
  const nested = nestedIn(graph, node)
  const runners = nested === undefined ? [] : runnersOf(nested, tool)
  const [first] = runners
  if (nested === undefined || first === undefined) return []
  const isAlone = runners.length === 1 && !mayReturn(nested, first.node.id)
  // Guards inside are not those of the workflow around it.
  const isAsked = runners.every(({ asks }) => asks !== null && !canHold({ not: asks }))
  return [{ node, runs: isAlone ? first.runs : Number.POSITIVE_INFINITY, asks: isAsked ? always : null }]
}

/** Whether a run may come to a node again. */
function mayReturn({ edges, limits }: Graph, node: string): boolean {
  const seen = new Set<string>()
  const queue = [node]
  for (const here of queue) {
    const targets = edges
      .filter(({ from }) => from === here)
      .flatMap(({ to, otherwise, fork }) => [
        to,
        ...(otherwise === null ? [] : [otherwise]),
        ...(fork?.branches ?? []),
        ...(fork === undefined ? [] : [fork.join]),
      ])
    const { exhausted, stall } = limits
    for (const target of [...targets, exhausted, ...(stall === undefined ? [] : [stall.to, stall.otherwise])]) {
      if (target === node) return true
      if (seen.has(target)) continue
      seen.add(target)
      queue.push(target)
    }
  }
  return false
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
