import { own } from '../../base/own.ts'
import type { Graph, PolicyRecord } from '../../graph/graph.ts'
import { isCrossing, shownAt } from '../../graph/policy-crossing.ts'
import { subjectOf } from '../moves.ts'
import { atomsOf } from '../propositions.ts'
import { findBreaches } from './breach.ts'

/** Policies as written, and that of each tool about whose calls people are asked: as a node it runs behind an approval. */
export function impliedPolicies(graph: Graph): readonly PolicyRecord[] {
  const said = new Set(graph.policies.map(({ never }) => never))
  const unsaid = Object.values(graph.tools).filter(({ name, approval }) => approval !== undefined && !said.has(name))
  return [
    ...graph.policies,
    ...unsaid.map(({ name, place }): PolicyRecord => ({ never: name, without: 'approval', given: null, place })),
  ]
}

/**
 * The policies that a change of the state from outside breaks: it changes what one of their approvals shows, or what they depend on,
 * and from where the run stands the tool can run without the approval being crossed again.
 *
 * Taken as if nothing had been approved and no guard been read so far.
 *
 * @param change - `keys`: what is changed; `nodes`: where the run stands
 */
export function policiesBrokenBy(
  graph: Graph,
  change: { readonly keys: readonly string[]; readonly nodes: readonly string[] },
): readonly PolicyRecord[] {
  return impliedPolicies(graph).filter(
    (policy) => dependsOn(graph, policy, change.keys) && reachesUncrossed(graph, policy, change.nodes),
  )
}

function dependsOn(graph: Graph, policy: PolicyRecord, keys: readonly string[]): boolean {
  const shown = Object.values(graph.nodes).flatMap((node) =>
    node.outcomes.some((outcome) => isCrossing(policy, node, outcome)) ? shownAt(graph, node.id) : [],
  )
  const guards = policy.given === null ? [] : [...atomsOf(policy.given)]
  const given = guards.flatMap((name) => own(graph.guards, name)?.reads ?? [])
  return [...shown, ...given].some((key) => keys.includes(key))
}

/** Whether the tool can run from one of these nodes without the policy's outcome being crossed on the way. */
function reachesUncrossed(graph: Graph, policy: PolicyRecord, nodes: readonly string[]): boolean {
  const runsUnasked = graph.policies.includes(policy) ? () => true : isToolNode
  return nodes.some((start) =>
    findBreaches(subjectOf({ ...graph, start }), policy, { forgets: true }).some(({ runner }) =>
      runsUnasked(runner.node),
    ),
  )
}

function isToolNode({ kind }: { readonly kind: string }): boolean {
  return kind === 'tool'
}
