import { createMemoryGroupStore } from '@waystone/core/store'
import { describeGroupStore } from './group-store-conformance.ts'

const noFile = 'it has no file that another instance could open'

describeGroupStore('memory', {
  create: createMemoryGroupStore,
  unsupported: [
    { case: 'keeps its key and its values over a restart', reason: noFile },
    { case: 'lets two instances make the key and write at once', reason: noFile },
  ],
})
