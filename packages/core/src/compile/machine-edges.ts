import { failTarget, personTarget, type EdgeRecord, type NodeRecord, type Target } from '../graph/graph.ts'
import type { Way } from '../graph/regions.ts'
import { formatGuard } from '../check/propositions.ts'
import { transitionNames } from './names.ts'
import { endedId, settledAction, targetId, type Params, type Parts, type TransitionConfig } from './machine-parts.ts'

/** The edges of a node, and what is there by rule. */
export function waysOut(parts: Parts, record: NodeRecord): readonly TransitionConfig[] {
  const list: TransitionConfig[] = []
  for (const byOutcome of parts.index.edges.get(record.id)?.values() ?? []) {
    for (const edge of byOutcome) list.push(...edgeTransitions(parts, edge))
  }
  list.push(
    leaving(parts, { transition: transitionNames.exhausted }, parts.graph.limits.exhausted),
    ...stallTransitions(parts),
    leaving(parts, { transition: transitionNames.noRoute }, failTarget),
    leaving(parts, { transition: transitionNames.guardError }, failTarget),
  )
  return list
}

function stallTransitions(parts: Parts): readonly TransitionConfig[] {
  const { stall } = parts.graph.limits
  if (stall === undefined) return []
  const { stalled, stalledAgain, stalledForGood } = transitionNames
  return [
    leaving(parts, { transition: stalled, limit: `at most ${stall.limit}` }, stall.to),
    leaving(parts, { transition: stalledAgain, limit: 'at most 1' }, stall.otherwise),
    leaving(parts, { transition: stalledForGood }, failTarget),
  ]
}

function edgeTransitions(parts: Parts, edge: EdgeRecord): readonly TransitionConfig[] {
  if (edge.to === personTarget) return []
  const when = edge.when === null ? {} : { when: formatGuard(edge.when) }
  const limit =
    edge.limit === null
      ? {}
      : { limit: `at most ${edge.limit.max}${edge.limit.per === null ? '' : ` per ${edge.limit.per}`}` }
  const own = wayTransitions(parts, { transition: edge.id, ...when, ...limit }, edge.to)
  if (edge.otherwise === null) return own
  return [...own, ...wayTransitions(parts, { transition: transitionNames.otherwise(edge.id), ...when }, edge.otherwise)]
}

/** The transition of an edge; two for one that ends a branch: the join fires, or waits. */
function wayTransitions(parts: Parts, params: Params, to: Target): readonly TransitionConfig[] {
  const way = parts.index.forks?.ways.get(params.transition)
  switch (way?.type) {
    case 'fork':
      return [leavingTo(parts, params, `#fork:${way.join}`)]
    case 'arrival':
      return arrivalTransitions(parts, params, way)
    case 'step':
      return [
        toEnd(parts, { ...params, to: way.to.join(', ') }, way),
        leaving(parts, { ...params, transition: transitionNames.joins(params.transition) }, way.join),
      ]
    case 'plain':
    case 'leaving':
    case undefined:
      return [leaving(parts, params, to)]
  }
}

function arrivalTransitions(
  parts: Parts,
  params: Params,
  { join, branch, isFailure }: Extract<Way, { type: 'arrival' }>,
): readonly TransitionConfig[] {
  const fires = leaving(parts, params, join)
  const record = parts.graph.nodes[join]
  if (isFailure && record?.kind === 'join' && record.failed === 'raise') return [fires]
  const waits = { ...params, transition: transitionNames.waits(params.transition) }
  return [fires, toEnd(parts, waits, { join, branch })]
}

/** To the end of a branch. Where branches wait for one another, others may begin in the same transition. */
function toEnd(
  parts: Parts,
  params: Params,
  { join, branch }: { readonly join: string; readonly branch: string },
): TransitionConfig {
  const transition = leavingTo(parts, params, `#${endedId(join, branch)}`)
  if (parts.index.forks?.forks.get(join)?.isGated !== true) return transition
  return { ...transition, actions: [...transition.actions, settledAction(join)] }
}

/** A transition that leaves the node for a target. */
export function leaving(parts: Parts, params: Params, to: Target): TransitionConfig {
  return leavingTo(parts, params, targetId(parts, to))
}

function leavingTo(parts: Parts, params: Params, target: string): TransitionConfig {
  return {
    target,
    reenter: true,
    guard: { type: 'chosen', params },
    actions: [takeAction(parts, params.transition)],
  }
}

/** A move inside the node; without a target it stays in its state and starts nothing. */
export function inner(parts: Parts, transition: string, target?: string): TransitionConfig {
  const guard = { type: 'chosen' as const, params: { transition } }
  const actions = [takeAction(parts, transition)]
  return target === undefined ? { guard, actions } : { target, reenter: true, guard, actions }
}

function takeAction(parts: Parts, transition: string): string {
  const name = `take:${transition}`
  if (!parts.changes.has(name))
    parts.changes.set(name, ({ context, event }) => parts.memo.take(transition, context, event))
  return name
}
