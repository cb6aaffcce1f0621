import { createVolatileMemory } from '@waystone/core/store'
import { describeMemory } from './memory-conformance.ts'

const noFile = 'it has no file that another instance could open'

describeMemory('volatile memory', {
  create: createVolatileMemory,
  unsupported: [
    { case: 'keeps everything over a restart (S5)', reason: noFile },
    { case: 'stores what was asked for before it was closed', reason: noFile },
    { case: 'lets two instances write at once, and one of them at a revision', reason: noFile },
  ],
})
