import type { Usage } from '@waystone/core'
import { formatCost, formatCount } from './units.ts'

/** What was used, on one line: `5 model calls · 3,204 tokens · $0.0041`; empty when nothing was. */
export function usageText(usage: Partial<Usage>): string {
  const tokens = (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0)
  const parts = [
    counted(usage.modelCalls, 'model call'),
    counted(usage.toolCalls, 'tool call'),
    counted(tokens, 'token'),
    (usage.costUsd ?? 0) === 0 ? '' : formatCost(usage.costUsd ?? 0),
    (usage.estimatedCalls ?? 0) === 0 ? '' : `${counted(usage.estimatedCalls, 'call')} estimated`,
  ]
  return parts.filter((part) => part !== '').join(' · ')
}

/** Writes a count with its word: `1 step`, `3 steps`; empty for none. */
export function counted(count: number | undefined, word: string): string {
  if (count === undefined || count === 0) return ''
  return `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`
}
