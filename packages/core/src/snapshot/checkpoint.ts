import type { LimitName } from '../graph/graph.ts'
import type { Command } from './command.ts'
import type { Decision } from './decision.ts'
import type { EngineEvent } from './event.ts'
import type { Patch } from './patch.ts'
import type { RunStatus, StepKind } from './snapshot.ts'
import type { UsageDelta } from './usage.ts'

/** Version of the checkpoint format, written into every checkpoint. */
export const checkpointFormat = 1

/** What ended, when a checkpoint ends a step or an attempt. */
export interface CheckpointStep {
  readonly index: number
  /** A path for a node of a nested workflow: `research/draft`. */
  readonly node: string
  readonly visit: number
  readonly kind: StepKind
  readonly attempt: number
  /** The tool it ran, as a node or for an agent. */
  readonly tool?: string
  /** Its place in the list of its map, from 0. */
  readonly item?: number
  /** Of a compensation: the step that it undoes. */
  readonly undoes?: number
  /** Asked for, began, ended; ms since the epoch. */
  readonly queuedAt: number
  readonly startedAt: number
  readonly endedAt: number
}

/** One stored transition. Immutable; the text it is stored as is the text that is hashed. */
export interface Checkpoint {
  readonly format: typeof checkpointFormat
  readonly runId: string
  /** From 0. */
  readonly sequence: number
  /** The checkpoint before, also across a fork; null for the first of a run that is no fork. */
  readonly parent: { readonly runId: string; readonly sequence: number; readonly hash: string } | null
  readonly graphHash: string
  readonly event: EngineEvent
  /** Null for checkpoints that move nothing (hold, release, a late end). */
  readonly decision: Decision | null
  readonly patch: Patch
  readonly step: CheckpointStep | null
  /** The items of maps inside which it happened, by their places in their lists, outermost first; absent: inside none. */
  readonly items?: readonly number[]
  readonly usage: UsageDelta | null
  /** What is left of each declared bound after this. */
  readonly left: { readonly [name in LimitName]?: number }
  readonly status: RunStatus
  readonly commands: readonly Command[]
  /** Never stored: groups whose private values are left out, because it was read without their own stores. Absent: it is whole. */
  readonly withheld?: readonly string[]
}
