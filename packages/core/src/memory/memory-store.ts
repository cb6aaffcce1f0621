import type { Json } from '../base/json.ts'

/**
 * Where an entry belongs, from the widest part to the narrowest: `['preferences', 'ann']`.
 *
 * Shape: up to 8 parts of 1 to 128 characters, without control characters.
 */
export type MemoryScope = readonly string[]

/** Something that is remembered. Frozen. */
export interface MemoryEntry {
  readonly scope: MemoryScope
  /** Unique in its scope. */
  readonly key: string
  readonly value: Json
  /** What a search looks at. */
  readonly text: string
  readonly tags: readonly string[]
  /** Grows with every write in the store; none is given twice. */
  readonly revision: number
  /** Ms since the epoch, as the other two. */
  readonly createdAt: number
  readonly updatedAt: number
  /** From then on it is as if it had never been written; null: never. */
  readonly expiresAt: number | null
}

/** What every write says beside what it writes. */
export interface MemoryWrite {
  readonly scope: MemoryScope
  /** 1 to 256 characters, without control characters. */
  readonly key: string
  /** Only if this is the entry's revision now; 0: only if there is no entry. Default: whatever is there. */
  readonly ifRevision?: number
  /**
   * Idempotency key: a second write under it changes nothing and is answered as the first, whatever has been written since. Remembered for 30
   * days at least. Up to 256 characters; default: every call is a write of its own.
   */
  readonly writeId?: string
  /** Ms since the epoch. */
  readonly now: number
}

/** An entry to be written, whole: what is left out is as if it had never been there. */
export interface MemoryPut extends MemoryWrite {
  /** At most 65,536 bytes of JSON. */
  readonly value: Json
  /** What a search looks at, at most 16,384 characters. Default: the key and every text inside the value, as much as has room. */
  readonly text?: string
  /** At most 16 of 1 to 64 characters, without control characters; default none. */
  readonly tags?: readonly string[]
  /** Ms since the epoch; default null: never. */
  readonly expiresAt?: number | null
}

/** What a write did. */
export interface MemoryWritten {
  readonly revision: number
  /** True when there was no entry before. */
  readonly isNew: boolean
}

/** What to list. All filters must hold. */
export interface MemoryFilter {
  /** Entries of this scope and of all below it; `[]`: of the whole store. */
  readonly scope: MemoryScope
  readonly tag?: string
  /** Entries at most, 1 to 1,000; default 100. Of a search 1 to 100; default 10. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly after?: string
  /** Ms since the epoch. */
  readonly now: number
}

/** What to search for. */
export interface MemorySearch extends MemoryFilter {
  /** Words, as anybody wrote them: nothing in it is an operator. Its first 64 different words count. */
  readonly text: string
}

/** A page of entries. */
export interface MemoryPage {
  readonly entries: readonly MemoryEntry[]
  /** Cursor of the next page; null: this was the last. */
  readonly next: string | null
}

/**
 * The port of what is remembered beyond a run: apart from the `Store` of runs, with a life of its own.
 *
 * A malformed request fails with `InputError` WAYSTONE_INPUT_MEMORY naming what is allowed, anything else with `StoreError`; a failed method
 * has changed nothing. Texts are stored as they are: callers take secrets out before. One implementation serves several runtimes, in one or several
 * processes, at once. The published conformance suite (`describeMemory` of `@waystone/testing`) states the whole contract.
 */
export interface MemoryStore {
  /** For people, e.g. `sqlite:.waystone/memory.db`. Holds no secret. */
  readonly name: string
  /** How surely a write that has returned is kept, as a `Store` says it. */
  readonly durability: 'power' | 'process' | 'memory'

  /**
   * Writes an entry over whatever was under its key.
   *
   * @throws {StoreError} WAYSTONE_STORE_REVISION when `ifRevision` is not the entry's
   */
  put(entry: MemoryPut): Promise<MemoryWritten>

  /** Undefined: there is none, or it has expired. */
  get(place: {
    readonly scope: MemoryScope
    readonly key: string
    readonly now: number
  }): Promise<MemoryEntry | undefined>

  /** Takes an entry out. @returns whether there was one @throws {StoreError} WAYSTONE_STORE_REVISION as {@link MemoryStore.put} */
  delete(write: MemoryWrite): Promise<boolean>

  /** Order: by scope, then by key, both by code point. */
  list(filter: MemoryFilter): Promise<MemoryPage>

  /**
   * Entries whose text or value has at least one of the words, in any case and without regard to accents. Chinese, Japanese, Thai and other texts
   * without spaces are found by any of their characters' pairs.
   *
   * Order: best first: more of the words, rarer ones, shorter texts; the store's own measure. Pages of a store that is written to meanwhile may
   * overlap or leave gaps.
   */
  search(search: MemorySearch): Promise<MemoryPage>

  close(): Promise<void>
}
