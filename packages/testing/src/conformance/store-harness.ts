import type { RunId, Store } from '@waystone/core/store'
import type { Harness, SuiteCase } from './harness.ts'

/** What the conformance suite needs of a store. */
export interface StoreHarness extends Harness<Store> {
  /** Changes a letter of a stored checkpoint's text behind the store's back. */
  corrupt?(store: Store, runId: RunId, sequence: number): void | Promise<void>
}

/** What a case is given. */
export interface CaseTools {
  /** A fresh store; closed after the case. */
  store(): Promise<Store>
  /** See {@link Harness.reopen}. */
  reopen(store: Store): Promise<Store>
  /** See {@link StoreHarness.corrupt}. */
  corrupt(store: Store, runId: RunId, sequence: number): Promise<void>
}

/** One case of the suite. */
export type ConformanceCase = SuiteCase<CaseTools>
