import type { GuardReading } from './decision.ts'

/** Why a call of an agent was not run. */
export type RefusalRule =
  /** No tool of the agent. */
  | 'unknown'
  /** Do not fit the tool's schema. */
  | 'arguments'
  /** More calls than one turn may have. */
  | 'maxCallsPerTurn'
  /** A rule of the agent for this tool. */
  | 'when'
  | 'after'
  | 'maxCalls'
  /** No handoff of the agent, or none that can be made now. */
  | 'handoff'
  /** What was given with a handoff does not fit its contract. */
  | 'contract'

/** A call that was not run. */
export interface RefusedCall {
  readonly rule: RefusalRule
  /** What the model is told. */
  readonly message: string
}

/** A tool that a model was not offered. */
export interface WithheldTool extends RefusedCall {
  /** For `when` and `handoff`: the guards in the order they were run, with what they read. For people; the model is not told what they read. */
  readonly guards?: readonly GuardReading[]
}
