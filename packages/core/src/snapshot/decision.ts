import type { Json } from '../base/json.ts'
import type { LimitName } from '../graph/graph.ts'

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
  /** `taken` · `otherwise` (its limit was used up, its other target was taken) · `guard` (false) · `limit` (used up, no other target) · `exhausted` (chosen, but a limit of the workflow stood in the way) · `later` (an earlier one was taken). */
  readonly verdict: 'taken' | 'otherwise' | 'guard' | 'limit' | 'exhausted' | 'later'
  /** Guards in the order they were run. */
  readonly guards?: readonly GuardReading[]
  /** Times taken before this, and how many are allowed. */
  readonly limit?: { readonly used: number; readonly max: number }
}

/** Why a transition went where it went: the answer to "why" as data. */
export interface Decision {
  readonly node: string
  /** From 1. */
  readonly visit: number
  readonly outcome: string
  /** In the order they were tried. */
  readonly candidates: readonly Candidate[]
  /** Transition taken: an edge id, `edge:otherwise`, `limits.exhausted`, `:no-route`, `:guard-error`, or one inside a node (`triage:tools`, `triage:model`, `triage:repair`, `triage:retry`, `triage:fallback`, `triage:item`, `triage:person`). */
  readonly taken: string
  /** Node or target it leads to; null when the run stays inside the node. */
  readonly to: string | null
  /** The workflow limit that was hit, with what was used or reserved, and the bound. */
  readonly limit?: { readonly name: LimitName; readonly used: number; readonly max: number }
}
