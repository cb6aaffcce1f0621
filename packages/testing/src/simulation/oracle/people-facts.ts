import type { Json } from '@waystone/core'

/** A decision that somebody had remembered, by the oracle's own count. */
export interface KnownRule {
  readonly runId: string
  readonly workflow: string
  readonly scope: 'run' | 'workflow'
  readonly outcome: string
  readonly node: string
  readonly tool: string
  /** What a call must have; null: anything. */
  readonly arguments: Json
  readonly isExact: boolean
  readonly at: number
  readonly expiresAt: number | null
  /** Ms since the epoch; null: nobody has taken it back. */
  revokedAt: number | null
}

/** What the oracle knows of persons and operators in one run. */
export interface PeopleFacts {
  /** Somebody has approved what stands there now, and the tool has not run since: by tool that a policy is about. */
  readonly cleared: Map<string, boolean>
  /** Tools that may run once although nobody has. */
  readonly overridden: Set<string>
  /** Steps that have begun. */
  readonly begun: Set<string>
  /** The run was changed while it was held, and nobody has said yes since: tools. */
  readonly broken: Set<string>
}

/** Nothing is known yet. */
export function newPeopleFacts(): PeopleFacts {
  return { cleared: new Map(), overridden: new Set(), begun: new Set(), broken: new Set() }
}
