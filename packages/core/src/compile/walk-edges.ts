import type { EdgeRecord, Target } from '../graph/graph.ts'
import type { Candidate, GuardReading } from '../snapshot/decision.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { createGuardRunner, type GuardRunner } from './guards.ts'
import type { RouteParts } from './route-parts.ts'

/** The edge that a walk has chosen. */
export interface Choice {
  readonly edge: EdgeRecord
  readonly variant: 'edge' | 'otherwise'
  readonly to: Target
  /** Nodes that it leads to: of a fork, those whose guards hold. */
  readonly begun: readonly string[]
}

/** A walk over the edges of one outcome. Filled in as it goes, so that what was tried is known when a guard throws. */
export interface Walk {
  readonly candidates: Candidate[]
  chosen: Choice | undefined
}

/**
 * Walks the edges of an outcome in order, runs each guard at most once, and chooses the first that can be taken. Pure.
 *
 * @throws {NodeError} WAYSTONE_NODE_GUARD_ERROR when a guard throws or gives something else than a boolean
 */
export function walkEdges(
  parts: RouteParts,
  context: RunContext,
  { edges, walk }: { readonly edges: readonly EdgeRecord[]; readonly walk: Walk },
): void {
  const guards = createGuardRunner(parts, context.state, {
    failure: context.error?.failure,
    open: context.open,
    ended: edges[0]?.from,
  })
  for (const edge of edges) {
    if (walk.chosen !== undefined) {
      walk.candidates.push({ edge: edge.id, verdict: 'later' })
      continue
    }
    const readings: GuardReading[] = []
    const holds = edge.when === null || guards.holds(edge.when, readings)
    const run = readings.length > 0 ? { guards: readings } : {}
    if (!holds) {
      walk.candidates.push({ edge: edge.id, verdict: 'guard', ...run })
      continue
    }
    const used = context.taken[edge.id] ?? 0
    const limit = edge.limit === null ? {} : { limit: { used, max: edge.limit.max } }
    if (edge.limit === null || used < edge.limit.max) {
      const begun = edge.fork === undefined ? [edge.to] : begunBy(edge.fork, guards, readings)
      const read = readings.length > 0 ? { guards: readings } : {}
      walk.candidates.push({ edge: edge.id, verdict: 'taken', ...read, ...limit })
      walk.chosen = { edge, variant: 'edge', to: edge.to, begun }
    } else if (edge.otherwise !== null) {
      walk.candidates.push({ edge: edge.id, verdict: 'otherwise', ...run, ...limit })
      walk.chosen = { edge, variant: 'otherwise', to: edge.otherwise, begun: [edge.otherwise] }
    } else {
      walk.candidates.push({ edge: edge.id, verdict: 'limit', ...run, ...limit })
    }
  }
}

/** Branches of a fork whose guards hold. @param readings - of the edge; what is run here is added */
function begunBy(
  { branches, guarded }: NonNullable<EdgeRecord['fork']>,
  guards: GuardRunner,
  readings: GuardReading[],
): readonly string[] {
  if (guarded === undefined) return branches
  const known = new Set(readings.map(({ guard }) => guard))
  return branches.filter((branch) => {
    const when = guarded[branch]
    const own: GuardReading[] = []
    const holds = when === undefined || guards.holds(when, own)
    for (const reading of own) {
      if (known.has(reading.guard)) continue
      known.add(reading.guard)
      readings.push(reading)
    }
    return holds
  })
}
