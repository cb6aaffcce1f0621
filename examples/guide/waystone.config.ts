// #region config
import { defineConfig } from '@waystone/core'
import { offlineModels } from './support.ts'

export default defineConfig({
  offlineModels,
  prices: { writer: { inputUsd: 2, outputUsd: 8, cachedInputUsd: 0.5 } },
  secrets: (name) => process.env[name],
})
// #endregion config
