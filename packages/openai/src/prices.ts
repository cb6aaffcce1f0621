import type { ModelPrice } from '@waystone/core'

/** The day on which {@link openAiPrices} was last compared with what is published. */
export const openAiPricesDate = '2026-11-21'

/**
 * Prices of OpenAI's text models in the standard service tier, by the name they answer with.
 *
 * Left out: whatever two independent publications of OpenAI's list did not agree on, and promotions that end. Not counted:
 * surcharges for more than 272,000 input tokens, for regional processing, for writing into the prompt cache, and for other service
 * tiers. Look before you rely on them: give the runtime your own figures for what you pay.
 *
 * Units: USD per million tokens.
 * Source: developers.openai.com/api/docs/pricing as republished between 2026-05 and 2026-10; the newest row is of 2026-10-26.
 *
 * @example
 * createRuntime({ models: { fast: openAiModel({ model: 'gpt-6-luna', api: 'responses' }) }, prices: openAiPrices })
 */
export const openAiPrices: Readonly<Record<string, ModelPrice>> = Object.freeze({
  'gpt-5-mini': price(0.25, 0.025, 2),
  'gpt-5-mini-2025-08-07': price(0.25, 0.025, 2),
  'gpt-5.2': price(1.75, 0.175, 14),
  'gpt-5.2-2025-12-11': price(1.75, 0.175, 14),
  'gpt-5.4': price(2.5, 0.25, 15),
  'gpt-5.4-mini': price(0.75, 0.075, 4.5),
  'gpt-5.4-mini-2026-03-17': price(0.75, 0.075, 4.5),
  'gpt-5.4-nano': price(0.2, 0.02, 1.25),
  'gpt-5.4-nano-2026-03-17': price(0.2, 0.02, 1.25),
  'gpt-5.5': price(5, 0.5, 30),
  'gpt-5.5-2026-04-23': price(5, 0.5, 30),
  'gpt-5.6-luna': price(0.2, 0.02, 1.2),
  'gpt-5.6-terra': price(2, 0.2, 12),
  'gpt-6-astra': price(10, 1, 50),
  'gpt-6-luna': price(0.1, 0.01, 0.5),
  'gpt-6-sol': price(2, 0.2, 10),
  'gpt-6.1-sol': price(2, 0.1, 10),
  'gpt-6.1-terra': price(1, 0.05, 5),
})

function price(inputUsd: number, cachedInputUsd: number, outputUsd: number): ModelPrice {
  return Object.freeze({ inputUsd, cachedInputUsd, outputUsd })
}
