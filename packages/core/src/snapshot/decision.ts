import type { Json } from '../base/json.ts'
import type { FailureName } from '../errors/failure-names.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'
import type { LimitName } from '../graph/graph.ts'
import type { HandoffLimitHit } from './handoff.ts'
import type { MovedItems } from './open-fork.ts'

/** One guard that was run: its result and what it read. */
export interface GuardReading {
  readonly guard: string
  readonly result: boolean
  /** Small values in full; larger ones as `{ "$state": key }`, to be read from the state after this checkpoint. Absent keys are left out. */
  readonly read: { readonly [key: string]: Json }
}

/** One edge that was a candidate. */
export interface Candidate {
  readonly edge: string
  /** `taken` · `otherwise` (its limit was used up, its other target was taken) · `guard` (false) · `limit` (used up, no other target) · `exhausted` (chosen, but a limit of the workflow stood in the way) · `escalated` (chosen, but it would have been one handoff too many) · `later` (an earlier one was taken). */
  readonly verdict: 'taken' | 'otherwise' | 'guard' | 'limit' | 'exhausted' | 'escalated' | 'later'
  /** Guards in the order they were run. */
  readonly guards?: readonly GuardReading[]
  /** Times taken before this, and how many are allowed. */
  readonly limit?: { readonly used: number; readonly max: number }
}

/** A call of a model's answer that was not run: an identical one of the run had been. */
export interface CachedCall {
  readonly callId: string
  readonly tool: string
  /** The step that ran the identical call, whose result was given. */
  readonly step: number
}

/** Why a transition went where it went: the answer to "why" as data. */
export interface Decision {
  readonly node: string
  /** From 1. */
  readonly visit: number
  readonly outcome: string
  /** What went wrong, by its name; absent: nothing that has one. */
  readonly failure?: FailureName
  /** In the order they were tried. */
  readonly candidates: readonly Candidate[]
  /** Transition taken: an edge id, `edge:otherwise`, `limits.exhausted`, `limits.stall`, `limits.stall:otherwise`, `limits.stall:fail`, `:no-route`, `:guard-error`, or one inside a node (`triage:tools`, `triage:model`, `triage:repair`, `triage:retry`, `triage:fallback`, `triage:item`, `triage:person`), or none of the machine's: `boss:vote`, `boss:escalate`. */
  readonly taken: string
  /** Node or target it leads to; null when the run stays inside the node. */
  readonly to: string | null
  /** The limit that was hit, with what was used or reserved, and the bound; `node`: the agent whose own limit it is, absent: the workflow's. */
  readonly limit?: {
    readonly name: LimitName
    readonly used: number
    readonly max: number
    readonly node?: string
    /** Inside a nested workflow: how many levels up the workflow is whose limit it is, and which ends what it holds. Absent: its own. */
    readonly up?: number
  }
  /** The run had stalled: edges taken in a row without progress, this one included, and the times it has stalled so far. */
  readonly stall?: { readonly transitions: number; readonly times: number }
  /** Calls of the answer that the run's cache answered, in the order the model asked; absent: none. */
  readonly cached?: readonly CachedCall[]
  /** The agent hands over: why, and the limit by which it was one too many. `outcome` is the handoff. */
  readonly handoff?: { readonly reason: string; readonly tooMany?: HandoffLimitHit }
  /** Where branches of a fork begin one by one: those that begin with this transition; empty: what it leads to waits for others. Absent elsewhere. */
  readonly starts?: readonly string[]
  /** The transition ends a branch of a fork. */
  readonly arrival?: Arrival
  /** For the decision of a join: what became of its branches. */
  readonly branches?: JoinedBranches
  /** What the same transition did next: the decision of the join that it fired. */
  readonly next?: Decision
}

/** The end of a branch. */
export interface Arrival {
  readonly join: string
  readonly branch: string
  readonly isFailure: boolean
  /** Branches that count as joined, this one included, and how many are needed. */
  readonly joined: number
  readonly needed: number
  /** The join's outcome; null: it waits. */
  readonly fires: string | null
}

/** What became of the branches of a fork. Order: of the fork. */
export interface JoinedBranches {
  readonly joined: readonly string[]
  /** Failed: counted under `keep`, not under `drop`. */
  readonly failed: readonly { readonly branch: string; readonly error?: ErrorRecord }[]
  /** Still running when the join fired. */
  readonly left: readonly string[]
  /** No branch led to them, or not any more. Absent: none. */
  readonly skipped?: readonly string[]
  /** Ended by an edge that cancels them. Absent: none. */
  readonly cancelled?: readonly string[]
  /** Lists whose items were put in order of branch. */
  readonly moved?: { readonly [key: string]: MovedItems }
}
