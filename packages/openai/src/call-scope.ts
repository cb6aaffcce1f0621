import type { ModelCallOptions } from '@waystone/core'

/** How long one call may go on: until it is told to stop, or its time is over. */
export interface CallScope {
  /** Fires on either. */
  readonly signal: AbortSignal
  /** True once the time of the call is over. */
  readonly isLate: () => boolean
  /** Ends the timer. */
  readonly end: () => void
}

/** The longest time that a timer can be set to; above it fires at once. */
export const longestTimerMs = 2 ** 31 - 1

/** Starts the time of a call. @param timeoutMs - null: no limit of the adapter's own */
export function startScope({ signal }: Pick<ModelCallOptions, 'signal'>, timeoutMs: number | null): CallScope {
  const late = new AbortController()
  const timer = timeoutMs === null ? undefined : setTimeout(() => late.abort(), Math.min(timeoutMs, longestTimerMs))
  timer?.unref()
  return {
    signal: AbortSignal.any([signal, late.signal]),
    isLate: () => late.signal.aborted,
    end: () => clearTimeout(timer),
  }
}
