import { defineConfig, type Model } from '@waystone/core'
import { offlineModel } from '../../../examples/release-notes/offline-model.ts'
import { journal } from '../shared/journal.ts'

/** The example's own model; every call stands in the journal. */
export const journaledModel: Model = {
  name: offlineModel.name,
  call(request, options) {
    journal(`model ${options.effectId} ${options.attempt}`)
    return offlineModel.call(request, options)
  },
}

export default defineConfig({ offlineModels: { classifier: journaledModel, writer: journaledModel } })
