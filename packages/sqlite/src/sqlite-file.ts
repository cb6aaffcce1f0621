import { existsSync } from 'node:fs'
import { optionPath, storeError } from '@waystone/core/store'
import { isFilePath, openDatabase, type Database } from './database.ts'
import { readWhenFree } from './read-when-free.ts'
import { toStoreError } from './sqlite-errors.ts'
import type { Tables } from './tables.ts'
import { WriteQueue } from './write-queue.ts'

/** What {@link createSqliteStore} takes. */
export interface SqliteStoreOptions {
  /**
   * The database's file, e.g. `.waystone/runs.db`; created when missing, with its folder. Two more files appear beside it (`-wal`, `-shm`).
   *
   * A relative path begins at the process's working folder as it is now; in what the command `waystone` loads, at the project folder of the file.
   * A file URL means the same in every program: `new URL('.waystone/runs.db', import.meta.url)`.
   */
  readonly path: string | URL
  /** `power`: what is committed survives a power cut (fsync at every commit); `process`: it survives the process, also kill -9. Default `power`. */
  readonly durability?: 'power' | 'process'
  /** How long a lock of another process is waited for before a call fails, ms, 0 or more. Default 10,000. */
  readonly lockTimeoutMs?: number
  /** Fail instead of creating a file that is not there. Default false. */
  readonly mustExist?: boolean
}

/** What a file holds, and who is told of writes. */
export interface SqliteFileUse {
  readonly tables: Tables
  /** For the message after it was closed, e.g. `store`. */
  readonly called: string
  /** Called after writes were stored. */
  readonly onWritten?: () => void
  /** Called when writes were undone: ids they gave out are void. */
  readonly onUndone?: () => void
}

/** One database file, opened by the first call: grouped writes, reads that wait for other processes' locks, an end. */
export class SqliteFile {
  /** `sqlite:` and the absolute path. */
  readonly name: string
  /** Absolute. */
  readonly path: string
  readonly durability: 'power' | 'process'
  readonly #use: SqliteFileUse
  readonly #mustExist: boolean
  readonly #lockTimeoutMs: number
  readonly #queue: WriteQueue
  #open: Database | undefined
  #isClosed = false

  constructor(
    { path, durability = 'power', lockTimeoutMs = 10_000, mustExist = false }: SqliteStoreOptions,
    use: SqliteFileUse,
  ) {
    // Fixed now, whatever folder the process works in later.
    this.path = path instanceof URL || isFilePath(path) ? optionPath(path) : path
    this.name = `sqlite:${this.path}`
    this.durability = durability
    this.#use = use
    this.#mustExist = mustExist
    this.#lockTimeoutMs = lockTimeoutMs
    this.#queue = new WriteQueue({
      database: () => this.#database(),
      path: this.path,
      lockTimeoutMs,
      onWritten: () => use.onWritten?.(),
      onUndone: () => use.onUndone?.(),
    })
  }

  /** Whether there is a file yet. @throws {StoreError} WAYSTONE_STORE_CLOSED */
  isThere(): boolean {
    if (this.#isClosed) throw this.#closed()
    return this.#open !== undefined || existsSync(this.path)
  }

  /** Adds a write to the next transaction. @returns what it returns, once durable */
  write<Result>(work: (database: Database) => Result): Promise<Result> {
    return this.#isClosed ? Promise.reject(this.#closed()) : this.#queue.add(work)
  }

  /** Runs a read whose statements all see one state. */
  read<Result>(work: (database: Database) => Result): Promise<Result> {
    return readWhenFree(work, {
      database: () => {
        if (this.#isClosed) throw this.#closed()
        return this.#database()
      },
      path: this.path,
      lockTimeoutMs: this.#lockTimeoutMs,
    })
  }

  /** Folds the log of writes into the file and empties it, unless somebody reads just then: what was overwritten is nowhere any more. */
  foldLog(): void {
    if (this.#isClosed) throw this.#closed()
    try {
      this.#database().exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // Another process holds a lock: whoever closes the file last folds it.
    }
  }

  /** A number that changes when another connection has committed; undefined: not to be had now. */
  dataVersion(): number | undefined {
    if (this.#isClosed) return undefined
    try {
      return Number(this.#database().statement('PRAGMA data_version').get()?.['data_version'])
    } catch {
      return undefined
    }
  }

  /** Stores what was asked for, then closes the file; nothing when it is closed. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#queue.idle()
    try {
      this.#open?.close()
    } catch (error) {
      throw toStoreError(error, this.path)
    } finally {
      this.#open = undefined
    }
  }

  #database(): Database {
    const { durability } = this
    this.#open ??= openDatabase({ path: this.path, durability, mustExist: this.#mustExist, tables: this.#use.tables })
    return this.#open
  }

  #closed(): Error {
    return storeError('WAYSTONE_STORE_CLOSED', `the ${this.#use.called} ${this.name} has been closed`)
  }
}
