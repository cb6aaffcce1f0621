import { listName } from '../../src/check/moves.ts'
import { evaluate } from '../../src/check/propositions.ts'
import type { EdgeRecord, Graph, NodeRecord, PolicyRecord } from '../../src/graph/graph.ts'
import { isCrossing } from '../../src/graph/policy-crossing.ts'
import { callApprovalOf } from '../../src/graph/tool-use.ts'
import type { RandomSource } from './random-source.ts'

/**
 * Walks a graph at random as a run could go and tells whether a policy was broken: guards keep their truth until a key they read is
 * written. An agent runs each of its tools at random, up to twice.
 *
 * @returns the moves up to the breach; null: none in this walk
 */
export function findPolicyBreach(graph: Graph, policy: PolicyRecord, random: RandomSource): readonly string[] | null {
  const truth = new Map(Object.keys(graph.guards).map((guard) => [guard, random.chance(0.5)]))
  const taken = new Map<string, number>()
  const trail: string[] = []
  let clearedBy: string | null = null
  let node = graph.nodes[graph.start]
  for (let step = 0; node !== undefined && step < 60; step++) {
    const runs = runsOf(node, policy.never, random)
    for (let run = 0; run < runs; run++) {
      const isMeant = policy.given === null || evaluate(policy.given, (guard) => truth.get(guard) === true)
      if (clearedBy === null && isMeant && !isAsked(graph, node, policy, truth)) return [...trail, node.id]
      clearedBy = null
    }
    for (const edge of graph.edges) if (edge.limit?.per === node.id) taken.delete(edge.id)
    const outcome = random.pick(node.outcomes)
    if (!['failed', 'timeout', 'unknown'].includes(outcome)) {
      const written = node.writes.filter(() => random.chance(0.8))
      const shown: readonly string[] = clearedBy === null ? [] : (graph.nodes[clearedBy]?.reads ?? [])
      if (written.some((key) => shown.includes(key))) clearedBy = null
      for (const guard of Object.values(graph.guards)) {
        if (guard.reads.some((key) => written.includes(key))) truth.set(guard.name, random.chance(0.5))
      }
    }
    if (isCrossing(policy, node, outcome)) clearedBy = node.id
    const list = graph.edges.filter((edge) => listName(edge.from, edge.outcome) === listName(node?.id ?? '', outcome))
    const [target, name] = routeAt(list, truth, taken)
    trail.push(name)
    node = graph.nodes[target]
  }
  return null
}

/** A person is asked about the very call, as far as guards tell. */
function isAsked(graph: Graph, node: NodeRecord, policy: PolicyRecord, truth: ReadonlyMap<string, boolean>): boolean {
  const when = policy.without === 'approval' ? callApprovalOf(graph, node, policy.never)?.when : undefined
  if (when === undefined || when === 'arguments') return false
  return when === 'always' || evaluate(when, (guard) => truth.get(guard) === true)
}

function runsOf(node: NodeRecord, tool: string, random: RandomSource): number {
  if (node.kind === 'tool') return node.tool === tool ? 1 : 0
  return node.kind === 'agent' && node.tools.includes(tool)
    ? random.below(Math.min(3, node.maxModelCalls * node.maxCallsPerTurn + 1))
    : 0
}

function routeAt(
  list: readonly EdgeRecord[],
  truth: ReadonlyMap<string, boolean>,
  taken: Map<string, number>,
): readonly [string, string] {
  for (const edge of list) {
    if (edge.when !== null && !evaluate(edge.when, (guard) => truth.get(guard) === true)) continue
    const used = taken.get(edge.id) ?? 0
    if (edge.limit === null || used < edge.limit.max) {
      if (edge.limit !== null) taken.set(edge.id, used + 1)
      return [edge.to, edge.id]
    }
    if (edge.otherwise !== null) return [edge.otherwise, `${edge.id}:otherwise`]
  }
  return [':fail', 'none']
}
