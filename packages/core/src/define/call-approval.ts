import type { JsonObject } from '../base/json.ts'
import type { DeciderTerms } from './deciders.ts'
import type { Duration } from './duration.ts'
import type { Guard } from './guard.ts'

/**
 * How a person is asked before a call of a tool runs inside an agent.
 *
 * Calls that nobody is asked about run meanwhile; the model is told what became of each.
 */
export interface CallApprovalTerms extends DeciderTerms {
  /** Who may decide, for people and for interfaces that know roles. */
  readonly role?: string
  /** Why it is asked, for the person. */
  readonly reason?: string
  /** Time until the model is told that nobody approved; default never. */
  readonly expiresIn?: Duration
  /** The person may change the arguments: outcome `edited`. Default true; with a quorum nobody may. */
  readonly canEdit?: boolean
  /** The person may ask the model back: outcome `asked`. Default true. */
  readonly canAskBack?: boolean
  /**
   * How far a person may have an approval or a rejection remembered for calls to come: not at all, in their run, or in all runs of the workflow.
   * Default `run`; with a quorum nothing is. A yes is not remembered where a policy is about the tool, unless the policy says `remembered`.
   */
  readonly remember?: 'never' | 'run' | 'workflow'
}

/** What a tool says of its calls by agents. */
export interface CallApproval<Input> extends CallApprovalTerms {
  /**
   * Whether this call is asked about; default: every one. A text is a yes and tells the person why. Must be pure and answer at
   * once: one that throws, or gives anything else, asks.
   *
   * @param input - parsed by the tool's schema
   */
  readonly when?: (input: Input) => boolean | string
}

/** What an agent in a workflow says of its calls of a tool, instead of the tool. */
export interface NodeCallApproval<Values> extends CallApprovalTerms {
  /** Calls are asked about while this holds; default: every one. Decided on the state when the model asks for the call. */
  readonly when?: Guard<Values>
}

/** What a person may answer before a call of an agent's tool runs. */
export interface CallDecision {
  readonly outcome: 'approved' | 'edited' | 'rejected' | 'asked'
  /** For `edited`. */
  readonly edits: JsonObject
  readonly '~call': true
}
