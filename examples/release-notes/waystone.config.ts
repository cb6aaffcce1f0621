import { defineConfig } from '@waystone/core'
import { offlineModel } from './offline-model.ts'

// No `store` here: runs are kept where the command keeps them by default, in `.waystone/runs.db` of the folder one works in.
export default defineConfig({
  offlineModels: { classifier: offlineModel, writer: offlineModel },
  prices: { classifier: { inputUsd: 0, outputUsd: 0 }, writer: { inputUsd: 0, outputUsd: 0 } },
})
