import { storeError, type MemoryStore } from '@waystone/core/store'
import { describe, expect, it } from 'vitest'
import type { MemoryCase, MemoryHarness, MemoryTools } from './memory-harness.ts'
import { memorySearchCases } from './memory-search-cases.ts'
import { memorySharingCases } from './memory-sharing-cases.ts'
import { memoryWritingCases } from './memory-writing-cases.ts'

const groups: { readonly [name: string]: readonly MemoryCase[] } = {
  'writing and reading': memoryWritingCases,
  searching: memorySearchCases,
  'sharing a memory': memorySharingCases,
}

/**
 * Registers vitest tests that hold a long-term memory to the whole contract of the port `MemoryStore`.
 *
 * @param name - of the memory, for titles
 * @example
 * describeMemory('my memory', { create: () => createMyMemory(), unsupported: [] })
 */
export function describeMemory(name: string, harness: MemoryHarness): void {
  describe(`${name} keeps the contract of MemoryStore`, () => {
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

function registerCase(entry: MemoryCase, harness: MemoryHarness, reason: string | undefined): void {
  // The assertions are inside the cases.
  // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title
  it(reason === undefined ? entry.title : `${entry.title} (unsupported: ${reason})`, async (context) => {
    context.skip(reason !== undefined, reason)
    const opened: MemoryStore[] = []
    try {
      await entry.run(toolsOf(harness, opened))
    } finally {
      for (const memory of opened.toReversed()) await memory.close()
    }
  })
}

function toolsOf(harness: MemoryHarness, opened: MemoryStore[]): MemoryTools {
  const keep = (memory: MemoryStore): MemoryStore => {
    opened.push(memory)
    return memory
  }
  return {
    memory: async () => keep(await harness.create()),
    async reopen(memory) {
      if (harness.reopen !== undefined) return keep(await harness.reopen(memory))
      const message = 'the harness has no "reopen"; list the case as unsupported, with a reason'
      throw storeError('WAYSTONE_STORE_FAILED', message)
    },
  }
}
