import { check, type BoundAmount, type BoundName, type BoundRow, type Graph, type LimitName } from '@waystone/core'
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

/** Writes a worst case without its word: `58`, or `34 + 24 to undo` where undoing comes on top; no limit stops that. */
export function boundText(name: BoundName, { max, parts }: BoundAmount): string {
  const amount = (one: number | null): string => (one === null ? 'unknown' : bareAmount(name, one))
  return parts === undefined || parts.run === null ? amount(max) : `${amount(parts.run)}${undoText(name, parts)}`
}

/** Writes a workflow's limits on one line, with what undoing may take on top of them; empty when it has none. */
export function limitsText(graph: Graph): string {
  // The record's keys are limit names by its type.
  const limits = Object.entries(graph.limits.bounds) as [LimitName, { readonly max: number }][]
  const worst: { readonly [name in LimitName]?: BoundRow } = limits.length === 0 ? {} : check({ graph }).bounds
  const parts = [
    ...limits.map(([name, { max }]) => `${amountText(name, max)}${undoText(name, worst[name]?.limited.parts)}`),
    ...handoffTexts(graph),
  ]
  return parts.length === 0 ? '' : `at most ${parts.join(' · ')}`
}

function undoText(name: LimitName, parts: BoundAmount['parts']): string {
  if (parts === undefined) return ''
  return ` + ${parts.undo === null ? 'unknown' : bareAmount(name, parts.undo)} to undo`
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
