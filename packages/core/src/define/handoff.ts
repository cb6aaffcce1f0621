import type { z } from 'zod'
import type { Duration } from './duration.ts'
import type { EndingTarget } from './edge.ts'
import type { WorkingNode } from './join.ts'
import type { AnyNode } from './node.ts'

/**
 * Which of the sender's messages go along with a handoff.
 *
 * `all`: its whole conversation, with what others handed to it · `{ last: n }`: its newest n answers, each with the calls it asked for and
 * their results · `summary`: what its model writes for the receiver in the call that hands over · `contract` (default): none, only contract
 * and reason · `none`: not even these.
 */
export type HandoffSlice = 'all' | { readonly last: number } | 'summary' | 'contract' | 'none'

/** One way in which an agent may hand over. */
export interface HandoffOptions {
  /** When to hand over, for the model. */
  readonly description: string
  /** What its model must give with it beside a reason; default nothing. Its keys may not be `reason` or `summary`. */
  readonly contract?: z.core.$ZodObject
  /** What goes along; default `contract`. */
  readonly slice?: HandoffSlice
  /** When the receiver's work is done: told to the receiver, in the author's words. */
  readonly doneWhen?: string
}

/** The handoffs of an agent by name; each is an outcome of its own. */
export type Handoffs<Name extends string> = { readonly [Key in Name]: HandoffOptions }

/** Upper bounds of handing over in a run; each is a whole number, 0 or more. */
export interface HandoffLimits<Values> {
  /** In all. */
  readonly max?: number
  /** From one node to another. */
  readonly perPair?: number
  /** From one node to another with the same contract. */
  readonly identical?: number
  /** Time from the first handoff in which others may follow. */
  readonly within?: Duration
  /** Node whose entry begins a new chain: everything is counted from there. Default: once per run. */
  readonly per?: AnyNode<Values>
  /**
   * Where the one too many leads instead, once per chain. After it, and without it at all, a handoff that is one too many is no longer
   * offered and refused when it is tried.
   */
  readonly escalateTo?: HandoffEscalation<Values>
}

/** A target, or a target outside of the fork that a handing agent is in. */
export type HandoffEscalation<Values> =
  | WorkingNode<Values>
  | EndingTarget
  | {
      readonly to: WorkingNode<Values> | EndingTarget
      /** It may lead out of the fork, and then cancels the branches beside it. */
      readonly cancelsFork?: boolean
    }
