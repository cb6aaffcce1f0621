import type { Duration } from './duration.ts'

/**
 * How often work is tried again after a failure that may pass (a retryable {@link NodeError}, a thrown error, a timeout).
 *
 * Defaults: 3 attempts for model calls and for tools and tasks that are `pure`, `idempotent` or `keyed`; 1 for `unsafe` ones and for
 * gates decided by code. An unsafe effect is only tried again after a failure that is certain, never after an unknown outcome.
 */
export interface RetryOptions {
  /** Attempts in all, 1 to 100. */
  readonly attempts?: number
  /** Wait before the second attempt; default 500 ms. */
  readonly backoff?: Duration
  /** From one wait to the next, 1 or more; default 2. */
  readonly factor?: number
  /** Longest wait; default 30 s. */
  readonly maxBackoff?: Duration
  /** Part of the wait that is drawn (seeded by effect id and attempt), 0 to 1; default 0.2. */
  readonly jitter?: number
}
