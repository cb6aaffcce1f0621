import { own } from '../../base/own.ts'
import type { Graph, PolicyRecord } from '../../graph/graph.ts'
import { isCrossing, shownAt } from '../../graph/policy-crossing.ts'
import { subjectOf } from '../moves.ts'
import { atomsOf } from '../propositions.ts'
import { findBreaches, type Standing } from './breach.ts'

/** Policies as written, and that of each tool about whose calls people are asked: as a node it runs behind an approval. */
export function impliedPolicies(graph: Graph): readonly PolicyRecord[] {
  const said = new Set(graph.policies.map(({ never }) => never))
  const unsaid = Object.values(graph.tools).filter(({ name, approval }) => approval !== undefined && !said.has(name))
  return [
    ...graph.policies,
    ...unsaid.map(({ name, place }): PolicyRecord => ({ never: name, without: 'approval', given: null, place })),
  ]
}

/** What somebody changes from outside about a run. */
export interface OperatorChange {
  /** State keys that are changed; `any`: whatever was approved so far does not count. */
  readonly keys: readonly string[] | 'any'
  /** Where the run stands then. */
  readonly nodes: readonly string[]
  /** Policies of the workflows around this one; absent: none. */
  readonly outer?: readonly PolicyRecord[]
}

/**
 * The policies that a change from outside breaks: it changes what one of their approvals shows, or what they depend on, or leads past
 * them, and from where the run stands the tool can run without the approval being crossed again.
 *
 * Taken as if nothing had been approved and no guard been read so far.
 */
export function policiesBrokenBy(graph: Graph, change: OperatorChange): readonly PolicyRecord[] {
  const { keys, nodes, outer = [] } = change
  const own =
    keys === 'any' ? impliedPolicies(graph) : impliedPolicies(graph).filter((one) => dependsOn(graph, one, keys))
  return [...own, ...outer].filter((policy) => reachesUncrossed(graph, policy, { nodes, outer }))
}

function dependsOn(graph: Graph, policy: PolicyRecord, keys: readonly string[]): boolean {
  const shown = Object.values(graph.nodes).flatMap((node) =>
    node.outcomes.some((outcome) => isCrossing(policy, node, outcome)) ? shownAt(graph, node.id) : [],
  )
  const guards = policy.given === null ? [] : [...atomsOf(policy.given)]
  const given = guards.flatMap((name) => own(graph.guards, name)?.reads ?? [])
  return [...shown, ...given].some((key) => keys.includes(key))
}

/**
 * Whether a policy's tool can run, from where a run stands, without its outcome being crossed on the way: as if nothing had been crossed so far.
 *
 * @param policy - one of {@link impliedPolicies}, or of a workflow around this one
 */
export function isUncrossedFrom(graph: Graph, policy: PolicyRecord, from: Standing): boolean {
  const runsUnasked = isImplied(graph, policy) ? isToolNode : () => true
  return findBreaches(subjectOf(graph), policy, { forgets: true, from }).some(({ runner }) => runsUnasked(runner.node))
}

/** Nobody has written it: its tool asks by itself. */
function isImplied(graph: Graph, { never, place }: PolicyRecord): boolean {
  return own(graph.tools, never)?.place === place
}

/** Whether the tool can run from one of these nodes without the policy's outcome being crossed on the way. */
function reachesUncrossed(
  graph: Graph,
  policy: PolicyRecord,
  { nodes, outer }: { readonly nodes: readonly string[]; readonly outer: readonly PolicyRecord[] },
): boolean {
  const isWritten = graph.policies.includes(policy) || outer.includes(policy)
  const runsUnasked = isWritten ? () => true : isToolNode
  return nodes.some((start) =>
    findBreaches(subjectOf({ ...graph, start }), policy, { forgets: true }).some(({ runner }) =>
      runsUnasked(runner.node),
    ),
  )
}

function isToolNode({ kind }: { readonly kind: string }): boolean {
  return kind === 'tool'
}
