import type { Decision } from '../snapshot/decision.ts'
import { arrive, leaveForks, openFork, stepOn } from './fork-ledger.ts'
import { startingIn } from './gated-branches.ts'
import type { ForkIndex } from './graph-index.ts'
import type { Route } from './routed.ts'
import type { Choice } from './walk-edges.ts'
import { transitionNames } from './names.ts'

/** A route through forks. */
export interface Routed {
  readonly route: Route
  /** Nodes that begin, where those are not what the edge leads to. */
  readonly entered?: readonly string[]
}

/** What the way taken means for the forks it begins in, leads into or leads out of. */
export function throughForks(
  forks: ForkIndex,
  route: Route,
  { decision, at, chosen }: { readonly decision: Decision; readonly at: number | undefined; readonly chosen: Choice },
): Routed {
  const { context, transition } = route
  const way = forks.ways.get(transition)
  switch (way?.type) {
    case undefined:
    case 'plain':
      return { route }
    case 'fork': {
      const region = forks.forks.get(way.join)
      if (region === undefined) return { route }
      const opened = openFork(context, region, { at, begun: chosen.begun, seen: forks.seen.get(way.join) })
      return withStarts({ ...route, context: opened }, decision, way.join)
    }
    case 'leaving':
      return { route: { ...route, context: leaveForks(forks, context, way.leaves) } }
    case 'step': {
      const cancels = forks.cancels.get(transition) ?? []
      const { context: led, arrival } = stepOn(forks, context, {
        ...way,
        to: stepTargets(way.to, chosen),
        cancels,
        at,
      })
      if (arrival === null) return withStarts({ ...route, context: led }, decision, way.join)
      const last = { transition: transitionNames.joins(transition), context: led, decision: { ...decision, arrival } }
      return { route: last, entered: [] }
    }
    case 'arrival': {
      const cancels = forks.cancels.get(transition) ?? []
      const { arrival, context: counted } = arrive(forks, context, { ...way, cancels, at })
      const waits = { transition: transitionNames.waits(transition), context: counted, decision: route.decision }
      const arrived = { ...decision, arrival }
      if (arrival.fires !== null) return { route: { transition, context: counted, decision: arrived } }
      return withStarts(waits, arrived, way.join)
    }
  }
}

/** Branches that an edge leads on to: all it names, or of a fork towards the same join those whose guards hold. */
function stepTargets(to: readonly string[], { edge, variant, begun }: Choice): readonly string[] {
  return variant === 'edge' && edge.fork !== undefined ? begun : to
}

function withStarts(route: Route, decision: Decision, join: string): Routed {
  const fork = route.context.forks?.[join]
  // Only forks whose branches begin one by one note what led to what.
  if (fork?.led === undefined) return { route: { ...route, decision } }
  const entered = startingIn(fork)
  return { route: { ...route, decision: { ...decision, starts: entered } }, entered }
}
