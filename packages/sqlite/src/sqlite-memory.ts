import { resolve } from 'node:path'
import {
  checkPlace,
  checkPut,
  checkScope,
  checkWrite,
  readListCursor,
  readSearchCursor,
  storeError,
  type MemoryEntry,
  type MemoryFilter,
  type MemoryPage,
  type MemoryPut,
  type MemorySearch,
  type MemoryStore,
  type MemoryWrite,
  type MemoryWritten,
} from '@waystone/core/store'
import { isFilePath, openDatabase, type Database } from './database.ts'
import { memoryRows } from './memory-rows.ts'
import { memoryTables } from './memory-tables.ts'
import { readWhenFree } from './read-when-free.ts'
import { toStoreError } from './sqlite-errors.ts'
import type { SqliteStoreOptions } from './sqlite-store.ts'
import { WriteQueue } from './write-queue.ts'

/** What {@link createSqliteMemory} takes: what a store takes, about a file of its own, e.g. `.waystone/memory.db`. */
export type SqliteMemoryOptions = SqliteStoreOptions

/**
 * Long-term memory in one SQLite file with a full-text index (FTS5), which several processes on one machine may use at once.
 *
 * The file is opened by the first call, and is never the file of the runs: what is remembered outlives them.
 *
 * @returns a memory store whose methods fail with `StoreError`, or with `InputError` when they are asked for something malformed
 * @example
 * const memory = createSqliteMemory({ path: '.waystone/memory.db' })
 */
export function createSqliteMemory(options: SqliteMemoryOptions): MemoryStore {
  return new SqliteMemory(options)
}

class SqliteMemory implements MemoryStore {
  readonly name: string
  readonly durability: 'power' | 'process'
  readonly #path: string
  readonly #mustExist: boolean
  readonly #lockTimeoutMs: number
  readonly #queue: WriteQueue
  #open: Database | undefined
  #isClosed = false

  constructor({ path, durability = 'power', lockTimeoutMs = 10_000, mustExist = false }: SqliteMemoryOptions) {
    this.name = `sqlite:${path}`
    this.durability = durability
    // Fixed now, whatever folder the process works in later.
    this.#path = isFilePath(path) ? resolve(path) : path
    this.#mustExist = mustExist
    this.#lockTimeoutMs = lockTimeoutMs
    this.#queue = new WriteQueue({
      database: () => this.#database(),
      path: this.#path,
      lockTimeoutMs,
      onWritten: () => undefined,
      onUndone: () => undefined,
    })
  }

  async put(put: MemoryPut): Promise<MemoryWritten> {
    const checked = checkPut(put)
    return await this.#write((database) => memoryRows.put(database, put, checked))
  }

  async get(place: Parameters<MemoryStore['get']>[0]): Promise<MemoryEntry | undefined> {
    checkPlace(place)
    return await this.#read((database) => memoryRows.get(database, place))
  }

  async delete(write: MemoryWrite): Promise<boolean> {
    checkWrite(write)
    return await this.#write((database) => memoryRows.delete(database, write))
  }

  async list(filter: MemoryFilter): Promise<MemoryPage> {
    checkScope(filter.scope)
    readListCursor(filter)
    return await this.#read((database) => memoryRows.list(database, filter))
  }

  async search(search: MemorySearch): Promise<MemoryPage> {
    checkScope(search.scope)
    readSearchCursor(search)
    return await this.#read((database) => memoryRows.search(database, search))
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#queue.idle()
    try {
      this.#open?.close()
    } catch (error) {
      throw toStoreError(error, this.#path)
    } finally {
      this.#open = undefined
    }
  }

  #write<Result>(work: (database: Database) => Result): Promise<Result> {
    return this.#isClosed ? Promise.reject(this.#closed()) : this.#queue.add(work)
  }

  #read<Result>(work: (database: Database) => Result): Promise<Result> {
    return readWhenFree(work, {
      database: () => {
        if (this.#isClosed) throw this.#closed()
        return this.#database()
      },
      path: this.#path,
      lockTimeoutMs: this.#lockTimeoutMs,
    })
  }

  #database(): Database {
    const { durability } = this
    this.#open ??= openDatabase({ path: this.#path, durability, mustExist: this.#mustExist, tables: memoryTables })
    return this.#open
  }

  #closed(): Error {
    return storeError('WAYSTONE_STORE_CLOSED', `the long-term memory ${this.name} has been closed`)
  }
}
