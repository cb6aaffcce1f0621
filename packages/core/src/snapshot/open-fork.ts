import type { ErrorRecord } from '../errors/waystone-error.ts'

/** What has become of a branch: `left` for one that still ran when its join fired. */
export type BranchStatus = 'running' | 'joined' | 'failed' | 'left'

/** A fork under way. */
export interface OpenFork {
  /** Its first step, which names its timer. */
  readonly step: number
  readonly since: number
  /** When its deadline is, ms since the epoch; absent: it has none. */
  readonly until?: number
  /** By first node, in branch order. */
  readonly branches: { readonly [branch: string]: BranchStatus }
  /** Of branches that failed. */
  readonly errors?: { readonly [branch: string]: ErrorRecord }
  /** By list that several branches add to: its length at the first item, then by whom items were added: place of the branch (-1: none of this fork) and how many. */
  readonly added?: { readonly [key: string]: AddedItems }
  /** Only inside a transition: the join has fired and has not been left. */
  readonly fired?: JoinFired
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
