import type { ModelPrice } from '../define/model.ts'
import type { ModelUse } from './model-use.ts'

/** USD in whole billionths, so that sums are exact. */
export const nanoUsd = 1e9

/** An amount of work in whole units, or why it is not known. */
export type Work = number | { readonly unknown: string }

/** Tokens of one call, input and output. */
export function tokensPerCall({ node, maxInputTokens, maxOutputTokens }: ModelUse): Work {
  if (maxInputTokens === null) return { unknown: `"${node.id}" has no maxInputTokens` }
  if (maxOutputTokens === null) return { unknown: `"${node.id}" has no maxOutputTokens` }
  return maxInputTokens + maxOutputTokens
}

/** Cost of one call in {@link nanoUsd}, rounded up: of the dearest model that the node may ask. */
export function callCost(use: ModelUse, priceOf: (model: string) => ModelPrice | null | undefined): Work {
  let dearest = 0
  for (const model of use.models) {
    const price = priceOf(model) ?? null
    if (price === null) return { unknown: `no price for model "${model}"` }
    const input = Math.max(price.inputUsd, price.cachedInputUsd ?? 0) * (use.maxInputTokens ?? 0)
    const output = price.outputUsd * (use.maxOutputTokens ?? 0)
    dearest = Math.max(dearest, Math.ceil(((input + output) / 1e6) * nanoUsd))
  }
  const tokens = tokensPerCall(use)
  return typeof tokens === 'number' ? dearest : tokens
}
