import { defineConfig } from '@waystone/core'
import { openAiModel } from '@waystone/openai'

/** Variable with the URL of the model lab. */
export const labVariable = 'WAYSTONE_SCENARIO_LAB'

/** A model at the lab, which costs nothing. */
export const reader = openAiModel({
  model: 'small',
  api: 'responses',
  baseUrl: process.env[labVariable] ?? 'http://127.0.0.1:1/v1',
  apiKey: null,
})

export default defineConfig({ offlineModels: { reader } })
