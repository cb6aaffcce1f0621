import { storeError, type Store } from '@waystone/core/store'
import { describe, expect, it } from 'vitest'
import { commitCases } from './commit-cases.ts'
import { creationCases } from './creation-cases.ts'
import { deletionCases } from './deletion-cases.ts'
import type { CaseTools, ConformanceCase, StoreHarness } from './harness.ts'
import { inboxCases } from './inbox-cases.ts'
import { ownershipCases } from './ownership-cases.ts'
import { permitCases } from './permit-cases.ts'
import { readingCases } from './reading-cases.ts'
import { ruleCases } from './rule-cases.ts'
import { sharingCases } from './sharing-cases.ts'

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
  describe(`${name} keeps the contract of Store`, () => {
    const reasons = new Map(harness.unsupported.map((entry) => [entry.case, entry.reason]))
    for (const [group, cases] of Object.entries(groups)) {
      // oxlint-disable-next-line vitest/valid-title -- titles come from the table
      describe(group, () => {
        for (const entry of cases) registerCase(entry, harness, reasons.get(entry.title))
      })
    }
    it('names only cases of the suite as unsupported', () => {
      const titles = new Set(Object.values(groups).flatMap((cases) => cases.map(({ title }) => title)))
      expect([...reasons.keys()].filter((title) => !titles.has(title))).toEqual([])
    })
  })
}

function registerCase(entry: ConformanceCase, harness: StoreHarness, reason: string | undefined): void {
  // The assertions are inside the cases.
  // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title
  it(reason === undefined ? entry.title : `${entry.title} (unsupported: ${reason})`, async (context) => {
    context.skip(reason !== undefined, reason)
    const opened: Store[] = []
    try {
      await entry.run(toolsOf(harness, opened))
    } finally {
      for (const store of opened.toReversed()) await store.close()
    }
  })
}

function toolsOf(harness: StoreHarness, opened: Store[]): CaseTools {
  const keep = (store: Store): Store => {
    opened.push(store)
    return store
  }
  return {
    store: async () => keep(await harness.create()),
    async reopen(store) {
      if (harness.reopen === undefined) throw lacking('reopen')
      return keep(await harness.reopen(store))
    },
    async corrupt(store, runId, sequence) {
      if (harness.corrupt === undefined) throw lacking('corrupt')
      await harness.corrupt(store, runId, sequence)
    },
  }
}

function lacking(part: 'reopen' | 'corrupt'): Error {
  return storeError(
    'WAYSTONE_STORE_FAILED',
    `the harness has no "${part}"; list the case as unsupported, with a reason`,
  )
}
