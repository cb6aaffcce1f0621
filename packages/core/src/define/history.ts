/**
 * How much of an agent's conversation: answers of the model (each with the calls it asked for, their results, and what it was told
 * to mend), or tokens.
 *
 * Tokens are those that the model reported for the last call, its answer included, so the instructions and the tools count too; what
 * came after that call, or was never reported, is estimated at 4 bytes a token.
 */
export type Extent = { readonly answers: number } | { readonly tokens: number }

/** What becomes of an agent's conversation when it grows. */
export interface HistoryOptions {
  /** Once the conversation is larger, it is cut before the model is asked again. */
  readonly over: Extent
  /**
   * What is left then: the newest answers, at least one, each with what belongs to it and with what its visit began with. Default: half
   * of `over`, so that the beginning of the requests stays the same for many calls and the provider's prompt cache goes on working.
   */
  readonly keep?: Extent
  /** What is cut is told in a summary, which a model writes in a step of its own; default: it is forgotten. */
  readonly summary?: true | SummaryOptions
}

/** Who writes a summary and what happens when it fails. */
export interface SummaryOptions {
  /** Name of a model that the runtime binds; default: the agent's. */
  readonly model?: string
  /** What to keep in mind and how, for the model that writes it. */
  readonly instructions?: string
  /** Reserved for it; default: the agent's. */
  readonly maxInputTokens?: number
  /** Asked of the model and reserved for it; default: the agent's. */
  readonly maxOutputTokens?: number
  /**
   * When it fails after its attempts: the agent goes on with the whole conversation and tries again at its next visit (`keep`,
   * default), goes on without what was to be told (`forget`), or ends as the summary did (`fail`).
   */
  readonly otherwise?: 'keep' | 'forget' | 'fail'
}
