/** How much of one thing all runs of all processes over one store may use. Whole numbers from 1; what is left out is not limited. */
export interface ResourceLimit {
  /** Attempts under way at a time. */
  readonly concurrent?: number
  /** Attempts that begin in any second, minute, hour, day. */
  readonly perSecond?: number
  readonly perMinute?: number
  readonly perHour?: number
  readonly perDay?: number
  /** Tokens of model calls, in and out: what is reserved for a call, and once it has ended what it used. */
  readonly tokensPerMinute?: number
  readonly tokensPerDay?: number
}

/** Limits of a model or a tool. An empty one limits nothing by itself and still heeds what the provider says about its limits. */
export interface UseLimit extends ResourceLimit {
  /** Named resources that it draws on, too. Each is listed in `limits.resources`. */
  readonly resources?: readonly string[]
}

/**
 * What all runs of all processes over one store share: a permit is asked for before an attempt begins, and the attempt waits in line until it
 * gets one. What is not listed is not limited and costs nothing.
 */
export interface SharedLimits {
  /** By the name that agents use. */
  readonly models?: { readonly [name: string]: UseLimit }
  /** By the tool's name. */
  readonly tools?: { readonly [name: string]: Omit<UseLimit, 'tokensPerMinute' | 'tokensPerDay'> }
  /** By a name of your own; tools name them in `resources`, models and tools here. */
  readonly resources?: { readonly [name: string]: ResourceLimit }
}
