import { defineConfig } from '@waystone/core'

// The offline models cost nothing; real ones belong under `models`, with their prices here.
export default defineConfig({
  prices: { desk: { inputUsd: 0, outputUsd: 0 }, notes: { inputUsd: 0, outputUsd: 0 } },
})
