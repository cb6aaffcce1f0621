import type { NodeRecord } from '../graph/graph.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'

/** The end of one attempt, as it reaches the machine. */
export interface StepEnd {
  readonly record: NodeRecord
  readonly stepIndex: number
  readonly step: OpenStep
  readonly end: EffectEnd
  /** Ms since the epoch; undefined under plain `createActor`, where attempts, timers and people do not exist. */
  readonly at: number | undefined
  /** `runId/stepIndex`, the seed of the backoff's jitter. */
  readonly effectId: string
}
