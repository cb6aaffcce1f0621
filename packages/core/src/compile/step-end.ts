import type { NodeRecord } from '../graph/graph.ts'
import type { Json } from '../base/json.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'

/** How a step ended: an effect's end, or a person's answer. */
export interface StepAnswer extends EffectEnd {
  /** For `edited` of a call that a person was asked about: its arguments as they shall be. */
  readonly arguments?: Json
  /** Why a person answered so; may be empty. */
  readonly reason?: string
  /** Who answered. */
  readonly by?: string
}

/** The end of one attempt, as it reaches the machine. */
export interface StepEnd {
  readonly record: NodeRecord
  readonly stepIndex: number
  readonly step: OpenStep
  readonly end: StepAnswer
  /** Ms since the epoch; undefined under plain `createActor`, where attempts, timers and people do not exist. */
  readonly at: number | undefined
  /** True when it has not ended: the time of its agent's visit is over. */
  readonly isVisitOver: boolean
  /** `runId/stepIndex`, the seed of the backoff's jitter. */
  readonly effectId: string
  /** Of the checkpoint that it makes; undefined as `at`. */
  readonly sequence: number | undefined
  /** Short cuts are not taken. */
  readonly isThorough: boolean
}
