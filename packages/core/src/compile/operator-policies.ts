import { impliedPolicies, policiesBrokenBy, type OperatorChange } from '../check/policy/patched.ts'
import type { Graph, PolicyRecord } from '../graph/graph.ts'
import { crossingName, isCrossing } from '../graph/policy-crossing.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { OpenFork } from '../snapshot/open-fork.ts'
import type { BrokenPolicy, RunContext, Snapshot } from '../snapshot/snapshot.ts'
import { withContext } from './steps.ts'

/**
 * The one place where what an operator does is held against the policies: a patch, a redirect, the release of a held run, a fork.
 *
 * A held run begins nothing, so what breaks a policy there is only noted in {@link Hold.broken}, and its release is refused while it is not
 * mended. Anywhere else it is refused at once. Tools that are overridden may run; who said so is in the event.
 */

/** Where a run stands: the nodes that have something open, or wait to begin it. */
export function standsAt({ open, short, forks }: RunContext): readonly string[] {
  const waiting = Object.values(forks ?? {}).flatMap(branchesToBegin)
  return [...new Set([...Object.values(open).map(({ node }) => node), ...(short?.nodes ?? []), ...waiting])]
}

/** Branches that an edge has led to and that wait: for others, or for a name that they have to themselves. */
function branchesToBegin({ branches, led = {} }: OpenFork): readonly string[] {
  const ledTo = new Set(Object.values(led).flat())
  return Object.entries(branches).flatMap(([branch, status]) =>
    status === 'ready' || (status === 'idle' && ledTo.has(branch)) ? [branch] : [],
  )
}

/** Policies that a change breaks, those of overridden tools left out. */
export function brokenBy(
  graph: Graph,
  change: OperatorChange,
  override: readonly string[] = [],
): readonly PolicyRecord[] {
  return policiesBrokenBy(graph, change).filter(({ never }) => !override.includes(never))
}

/** What stands in the way of letting a held run, or a fork of it, begin something: what was broken and can still happen from where it stands. */
export function stillBroken(
  graph: Graph,
  context: RunContext,
  override: readonly string[] = [],
): readonly PolicyRecord[] {
  const noted = context.held?.broken ?? []
  if (noted.length === 0) return []
  const isNoted = (policy: PolicyRecord): boolean => noted.some((one) => isAbout(one, policy))
  return brokenBy(graph, { keys: 'any', nodes: standsAt(context) }, override).filter(isNoted)
}

function isAbout({ tool, crossing }: BrokenPolicy, policy: PolicyRecord): boolean {
  return tool === policy.never && crossing === crossingName(policy)
}

/** Notes in a held run what a change has broken. */
export function noteBroken(context: RunContext, broken: readonly PolicyRecord[]): RunContext {
  const { held } = context
  if (held === null || broken.length === 0) return context
  const known = held.broken ?? []
  const fresh = broken.filter((policy) => !known.some((one) => isAbout(one, policy)))
  const added = fresh.map((policy) => Object.freeze({ tool: policy.never, crossing: crossingName(policy) }))
  return withContext(context, { held: Object.freeze({ ...held, broken: Object.freeze([...known, ...added]) }) })
}

/** What a transition of a held run has crossed is mended: the person was shown what stands there now. */
export function mendCrossed(graph: Graph, snapshot: Snapshot, decision: Decision | undefined): Snapshot {
  const { held } = snapshot.context
  if (held?.broken === undefined || decision === undefined) return snapshot
  const crossed = crossedBy(graph, decision)
  const left = held.broken.filter((one) => !crossed.some((policy) => isAbout(one, policy)))
  if (left.length === held.broken.length) return snapshot
  const { broken: _, ...rest } = held
  const mended = Object.freeze(left.length === 0 ? rest : { ...rest, broken: Object.freeze(left) })
  return Object.freeze({ ...snapshot, context: withContext(snapshot.context, { held: mended }) })
}

function crossedBy(graph: Graph, decision: Decision): readonly PolicyRecord[] {
  const node = decision.to === null ? undefined : graph.nodes[decision.node]
  const own =
    node === undefined ? [] : impliedPolicies(graph).filter((policy) => isCrossing(policy, node, decision.outcome))
  return decision.next === undefined ? own : [...own, ...crossedBy(graph, decision.next)]
}

/** A policy of a workflow around: nothing inside crosses a node of its own, whatever it is called. */
export function fromOutside(policy: PolicyRecord): PolicyRecord {
  const { without } = policy
  return without === 'approval' ? policy : { ...policy, given: null, without: { ...without, node: `:${without.node}` } }
}

/** What the policies say against a change, for people. @param what - `the patch changes what`, with the crossing after it */
export function brokenText(policy: PolicyRecord, nodes: readonly string[]): string {
  return `from ${nodes.join(', ')} tool ${policy.never} can run without ${crossingName(policy)} being crossed again`
}
