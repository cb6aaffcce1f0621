export { aiSdkModel, type AiSdkCall, type AiSdkLanguageModel, type AiSdkModelOptions } from './ai-sdk-model.ts'
export type { OpenAiModelOptions, OutputMode } from './model-options.ts'
export { openAiModel } from './openai-model.ts'
export { openAiPrices, openAiPricesDate } from './prices.ts'
