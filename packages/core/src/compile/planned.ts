import type { RunId } from '../base/ids.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { Command } from '../snapshot/command.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { StickyRule } from '../snapshot/sticky-rule.ts'

/** Where in its run's history the next checkpoint will stand. */
export interface Position {
  readonly runId: RunId
  /** Of the checkpoint to be made. */
  readonly sequence: number
  readonly parent: Checkpoint['parent']
}

/** Why an event was refused. */
export type RefusalReason =
  | 'run-ended'
  | 'digest-mismatch'
  | 'outcome-not-offered'
  | 'write-undeclared'
  | 'not-a-delegate'
  | 'not-asked'
  | 'decided-before'
  | 'policy-broken'
  | 'not-redirectable'
  | 'too-many-questions'
  | 'no-such-question'
  | 'answered-before'
  | 'not-remembered'
  | 'rule-does-not-fit'
  | 'rule-unknown'
  | 'not-under-way'
  | 'limit-reached'
  | 'not-written'
  | 'approval-outlived'
  | 'effect-under-way'
  | 'not-awaited'
  | 'key-expected'
  | 'bad-payload'
  /** No wait is open for an event that is lost when it comes early. */
  | 'not-now'
  | 'too-many-kept'
  | 'already-held'
  | 'not-held'
  | 'not-started'
  | 'already-started'

/** A transition that a runtime is to commit, then to perform. */
export interface PlannedTransition {
  readonly snapshot: Snapshot
  readonly checkpoint: Checkpoint
  readonly commands: readonly Command[]
  /** A decision that is to be remembered beyond the run, stored with the checkpoint; absent: none. */
  readonly rule?: StickyRule
}

/** What one event does to a run. */
export type Plan =
  | (PlannedTransition & { readonly type: 'applied' })
  /** The end of something already cancelled; only usage is settled. */
  | (PlannedTransition & { readonly type: 'late' })
  /** Names nothing that is open: to be dropped and reported. */
  | { readonly type: 'stale'; readonly message: string }
  /** A timer that fired too soon: to be set again. */
  | { readonly type: 'early'; readonly message: string }
  | { readonly type: 'refused'; readonly reason: RefusalReason; readonly message: string }
