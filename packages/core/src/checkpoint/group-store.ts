import type { RunId } from '../base/ids.ts'

/** A sealed value: what a group with a store of its own keeps there instead of with the run. */
export interface SealedValue {
  /** What stands for it with the run: 43 characters that say nothing of the value to who does not have the store's key. */
  readonly reference: string
  /** JSON. */
  readonly text: string
}

/**
 * Where a group keeps what is private to it: the values that the store of the run only refers to.
 *
 * Every method fails with {@link StoreError} only; a failed method has changed nothing. One implementation serves several runtimes, in one or several
 * processes, at once. The published conformance suite (`@waystone/testing`) states the whole contract.
 */
export interface GroupStore {
  /** For people, e.g. `sqlite:.waystone/billing.db`. Holds no secret. */
  readonly name: string
  /** The secret that references are made with: at least 32 characters, made once with the store and the same ever after. It leaves this process in no form. */
  key(): Promise<string>
  /**
   * Keeps values of a run, all of them or none, before it returns as surely as the store ever will. A reference that is there already stays as it is.
   */
  put(runId: RunId, values: readonly SealedValue[]): Promise<void>
  /** The texts of those that are there, by reference. */
  get(runId: RunId, references: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Removes every value of a run. @returns how many there were */
  forget(runId: RunId): Promise<number>
  close(): Promise<void>
}
