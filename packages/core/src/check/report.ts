import type { ErrorCode } from '../errors/codes.ts'
import type { Place } from '../errors/definition-error.ts'
import type { LimitName } from '../graph/graph.ts'

/** `error`: the workflow is refused. `warning`: it runs, but think again. */
export type Severity = 'error' | 'warning'

/** One thing the checker found. Plain data. */
export interface Finding {
  readonly code: ErrorCode
  readonly severity: Severity
  /** What was found, naming nodes, edges and paths. */
  readonly message: string
  /** What to do about it. */
  readonly hint: string
  readonly place: Place
}

/** What is bounded. Units: counts, tokens (input plus output), USD, ms. */
export const boundNames = [
  'steps',
  'modelCalls',
  'toolCalls',
  'tokens',
  'costUsd',
  'durationMs',
] as const satisfies LimitName[]
/** See `Bounds`. */
export type BoundName = (typeof boundNames)[number]

/** The note of an amount that nothing bounds. */
export const noBound = 'no bound: a cycle has no limit'

/** An upper bound. */
export interface BoundAmount {
  /** Null: unknown, or without bound; `note` says why. */
  readonly max: number | null
  /** Why it is unknown, or what may come on top of `max` (one more call, say); null: nothing to say. */
  readonly note: string | null
  /** How `max` is made up: what the run does, and what undoing it takes, which no limit stops. Absent: nothing to undo. Null: unknown. */
  readonly parts?: { readonly run: number | null; readonly undo: number | null }
}

/** The cycle that adds most to a bound. */
export interface DominatingCycle {
  /** In the order they run, from the target of the limited edge to its source. */
  readonly nodes: readonly string[]
  /** The limited edge that closes it. */
  readonly edge: string
  /** Times the edge can be taken in a run. */
  readonly times: number
  /** What one round adds at most, in the unit of the bound. */
  readonly round: number
}

/** The worst case of one amount. */
export interface BoundRow {
  /** From nodes, edges and their limits alone. */
  readonly graph: BoundAmount
  /** With the workflow's limits: the smaller of graph bound and limit, plus the work after `limits.exhausted` and what undoing takes. */
  readonly limited: BoundAmount
  /** Null: no cycle adds to it. */
  readonly cycle: DominatingCycle | null
}

/**
 * The worst case of a run. A run that is not crashed and restarted stays within it.
 *
 * Not counted: attempts repeated because they were lost in a crash or because a person says that they did not happen, and waits
 * longer than the retry policy's that a provider asks for.
 */
export type Bounds = { readonly [name in BoundName]: BoundRow }

/** Everything the checker has to say. Plain data, frozen. */
export interface CheckReport {
  /** Name of the workflow. */
  readonly workflow: string
  readonly version: number
  /** Order: errors before warnings; then by rule, then as written in the workflow. */
  readonly findings: readonly Finding[]
  readonly bounds: Bounds
}

/** True when the workflow is refused. */
export function hasErrors(report: CheckReport): boolean {
  return report.findings.some((finding) => finding.severity === 'error')
}
