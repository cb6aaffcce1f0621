/**
 * A span of time: milliseconds, or a number with a unit, such as `'500ms'`, `'10s'`, `'30m'`, `'12h'`, `'2d'`.
 *
 * Units: ms, s, m (minutes), h, d (24 hours).
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Longest duration that is accepted: 100 years. */
const longestMs = 100 * 365 * unitMs.d

/**
 * Reads a duration.
 *
 * @param value - anything, typically what an author wrote
 * @returns whole milliseconds, 0 or more; undefined when it is no duration
 */
export function durationMs(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? textMs(value) : value
  if (typeof ms !== 'number' || !Number.isFinite(ms) || ms < 0 || ms > longestMs) return undefined
  return Math.round(ms)
}

function textMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  const unit = match?.[2]
  if (unit === undefined || !(unit in unitMs)) return undefined
  return Number(match?.[1]) * unitMs[unit as keyof typeof unitMs]
}
