export type { StoreHarness, UnsupportedCase } from './conformance/harness.ts'
export { describeMemory } from './conformance/memory-conformance.ts'
export type { MemoryHarness } from './conformance/memory-harness.ts'
export { describeStore } from './conformance/store-conformance.ts'
