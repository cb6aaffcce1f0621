import { describeThrown } from '../errors/describe-thrown.ts'
import { WaystoneError, type ErrorRecord } from '../errors/waystone-error.ts'
import { failTarget, type NodeRecord } from '../graph/graph.ts'
import type { Candidate, Decision } from '../snapshot/decision.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { describeCandidate } from './describe-candidate.ts'
import { limitFailure } from './failure-of.ts'
import { engineError, frozenError } from './frozen-error.ts'
import { errorOutside } from './group-error.ts'
import { hitOfTakeover, type LimitHit } from './limits.ts'
import { transitionNames } from './names.ts'
import type { RouteParts } from './route-parts.ts'
import type { Route } from './routed.ts'
import { closeAll, withContext } from './steps.ts'

/** What ended, as far as its edges are concerned. */
export interface Leaver {
  readonly record: NodeRecord
  readonly visit: number
  /** Ms since the epoch; undefined under plain `createActor`. */
  readonly at: number | undefined
}

/** What did not lead on, and what was tried. */
export interface Fault {
  readonly leaver: Leaver
  readonly outcome: string
  readonly candidates: readonly Candidate[]
}

/** A limit of the workflow stands in the way: everything that is open is closed, and its edge is taken. */
export function exhaust(
  parts: RouteParts,
  context: RunContext,
  { leaver, outcome, candidates, hit: first }: Fault & { readonly hit: LimitHit },
): Route {
  const { record, visit, at } = leaver
  const closed = closeAll(context)
  // What takes over must be allowed by the workflows around this one.
  const hit = first.up === undefined ? (hitOfTakeover(parts.graph, closed, at) ?? first) : first
  const decision: Decision = {
    node: record.id,
    visit,
    outcome,
    candidates,
    taken: transitionNames.exhausted,
    to: parts.graph.limits.exhausted,
    limit: hit,
  }
  const isFailure = hit.up === undefined && parts.graph.limits.exhausted === failTarget
  const stopped = withContext(closed, {
    exhausted: Object.freeze({ limit: hit.name, at: at ?? 0 }),
    ...(isFailure && { error: limitFailure(parts.graph, hit.name, { record, outcome }) }),
  })
  return { transition: transitionNames.exhausted, context: stopped, decision }
}

/** No edge fits: only in graphs that were built unchecked, or of a join that nobody can satisfy. */
export function noRoute(parts: RouteParts, context: RunContext, { leaver, outcome, candidates }: Fault): Route {
  const { record } = leaver
  const edges = parts.index.edges.get(record.id)?.get(outcome) ?? []
  const tried = candidates.map((candidate) =>
    describeCandidate(
      candidate,
      edges.find((edge) => edge.id === candidate.edge),
    ),
  )
  const message = `no edge of ${record.id}.${outcome} could be taken; tried ${tried.length === 0 ? 'none, since it has no edges' : tried.join('; ')}; allowed is a last edge without guard`
  const error = engineError(isDeadlock(record, outcome) ? 'WAYSTONE_NODE_DEADLOCK' : 'WAYSTONE_NODE_NO_ROUTE', message)
  return toFail(context, { leaver, outcome, candidates }, { transition: transitionNames.noRoute, error })
}

/** A join that nobody can satisfy, and that says nothing of that case: it would wait for ever. */
function isDeadlock({ kind }: NodeRecord, outcome: string): boolean {
  return kind === 'join' && outcome === 'unsatisfied'
}

/** A guard or a reducer threw. */
export function fault(context: RunContext, { error: thrown, ...rest }: Fault & { readonly error: unknown }): Route {
  const error = WaystoneError.isInstance(thrown)
    ? frozenError(thrown.toJSON())
    : engineError('WAYSTONE_NODE_REDUCER_ERROR', `a reducer threw: ${describeThrown(thrown)}`)
  return toFail(context, rest, { transition: transitionNames.guardError, error })
}

function toFail(
  context: RunContext,
  { leaver, outcome, candidates }: Fault,
  why: { readonly transition: string; readonly error: ErrorRecord },
): Route {
  const decision: Decision = {
    node: leaver.record.id,
    visit: leaver.visit,
    outcome,
    ...(why.error.failure !== undefined && { failure: why.error.failure }),
    candidates,
    taken: why.transition,
    to: failTarget,
  }
  const error = errorOutside(leaver.record, why.error) ?? why.error
  return { transition: why.transition, context: withContext(context, { error }), decision }
}
