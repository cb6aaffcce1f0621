import type { EffectClass, RetryRecord } from './graph.ts'
import { checkKeys, readCount, readDuration, readObject, refuseValue, within, type Written } from './read-config.ts'

/** One attempt: for people, and for gates decided by code. */
export const noRetry: RetryRecord = Object.freeze({
  attempts: 1,
  backoffMs: 500,
  factor: 2,
  maxBackoffMs: 30_000,
  jitter: 0.2,
})

/** The defaults of an effect: 3 attempts unless it is unsafe. */
export function defaultRetry(effect: EffectClass): RetryRecord {
  return effect === 'unsafe' ? noRetry : { ...noRetry, attempts: 3 }
}

/** Reads `retry`. @param fallback - for what is not given */
export function readRetry(written: Written, fallback: RetryRecord): RetryRecord {
  const config = readObject(written, 'retry')
  if (config === undefined) return fallback
  const retry: Written = {
    ...written,
    config,
    place: within(written.place, 'retry'),
    subject: `${written.subject}, retry`,
  }
  checkKeys(retry, ['attempts', 'backoff', 'factor', 'maxBackoff', 'jitter'])
  const attempts = readCount(retry, 'attempts', { least: 1, fallback: fallback.attempts })
  if (attempts > 100) refuseValue(retry, 'attempts', 'a whole number, 1 to 100')
  return {
    attempts,
    backoffMs: readDuration(retry, 'backoff') ?? fallback.backoffMs,
    factor: readNumber(retry, 'factor', { least: 1, most: 1_000, fallback: fallback.factor }),
    maxBackoffMs: readDuration(retry, 'maxBackoff') ?? fallback.maxBackoffMs,
    jitter: readNumber(retry, 'jitter', { least: 0, most: 1, fallback: fallback.jitter }),
  }
}

function readNumber(
  written: Written,
  key: string,
  range: { readonly least: number; readonly most: number; readonly fallback: number },
): number {
  const value = written.config[key]
  if (value === undefined) return range.fallback
  if (typeof value === 'number' && value >= range.least && value <= range.most) return value
  refuseValue(written, key, `a number from ${range.least} to ${range.most}`)
  return range.fallback
}
