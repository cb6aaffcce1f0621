import {
  checkPlace,
  checkPut,
  checkScope,
  checkWrite,
  readListCursor,
  readSearchCursor,
  type MemoryEntry,
  type MemoryFilter,
  type MemoryPage,
  type MemoryPut,
  type MemorySearch,
  type MemoryStore,
  type MemoryWrite,
  type MemoryWritten,
} from '@waystone/core/store'
import { memoryRows } from './memory-rows.ts'
import { memoryTables } from './memory-tables.ts'
import { SqliteFile, type SqliteStoreOptions } from './sqlite-file.ts'

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
  readonly #file: SqliteFile

  constructor(options: SqliteMemoryOptions) {
    this.#file = new SqliteFile(options, { tables: memoryTables, called: 'long-term memory' })
    this.name = this.#file.name
    this.durability = this.#file.durability
  }

  async put(put: MemoryPut): Promise<MemoryWritten> {
    const checked = checkPut(put)
    return await this.#file.write((database) => memoryRows.put(database, put, checked))
  }

  async get(place: Parameters<MemoryStore['get']>[0]): Promise<MemoryEntry | undefined> {
    checkPlace(place)
    return await this.#file.read((database) => memoryRows.get(database, place))
  }

  async delete(write: MemoryWrite): Promise<boolean> {
    checkWrite(write)
    return await this.#file.write((database) => memoryRows.delete(database, write))
  }

  async list(filter: MemoryFilter): Promise<MemoryPage> {
    checkScope(filter.scope)
    readListCursor(filter)
    return await this.#file.read((database) => memoryRows.list(database, filter))
  }

  async search(search: MemorySearch): Promise<MemoryPage> {
    checkScope(search.scope)
    readSearchCursor(search)
    return await this.#file.read((database) => memoryRows.search(database, search))
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
