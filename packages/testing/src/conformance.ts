export { describeStore } from './conformance/store-conformance.ts'
export type { CaseTools, ConformanceCase, StoreHarness, UnsupportedCase } from './conformance/harness.ts'
