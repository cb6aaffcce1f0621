import type { ModelUsage } from '@waystone/core'
import { isObject, objectOf, parseJson } from './json-access.ts'

/**
 * Reads what a body or the data of an event reports as used, in the fields of either API.
 *
 * @returns null when it reports nothing, or is no JSON
 */
export function readUsage(text: string): ModelUsage | null {
  if (!text.includes('"usage"')) return null
  const body = objectOf(parseJson(text))
  const usage = body['usage'] ?? objectOf(body['response'])['usage']
  if (!isObject(usage)) return null
  const input = usage['input_tokens'] ?? usage['prompt_tokens']
  const output = usage['output_tokens'] ?? usage['completion_tokens']
  if (typeof input !== 'number' || typeof output !== 'number') return null
  const inputDetails = objectOf(usage['input_tokens_details'] ?? usage['prompt_tokens_details'])
  const outputDetails = objectOf(usage['output_tokens_details'] ?? usage['completion_tokens_details'])
  return {
    inputTokens: input,
    outputTokens: output,
    cachedTokens: Number(inputDetails['cached_tokens'] ?? 0),
    reasoningTokens: Number(outputDetails['reasoning_tokens'] ?? 0),
  }
}

/** The sum of two amounts. */
export function addUsage(a: ModelUsage, b: ModelUsage): ModelUsage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  }
}

/** Nothing used. */
export const noTokens: ModelUsage = Object.freeze({
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
})
