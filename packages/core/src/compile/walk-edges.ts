import type { EdgeRecord, Target } from '../graph/graph.ts'
import type { Candidate, GuardReading } from '../snapshot/decision.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { createGuardRunner } from './guards.ts'
import type { RouteParts } from './route-parts.ts'

/** The edge that a walk has chosen. */
export interface Choice {
  readonly edge: EdgeRecord
  readonly variant: 'edge' | 'otherwise'
  readonly to: Target
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
  const guards = createGuardRunner(parts, context.state, context.error?.failure)
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
      walk.candidates.push({ edge: edge.id, verdict: 'taken', ...run, ...limit })
      walk.chosen = { edge, variant: 'edge', to: edge.to }
    } else if (edge.otherwise !== null) {
      walk.candidates.push({ edge: edge.id, verdict: 'otherwise', ...run, ...limit })
      walk.chosen = { edge, variant: 'otherwise', to: edge.otherwise }
    } else {
      walk.candidates.push({ edge: edge.id, verdict: 'limit', ...run, ...limit })
    }
  }
}
