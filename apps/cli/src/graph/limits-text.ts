import type { Graph, LimitName } from '@waystone/core'
import { formatCost, formatCount, formatDuration } from '../output/units.ts'

const words: { readonly [name in LimitName]: readonly [one: string, many: string] } = {
  steps: ['step', 'steps'],
  modelCalls: ['model call', 'model calls'],
  toolCalls: ['tool call', 'tool calls'],
  tokens: ['token', 'tokens'],
  inputTokens: ['input token', 'input tokens'],
  outputTokens: ['output token', 'output tokens'],
  cachedTokens: ['cached token', 'cached tokens'],
  reasoningTokens: ['reasoning token', 'reasoning tokens'],
  costUsd: ['', ''],
  durationMs: ['', ''],
}

/** Writes an amount of what is limited: `12 model calls`, `$0.50`, `30 min`. */
export function amountText(name: LimitName, amount: number): string {
  if (name === 'costUsd') return formatCost(amount)
  if (name === 'durationMs') return formatDuration(amount)
  return `${formatCount(amount)} ${words[name][amount === 1 ? 0 : 1]}`
}

/** Like {@link amountText} without the word, for where the word stands beside it. */
export function bareAmount(name: LimitName, amount: number): string {
  return name === 'costUsd' || name === 'durationMs' ? amountText(name, amount) : formatCount(amount)
}

/** Writes a workflow's limits on one line; empty when it has none. */
export function limitsText(graph: Graph): string {
  // The record's keys are limit names by its type.
  const bounds = Object.entries(graph.limits.bounds) as [LimitName, { readonly max: number }][]
  const parts = [...bounds.map(([name, { max }]) => amountText(name, max)), ...handoffTexts(graph)]
  return parts.length === 0 ? '' : `at most ${parts.join(' · ')}`
}

function handoffTexts({ limits: { handoffs } }: Graph): readonly string[] {
  if (handoffs === undefined) return []
  const { max, perPair, identical, withinMs } = handoffs
  const times = (count: number | undefined, what: string): readonly string[] =>
    count === undefined ? [] : [`${formatCount(count)} ${count === 1 ? 'handoff' : 'handoffs'}${what}`]
  return [
    ...times(max, ''),
    ...times(perPair, ' per pair'),
    ...times(identical, ' of the same contract'),
    ...(withinMs === undefined ? [] : [`handoffs for ${formatDuration(withinMs)}`]),
  ]
}
