import type { Json, JsonObject } from '../base/json.ts'

/** How far a decision is remembered: `run`, in the run it was made in; `workflow`, in all runs of its workflow. */
export type RuleScope = 'run' | 'workflow'

/** What a person wants remembered together with a decision on a call. Parsed. */
export interface Remembered {
  readonly scope: RuleScope
  /** Arguments that a call must have, by name, for it to be decided alike; null: any call of the tool. Absent: exactly the arguments that were decided on. */
  readonly arguments?: JsonObject | null
  /** When it is forgotten, ms since the epoch; absent: with its scope, or when it is revoked. */
  readonly expiresAt?: number
}

/**
 * A decision on calls to come: of the same tool, at the same place, with the arguments that it names.
 *
 * It is applied as a decision of its own, with who made it.
 */
export interface StickyRule {
  /** That of the request with which it was made: `runId/stepIndex`. */
  readonly id: string
  readonly scope: RuleScope
  readonly outcome: 'approved' | 'rejected'
  /** Path of the agent. */
  readonly node: string
  readonly tool: string
  /** Null: any. */
  readonly arguments: Json
  /** All of a call's arguments must be these; absent: those named must be. */
  readonly isExact?: true
  /** Binds all of this to the workflow and to the tool as it was declared: changed, it applies no longer. */
  readonly digest: string
  readonly by: string
  /** Whom they decided for; absent: themselves. */
  readonly for?: string
  readonly reason: string
  /** Ms since the epoch. It is for what is asked from then on. */
  readonly at: number
  /** Ms since the epoch; absent: never. */
  readonly expiresAt?: number
}
