import type { Decision } from '../snapshot/decision.ts'
import type { RunContext } from '../snapshot/snapshot.ts'

/** Where a transition goes and why. */
export interface Route {
  /** Name of the one transition that is taken; every guard of the machine compares with it. */
  readonly transition: string
  /** The context after the end has been applied, before the target is entered. */
  readonly context: RunContext
  /** Null for a move that only leads to a join, whose own decision follows. */
  readonly decision: Decision | null
}
