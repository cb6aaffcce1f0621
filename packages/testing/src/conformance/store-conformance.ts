import { commitCases } from './commit-cases.ts'
import { creationCases } from './creation-cases.ts'
import { deletionCases } from './deletion-cases.ts'
import { describeSuite, lackingPart } from './harness.ts'
import { inboxCases } from './inbox-cases.ts'
import { ownershipCases } from './ownership-cases.ts'
import { permitCases } from './permit-cases.ts'
import { readingCases } from './reading-cases.ts'
import { ruleCases } from './rule-cases.ts'
import { sharingCases } from './sharing-cases.ts'
import type { ConformanceCase, StoreHarness } from './store-harness.ts'

const groups: { readonly [name: string]: readonly ConformanceCase[] } = {
  'creating runs': creationCases,
  'storing checkpoints': commitCases,
  'owning runs': ownershipCases,
  'the inbox': inboxCases,
  'permits of shared limits': permitCases,
  'deleting runs': deletionCases,
  'remembered decisions': ruleCases,
  reading: readingCases,
  'sharing a store': sharingCases,
}

/**
 * Registers vitest tests that hold a store to the whole contract of the port `Store`.
 *
 * @param name - of the store, for titles
 * @example
 * describeStore('my store', { create: () => createMyStore(), unsupported: [] })
 */
export function describeStore(name: string, harness: StoreHarness): void {
  const title = `${name} keeps the contract of Store`
  describeSuite({
    title,
    groups,
    harness,
    tools: (instances) => ({
      store: () => instances.create(),
      reopen: (store) => instances.reopen(store),
      async corrupt(store, runId, sequence) {
        if (harness.corrupt === undefined) throw lackingPart('corrupt')
        await harness.corrupt(store, runId, sequence)
      },
    }),
  })
}
