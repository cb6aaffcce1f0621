import type { RunId, Store } from '@waystone/core/store'

/** A case of the suite that a store cannot do. */
export interface UnsupportedCase {
  /** Its title, exactly. */
  readonly case: string
  /** Why, for people: shown in the report. */
  readonly reason: string
}

/** What the conformance suite needs of a store. */
export interface StoreHarness {
  /** A new store without any data. The suite closes it. */
  create(): Store | Promise<Store>
  /** Another instance over the data of a store that is still open, or was closed. The suite closes it. */
  reopen?(store: Store): Store | Promise<Store>
  /** Changes a letter of a stored checkpoint's text behind the store's back. */
  corrupt?(store: Store, runId: RunId, sequence: number): void | Promise<void>
  readonly unsupported: readonly UnsupportedCase[]
}

/** What a case is given. */
export interface CaseTools {
  /** A fresh store; closed after the case. */
  store(): Promise<Store>
  /** See {@link StoreHarness.reopen}. */
  reopen(store: Store): Promise<Store>
  /** See {@link StoreHarness.corrupt}. */
  corrupt(store: Store, runId: RunId, sequence: number): Promise<void>
}

/** One case of the suite. */
export interface ConformanceCase {
  readonly title: string
  run(tools: CaseTools): Promise<void>
}
