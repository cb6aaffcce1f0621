import type { CachedCall, GuardReading } from '../snapshot/decision.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import type { GivenHandoff } from '../snapshot/handoff.ts'
import type { HandoffWay } from './handoff-way.ts'
import type { Need } from './limits.ts'
import type { Changes } from './routed.ts'

/** The node goes on inside. `before`: the context without that move, for when a limit of the workflow stands in its way. */
export interface InsideEnd {
  readonly type: 'inside'
  readonly transition: string
  readonly context: RunContext
  readonly before: RunContext
  readonly need: Need | null
  readonly changes?: Changes
  /** Guards that were run to tell which calls a person is asked about. */
  readonly readings?: readonly GuardReading[]
  /** Calls that were answered from the run's cache. */
  readonly cached?: readonly CachedCall[]
}

/** What the end of an attempt means for its node. */
export type Ended =
  | InsideEnd
  /** The node has ended with `end.outcome`. */
  | { readonly type: 'outcome'; readonly end: EffectEnd; readonly context: RunContext }
  /** An agent hands over: it has ended with that handoff as its outcome, and where it leads is known. */
  | {
      readonly type: 'handoff'
      readonly end: EffectEnd
      readonly context: RunContext
      readonly given: GivenHandoff
      /** Of its contract. */
      readonly digest: string
      readonly way: Exclude<HandoffWay, { readonly type: 'closed' }>
    }
