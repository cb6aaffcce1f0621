import type { ModelUsage } from '@waystone/core'
import { objectOf } from './json-access.ts'

/** Usage as the Responses API words it; null when it does not say. */
export function responsesUsage(value: unknown): ModelUsage | null {
  const usage = objectOf(value)
  const details = objectOf(usage['input_tokens_details'])
  const outputDetails = objectOf(usage['output_tokens_details'])
  return usageOf({
    input: usage['input_tokens'],
    output: usage['output_tokens'],
    cached: details['cached_tokens'],
    reasoning: outputDetails['reasoning_tokens'],
  })
}

/** Usage as chat completions word it; null when they do not say. */
export function chatUsage(value: unknown): ModelUsage | null {
  const usage = objectOf(value)
  const details = objectOf(usage['prompt_tokens_details'])
  const outputDetails = objectOf(usage['completion_tokens_details'])
  return usageOf({
    input: usage['prompt_tokens'],
    output: usage['completion_tokens'],
    cached: details['cached_tokens'],
    reasoning: outputDetails['reasoning_tokens'],
  })
}

/**
 * Usage as a provider counts it; null unless input and output are counts, and not both 0: no call reads and writes nothing, so such
 * figures say that nobody counted. Details that are missing are 0.
 */
export function usageOf(
  given: Readonly<Record<'input' | 'output' | 'cached' | 'reasoning', unknown>>,
): ModelUsage | null {
  const inputTokens = countOf(given.input)
  const outputTokens = countOf(given.output)
  if (inputTokens === null || outputTokens === null || inputTokens + outputTokens === 0) return null
  return {
    inputTokens,
    outputTokens,
    cachedTokens: countOf(given.cached) ?? 0,
    reasoningTokens: countOf(given.reasoning) ?? 0,
  }
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}
