import type { JsonObject } from '../base/json.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'

/**
 * What has become of a branch: `left` for one that still ran when its join fired.
 *
 * Where branches begin one by one, also: `idle` (waits for others), `ready` (waits for a name that another one holds), `ended` (has led to others),
 * `skipped` (none led to it), `cancelled`; and only inside a transition `starting` and `cancelling`.
 */
export type BranchStatus =
  | 'running'
  | 'joined'
  | 'failed'
  | 'left'
  | 'idle'
  | 'ready'
  | 'starting'
  | 'ended'
  | 'skipped'
  | 'cancelling'
  | 'cancelled'

/** A fork under way. */
export interface OpenFork {
  /** Its first step, which names its timer. */
  readonly step: number
  readonly since: number
  /** When its deadline is, ms since the epoch; absent: it has none. */
  readonly until?: number
  /** By first node, in branch order. */
  readonly branches: { readonly [branch: string]: BranchStatus }
  /** Where branches begin one by one: to which others each has led; under `:fork`, with which the fork began. */
  readonly led?: { readonly [branch: string]: readonly string[] }
  /** What nodes see that read the state as it was at the fork. Absent: none does. */
  readonly seen?: SeenState
  /** Of branches that failed. */
  readonly errors?: { readonly [branch: string]: ErrorRecord }
  /** By list that several branches add to: its length at the first item, then by whom items were added: place of the branch (-1: none of this fork) and how many. */
  readonly added?: { readonly [key: string]: AddedItems }
  /** Only inside a transition: the join has fired and has not been left. */
  readonly fired?: JoinFired
}

/** Keys that branches write, as they were when the fork was taken. */
export interface SeenState {
  /** Who sees them so. */
  readonly nodes: readonly string[]
  readonly values: JsonObject
  /** Keys that were not there. */
  readonly absent: readonly string[]
}

/** Who added items to a list since a fork. */
export interface AddedItems {
  readonly from: number
  readonly runs: readonly (readonly [branch: number, count: number])[]
}

/** Why a join fired, and which items it put in order of branch. */
export interface JoinFired {
  readonly outcome: string
  readonly moved?: { readonly [key: string]: MovedItems }
}

/** Items of a list that were put in another order: the one now at `from + place` was at `from + order[place]`. */
export interface MovedItems {
  readonly from: number
  readonly order: readonly number[]
}
