/** What was used up. Units: counts, tokens, USD. `tokens` in limits is input plus output. */
export interface Usage {
  readonly modelCalls: number
  readonly toolCalls: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens: number
  readonly reasoningTokens: number
  readonly costUsd: number
  /** How many of the calls were charged at their reservation because the provider or a crash left no figures. */
  readonly estimatedCalls: number
}

/** Nothing used. */
export const noUsage: Usage = Object.freeze({
  modelCalls: 0,
  toolCalls: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
  costUsd: 0,
  estimatedCalls: 0,
})

/** A part of {@link Usage}; absent counts are zero. */
export type UsageDelta = { readonly [name in keyof Usage]?: number }

/** Adds a delta; returns the same object when the delta is empty. Cost is kept to 1e-9 USD so that sums do not drift. */
export function addUsage(usage: Usage, delta: UsageDelta | undefined): Usage {
  if (delta === undefined) return usage
  const sum: { -readonly [name in keyof Usage]: number } = { ...usage }
  let hasChanged = false
  for (const name of Object.keys(delta) as (keyof Usage)[]) {
    const part = delta[name] ?? 0
    if (part === 0 || !Object.hasOwn(noUsage, name)) continue
    hasChanged = true
    sum[name] = name === 'costUsd' ? Math.round((sum.costUsd + part) * 1e9) / 1e9 : sum[name] + part
  }
  return hasChanged ? Object.freeze(sum) : usage
}

/** What a usage is more than an earlier one. */
export function usageSince(before: Usage, after: Usage): UsageDelta {
  const delta: { -readonly [name in keyof Usage]?: number } = {}
  if (before === after) return delta
  for (const name of Object.keys(noUsage) as (keyof Usage)[]) {
    const more = after[name] - before[name]
    if (more !== 0) delta[name] = more
  }
  return delta
}
