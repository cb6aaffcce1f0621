import { defineConfig } from '@waystone/core'
import { openAiModel, openAiPrices } from '@waystone/openai'
import { offlineModel } from './offline-model.ts'

const { OPENAI_BASE_URL: baseUrl, WAYSTONE_LIVE_MODEL: model = 'gpt-6-luna', WAYSTONE_LIVE_API: api } = process.env

// Used with --live only. The key is the secret OPENAI_API_KEY, looked up in the environment at each call.
const live = openAiModel({
  model,
  api: api === 'chat' ? 'chat' : 'responses',
  ...(baseUrl === undefined ? {} : { baseUrl }),
})

// No `store` here: runs are kept where the command keeps them by default, in `.waystone/runs.db` of the folder one works in.
export default defineConfig({
  models: { classifier: live, writer: live },
  offlineModels: { classifier: offlineModel, writer: offlineModel },
  prices: { ...openAiPrices, [offlineModel.name]: { inputUsd: 0, outputUsd: 0 } },
})
