// #region config
import { defineConfig } from '@waystone/core'
import { scriptedModel } from '@waystone/testing'

export default defineConfig({
  offlineModels: { good: scriptedModel({}), fast: scriptedModel({}) },
  prices: { good: { inputUsd: 2, outputUsd: 8, cachedInputUsd: 0.5 }, fast: { inputUsd: 0.2, outputUsd: 0.8 } },
  secrets: (name) => process.env[name],
})
// #endregion config
