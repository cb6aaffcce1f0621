import type { MemoryStore } from '@waystone/core/store'
import type { Harness, SuiteCase } from './harness.ts'

/** What the conformance suite needs of a long-term memory. */
export type MemoryHarness = Harness<MemoryStore>

/** What a case is given. */
export interface MemoryTools {
  /** A fresh memory; closed after the case. */
  memory(): Promise<MemoryStore>
  /** See {@link Harness.reopen}. */
  reopen(memory: MemoryStore): Promise<MemoryStore>
}

/** One case of the suite. */
export type MemoryCase = SuiteCase<MemoryTools>
