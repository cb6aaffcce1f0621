export type { OpenAiModelOptions, OutputMode } from './model-options.ts'
export { openAiModel } from './openai-model.ts'
export { openAiPrices, openAiPricesDate } from './prices.ts'
