import type { JsonObject } from '../base/json.ts'

/** A limit of handing over. */
export type HandoffLimitName = 'max' | 'perPair' | 'identical' | 'within'

/** A limit of handing over that stands in the way. Units: times; ms for `within`. */
export interface HandoffLimitHit {
  readonly name: HandoffLimitName
  readonly used: number
  readonly max: number
}

/** What a model gave to hand over, parsed. */
export interface GivenHandoff {
  readonly callId: string
  /** Its name, an outcome of the agent. */
  readonly handoff: string
  /** Fits the contract. */
  readonly contract: JsonObject
  readonly reason: string
  /** For slice `summary`: what its model wrote for the receiver. */
  readonly summary?: string
}

/** One handoff of a chain. */
export interface HandoffMade {
  readonly from: string
  /** Visit of the node it was made in, from 1. */
  readonly visit: number
  readonly handoff: string
  /** Node or target it went to. */
  readonly to: string
  readonly reason: string
  /** Of its contract: two of one pair with the same are identical. */
  readonly digest: string
  /** The step after which it was made. */
  readonly step: number
  /** Ms since the epoch. */
  readonly at: number
  /** It was one too many: the limit, and the node or target it was meant for. Absent: it was not. */
  readonly tooMany?: HandoffLimitHit & { readonly meantFor: string }
}
