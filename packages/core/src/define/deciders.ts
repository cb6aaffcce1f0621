import type { Duration } from './duration.ts'

/** Who decides a request, where one person of any name is not enough. */
export interface DeciderTerms {
  /**
   * Outcome `approved` needs so many persons; each decision is a checkpoint of its own. One rejection rejects, unless `rejected` says
   * otherwise; a question back is asked at once. There is nothing to edit then, and no answer.
   */
  readonly quorum?: QuorumOptions
  /** By person: who may decide for them. Recorded as such. */
  readonly delegates?: { readonly [person: string]: readonly string[] }
  /** Whom it is for when nobody has decided for so long since it was asked; times must grow. */
  readonly escalate?: EscalationOptions | readonly EscalationOptions[]
}

/** How many persons must approve. */
export interface QuorumOptions {
  /** 2 or more. */
  readonly need: number
  /** Who may decide; default anybody. */
  readonly of?: readonly string[]
  /** `one` rejection decides, or rejections do once `need` can no longer be reached, for which `of` must be given. Default `one`. */
  readonly rejected?: 'one' | 'unreachable'
}

/** Another role a request is for after a while. */
export interface EscalationOptions {
  /** Since it was asked. */
  readonly after: Duration
  readonly role: string
}
