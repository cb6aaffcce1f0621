import { describeSuite } from './harness.ts'
import type { MemoryCase, MemoryHarness } from './memory-harness.ts'
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
  const title = `${name} keeps the contract of MemoryStore`
  describeSuite({
    title,
    groups,
    harness,
    tools: (instances) => ({ memory: () => instances.create(), reopen: (memory) => instances.reopen(memory) }),
  })
}
