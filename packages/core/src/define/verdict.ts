import type { Json, JsonObject } from '../base/json.ts'

/** What a gate decided, or with which word an agent handed over. */
export interface Verdict {
  readonly outcome: string
  /** Why, one entry a reason; heard by nodes that declare it. */
  readonly reasons: readonly Json[]
  /** 0 to 1, when the gate scores. */
  readonly score?: number
  /** Where in the text or value the reasons apply. */
  readonly positions?: readonly Json[]
  /** Of an agent that handed over: the contract it gave with it. `outcome` is the handoff, `reasons` the reason. */
  readonly contract?: JsonObject
}

/** What a gate's `decide` may return beside a plain outcome: {@link Verdict} with everything but the outcome optional. */
export interface VerdictInput<Outcome extends string> {
  readonly outcome: Outcome
  readonly reasons?: readonly Json[]
  readonly score?: number
  readonly positions?: readonly Json[]
}
