import { createMemoryStore } from '@waystone/core/store'
import { describeStore } from './store-conformance.ts'

const noFile = 'it has no file that another instance could open'

describeStore('memory', {
  create: createMemoryStore,
  unsupported: [
    { case: 'notices a stored checkpoint that was changed (O3)', reason: 'nothing can be changed behind its back' },
    { case: 'stores what was asked for before it was closed', reason: noFile },
    { case: 'keeps everything over a restart', reason: noFile },
    { case: 'shows one instance what another has stored, and tells its watchers', reason: noFile },
    { case: 'fences one instance out when another has taken the run', reason: noFile },
    { case: 'takes commits of two instances at once', reason: noFile },
    { case: 'tells another holder of the same data of a deletion', reason: noFile },
  ],
})
