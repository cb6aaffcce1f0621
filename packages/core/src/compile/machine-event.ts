import type { JsonObject } from '../base/json.ts'
import type { LimitName } from '../graph/graph.ts'
import type { StepAnswer } from './step-end.ts'

/** What a machine is started with. */
export interface MachineInput {
  /** The run's input: the first values of the state. */
  readonly state: JsonObject
  /** Ms since the epoch; left out under plain `createActor`. */
  readonly at?: number
  /** What one model call of a node costs at most, USD, by node. */
  readonly callCosts?: { readonly [node: string]: number }
  /** For a nested workflow: steps that the run has begun before. */
  readonly steps?: number
}

/** What an actor provided for a node gets as input under plain `createActor`. */
export interface ActorInput {
  readonly node: string
  readonly stepIndex: number
  readonly state: JsonObject
}

/** An event of the machine. `at`, `effectId` and `sequence` are left out under plain `createActor`. */
export interface MachineEvent {
  readonly type: string
  /** How the effect ended; under plain `createActor` at least `{ outcome, patch }`. */
  readonly output?: Partial<StepAnswer>
  readonly error?: unknown
  readonly at?: number
  readonly effectId?: string
  /** Of the checkpoint that it makes. */
  readonly sequence?: number
  /** For `waystone.cancel`. */
  readonly by?: string
  readonly reason?: string
  /** For `waystone.duration`, default `durationMs`; and for the end of an agent's time. */
  readonly limit?: LimitName
  /** Decided the long way (`CompiledWorkflow.isThorough`); absent: short cuts are taken. */
  readonly isThorough?: true
}
