import type { JsonObject } from '../base/json.ts'
import type { Duration } from './duration.ts'

/**
 * How a person is asked before a call of a tool runs inside an agent.
 *
 * Calls that nobody is asked about run meanwhile; the model is told what became of each.
 */
export interface CallApproval<Input> {
  /**
   * Whether this call is asked about; default: every one. A text is a yes and tells the person why. Must be pure and answer at
   * once: one that throws, or gives anything else, asks.
   *
   * @param input - parsed by the tool's schema
   */
  readonly when?: (input: Input) => boolean | string
  /** Who may decide, for people and for interfaces that know roles. */
  readonly role?: string
  /** Why it is asked, for the person. */
  readonly reason?: string
  /** Time until the model is told that nobody approved; default never. */
  readonly expiresIn?: Duration
  /** The person may change the arguments: outcome `edited`. Default true. */
  readonly canEdit?: boolean
  /** The person may ask the model back: outcome `asked`. Default true. */
  readonly canAskBack?: boolean
}

/** What a person may answer before a call of an agent's tool runs. */
export interface CallDecision {
  readonly outcome: 'approved' | 'edited' | 'rejected' | 'asked'
  /** For `edited`. */
  readonly edits: JsonObject
  readonly '~call': true
}
