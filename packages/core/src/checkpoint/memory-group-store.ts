import { randomBytes } from 'node:crypto'
import type { RunId } from '../base/ids.ts'
import { storeError } from '../errors/store-error.ts'
import type { GroupStore, SealedValue } from './group-store.ts'

/** What {@link createMemoryGroupStore} takes. */
export interface MemoryGroupStoreOptions {
  /** See {@link GroupStore.key}; default: a random one. Tests give it to get the same texts each time. */
  readonly key?: string
}

/**
 * A group's store that keeps everything in this process's memory, for tests and trials. Whoever holds the instance shares it.
 *
 * Every method does its work before it returns, so calls take effect in the order they are made.
 */
export function createMemoryGroupStore(options: MemoryGroupStoreOptions = {}): GroupStore {
  return new MemoryGroupStore(options.key ?? randomBytes(32).toString('base64url'))
}

class MemoryGroupStore implements GroupStore {
  readonly name = 'memory'
  readonly #key: string
  readonly #runs = new Map<RunId, Map<string, string>>()
  #isClosed = false

  constructor(key: string) {
    this.#key = key
  }

  async key(): Promise<string> {
    this.#checkOpen()
    return this.#key
  }

  async put(runId: RunId, values: readonly SealedValue[]): Promise<void> {
    this.#checkOpen()
    const kept = this.#runs.get(runId) ?? new Map<string, string>()
    for (const { reference, text } of values) if (!kept.has(reference)) kept.set(reference, text)
    if (kept.size > 0) this.#runs.set(runId, kept)
  }

  async get(runId: RunId, references: readonly string[]): Promise<ReadonlyMap<string, string>> {
    this.#checkOpen()
    const kept = this.#runs.get(runId)
    const found = new Map<string, string>()
    for (const reference of references) {
      const text = kept?.get(reference)
      if (text !== undefined) found.set(reference, text)
    }
    return found
  }

  async forget(runId: RunId): Promise<number> {
    this.#checkOpen()
    const count = this.#runs.get(runId)?.size ?? 0
    this.#runs.delete(runId)
    return count
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #checkOpen(): void {
    if (this.#isClosed) throw storeError('WAYSTONE_STORE_CLOSED', `the group's store ${this.name} has been closed`)
  }
}
