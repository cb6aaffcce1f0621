import type { MemoryStore } from '@waystone/core/store'
import type { UnsupportedCase } from './harness.ts'

/** What the conformance suite needs of a long-term memory. */
export interface MemoryHarness {
  /** A new memory without any entry. The suite closes it. */
  create(): MemoryStore | Promise<MemoryStore>
  /** Another instance over the entries of one that is still open, or was closed. The suite closes it. */
  reopen?(memory: MemoryStore): MemoryStore | Promise<MemoryStore>
  readonly unsupported: readonly UnsupportedCase[]
}

/** What a case is given. */
export interface MemoryTools {
  /** A fresh memory; closed after the case. */
  memory(): Promise<MemoryStore>
  /** See {@link MemoryHarness.reopen}. */
  reopen(memory: MemoryStore): Promise<MemoryStore>
}

/** One case of the suite. */
export interface MemoryCase {
  readonly title: string
  run(tools: MemoryTools): Promise<void>
}
