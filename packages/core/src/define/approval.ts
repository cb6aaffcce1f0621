import type { z } from 'zod'
import type { DeciderTerms } from './deciders.ts'
import type { Duration } from './duration.ts'
import type { NodeOptions } from './node-options.ts'

/** What a person is shown and may answer. */
export interface ApprovalConfig<Show extends string, Edits extends string, Heard extends string>
  extends Omit<NodeOptions<Show, Heard>, 'reads'>, DeciderTerms {
  /** State keys shown; a decision is bound to what they held. */
  readonly show: readonly Show[]
  /** Who may decide, for people and for interfaces that know roles. */
  readonly role?: string
  /** Why it is asked, for the person. */
  readonly reason?: string
  /** Shown keys that the person may edit; with any there is outcome `edited`. */
  readonly edits?: readonly Edits[]
}

/** An approval that is one turn of a talk: the person is told a text and answers with one. */
export interface TalkOptions<Show extends string, Answer extends string> {
  /** Shown key whose text the person is told; nothing is said while it is absent. */
  readonly says: Show
  /** Key of the response that takes what the person says. It goes with the first of the outcomes. */
  readonly answer: Answer
}

/** The parts of an approval that decide about its outcomes. */
export interface ApprovalOutcomes<Own extends string, Expires extends Duration, Asks extends boolean> {
  /** Instead of `approved` and `rejected`. */
  readonly outcomes?: readonly Own[]
  /** Time until outcome `expired`; default never. */
  readonly expiresIn?: Expires
  /** The person may ask back: outcome `asked`. Default false. */
  readonly canAskBack?: Asks
}

/** What a person may answer. */
export interface DecisionOf<Outcome extends string, Edits, Response> {
  readonly outcome: Outcome
  /** For `edited`. */
  readonly edits: Edits
  readonly response: Response
}

/** Outcomes of an approval that a person chooses. */
export type ChosenOutcome<Own extends string, Edits extends string, Asks extends boolean> =
  | Own
  | ([Edits] extends [never] ? never : 'edited')
  | (Asks extends true ? 'asked' : never)

/** What a decision may carry as its answer; nothing without a response schema. */
export type ResponseOf<Response extends z.core.$ZodObject> = [Response] extends [never] ? undefined : z.input<Response>
