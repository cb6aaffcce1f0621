import type { Usage } from '@waystone/core'

/** Nothing used. */
export const emptyUsage: Usage = {
  modelCalls: 0,
  toolCalls: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
  costUsd: 0,
  estimatedCalls: 0,
}

/** Adds a part of a usage to another, without a change of either. */
export function addUsageOf(usage: Usage, part: Partial<Usage> | undefined): Usage {
  if (part === undefined) return usage
  const names = Object.keys(emptyUsage) as (keyof Usage)[]
  return Object.fromEntries(names.map((name) => [name, usage[name] + (part[name] ?? 0)])) as unknown as Usage
}
