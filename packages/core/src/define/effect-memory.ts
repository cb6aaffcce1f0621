import type { Json } from '../base/json.ts'
import type { MemoryEntry, MemoryPage, MemoryScope, MemoryWritten } from '../memory/memory-store.ts'
import type { Duration } from './duration.ts'

/** A part of a declared scope: a text, or the value of a tag that the run was started with. */
export type MemoryScopePart = string | { readonly tag: string }

/**
 * What a tool, task or gate may reach of the long-term memory.
 *
 * A part `{ tag: 'customer' }` is filled in from the tags of the run: who starts it says whose memory it is, and no model can ask for another's.
 */
export interface MemoryUse<Access extends 'read' | 'write' = 'read' | 'write'> {
  /** 1 to 8 parts. Everything in this scope and below it can be reached, and nothing else. */
  readonly scope: readonly MemoryScopePart[]
  /** `write` includes reading. */
  readonly access: Access
}

/** Where below the declared scope. */
export interface MemoryUnder {
  /** Further parts of the scope; default none. */
  readonly under?: MemoryScope
}

/** Which entries below the declared scope. */
export interface MemoryLook extends MemoryUnder {
  readonly tag?: string
  /** Entries at most: of a list 1 to 1,000, default 100; of a search 1 to 100, default 10. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly after?: string
}

/** How an entry is written. */
export interface MemoryKeep extends MemoryUnder {
  /** What a search looks at. Default: the key and every text inside the value. */
  readonly text?: string
  readonly tags?: readonly string[]
  /** Default: it never does. */
  readonly expiresIn?: Duration
  /** Only over this revision; 0: only if there is no entry. */
  readonly ifRevision?: number
}

/**
 * The part of the long-term memory that an effect has declared, bound to its scope and its effect id.
 *
 * What was read is part of the run only by what the effect gives back, so a replay reads nothing. A write that is repeated after a crash, or by another
 * attempt, changes nothing: the nth write of one effect to one place happens once. Secrets are taken out before anything is stored. What comes
 * back was written by anybody: to a model it is as untrusted as any result of a tool.
 *
 * Every method fails with {@link NodeError} WAYSTONE_NODE_MEMORY_UNDECLARED when the effect has not declared it, with _MEMORY_TAG when the run lacks a tag
 * of the scope, with _MEMORY_UNBOUND when the runtime has no long-term memory.
 */
export interface EffectMemory {
  /** Undefined: there is none, or it has expired. */
  get(key: string, options?: MemoryUnder): Promise<MemoryEntry | undefined>
  /** Order: by scope, then key. */
  list(options?: MemoryLook): Promise<MemoryPage>
  /** Entries that have at least one of the words, best first. */
  search(text: string, options?: MemoryLook): Promise<MemoryPage>
  /** Writes an entry over whatever was under its key. @throws {StoreError} WAYSTONE_STORE_REVISION when `ifRevision` is not the entry's */
  put(key: string, value: Json, options?: MemoryKeep): Promise<MemoryWritten>
  /** @returns whether there was one */
  delete(key: string, options?: Pick<MemoryKeep, 'under' | 'ifRevision'>): Promise<boolean>
}
