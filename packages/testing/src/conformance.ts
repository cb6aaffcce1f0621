export type { StoreHarness, UnsupportedCase } from './conformance/harness.ts'
export { describeStore } from './conformance/store-conformance.ts'
