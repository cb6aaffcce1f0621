import type { Command } from '../snapshot/command.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { Patch } from '../snapshot/patch.ts'
import type { RunContext } from '../snapshot/snapshot.ts'

/** Where a transition goes and why. */
export interface Route {
  /** Name of the one transition that is taken; every guard of the machine compares with it. */
  readonly transition: string
  /** The context after the end has been applied, before the target is entered. */
  readonly context: RunContext
  /** Null for a move that only leads to a join, whose own decision follows. */
  readonly decision: Decision | null
  readonly changes?: Changes
}

/** All that a move changes of the snapshot, and all that it asks for, where both are known by what it is. Absent: the snapshots are to be compared. */
export interface Changes {
  readonly patch: Patch
  readonly commands: readonly Command[]
}
