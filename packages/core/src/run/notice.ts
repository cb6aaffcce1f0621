import type { RunId } from '../base/ids.ts'
import type { WaitReason } from '../checkpoint/permit.ts'
import type { Owner } from '../checkpoint/store.ts'
import type { EngineEvent } from '../snapshot/event.ts'

/** Something that a person should know and that is not a fact of a run. */
export type RuntimeNotice =
  /** Taking the run over waits until its owner's lease has run out. `until`: ms since the epoch. */
  | { readonly type: 'lease.awaited'; readonly runId: RunId; readonly owner: Owner; readonly until: number }
  /**
   * An attempt waits in line for something that is limited for all runs (`model:fast`, `tool:search`, `resource:crm`). `ahead`: attempts before it;
   * `until`: when time alone may let it go, ms since the epoch; null: another one must end first. Told once for each resource that it waits for.
   */
  | {
      readonly type: 'permit.awaited'
      readonly runId: RunId
      /** A path in a nested workflow. */
      readonly node: string
      /** The items of maps that it is inside of, or is, outermost first; absent: none. */
      readonly items?: readonly number[]
      /** For what undoes a step: that step; absent: it undoes none. */
      readonly undoes?: number
      readonly step: number
      readonly attempt: number
      readonly resource: string
      readonly reason: WaitReason
      readonly ahead: number
      readonly until: number | null
    }
  /** One model call of a node may cost more than a limit allows at the prices of the start: it is never made, and the run that gets there has hit the limit. `need`, `max`: USD. */
  | {
      readonly type: 'call.never-made'
      readonly runId: RunId
      /** A path in a nested workflow. */
      readonly node: string
      readonly limit: 'costUsd'
      readonly need: number
      readonly max: number
    }
  /** Prompts or model names differ from those the run began with; it goes on with the new ones. */
  | { readonly type: 'behaviour.changed'; readonly runId: RunId; readonly workflow: string }
  /** An event named nothing that is open, or could not be used. */
  | {
      readonly type: 'event.dropped'
      readonly runId: RunId
      readonly eventId: string
      readonly event: EngineEvent['type']
      readonly message: string
    }
  /** A run that could go on is left alone here: the stores of these groups are not bound. Told once for each run. */
  | { readonly type: 'run.parked'; readonly runId: RunId; readonly groups: readonly string[] }
  /** This process stopped driving the run: a commit failed, or another owner has it. */
  | { readonly type: 'run.stopped'; readonly runId: RunId; readonly error: unknown }
