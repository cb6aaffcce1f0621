/**
 * Why another model may be asked instead.
 *
 * `failure`: no answer came (timeout, outage, rate limit, quota, key, unknown model, nonsense). `refusal`: the model declined.
 * `filtered`: the provider withheld the answer. `cut`: it was cut at the limit of output tokens. `misfit`: it did not fit, and its
 * repairs are used up.
 */
export const fallbackReasons = ['failure', 'refusal', 'filtered', 'cut', 'misfit'] as const
/** See {@link fallbackReasons}. */
export type FallbackReason = (typeof fallbackReasons)[number]

/** Models that stand in when the first one gives no answer. */
export interface FallbackOptions {
  /**
   * Names of models to ask, in order, when the attempts of the one before are used up or its provider will not answer at all.
   * The model that answered is asked for the rest of the visit. Default none.
   */
  readonly fallbacks?: readonly string[]
  /** When to ask them; default `['failure']`. */
  readonly fallbackOn?: readonly FallbackReason[]
}
