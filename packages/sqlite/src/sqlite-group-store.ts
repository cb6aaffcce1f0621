import { randomBytes } from 'node:crypto'
import { storeError, type GroupStore, type RunId, type SealedValue } from '@waystone/core/store'
import type { Database } from './database.ts'
import { groupTables } from './group-tables.ts'
import { SqliteFile, type SqliteStoreOptions } from './sqlite-file.ts'

/** What {@link createSqliteGroupStore} takes: what a store takes, about a file of its own, e.g. `.waystone/billing.db`. */
export type SqliteGroupStoreOptions = SqliteStoreOptions

/**
 * A group's own store in one SQLite file, which several processes on one machine may use at once.
 *
 * The file is opened by the first call, and is never the file of the runs: who can read those learns nothing of what is in here. Its durability should be
 * no less than theirs.
 *
 * @returns a store whose methods fail with `StoreError`
 * @example
 * const store = createSqliteGroupStore({ path: '.waystone/billing.db' })
 * const runtime = createRuntime({ workflows: [shop], groups: { billing: { store } } })
 */
export function createSqliteGroupStore(options: SqliteGroupStoreOptions): GroupStore {
  return new SqliteGroupStore(options)
}

class SqliteGroupStore implements GroupStore {
  readonly name: string
  readonly #file: SqliteFile

  constructor(options: SqliteGroupStoreOptions) {
    this.#file = new SqliteFile(options, { tables: groupTables, called: "group's store" })
    this.name = this.#file.name
  }

  async key(): Promise<string> {
    const known = await this.#file.read(readKey)
    return known ?? (await this.#file.write(makeKey))
  }

  async put(runId: RunId, values: readonly SealedValue[]): Promise<void> {
    if (values.length === 0) return
    await this.#file.write((database) => {
      const insert = database.statement(insertValue)
      for (const { reference, text } of values) insert.run(runId, reference, text)
    })
  }

  async get(runId: RunId, references: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (!this.#file.isThere()) throw this.#missingFile()
    return await this.#file.read((database) => {
      const found = new Map<string, string>()
      const select = database.statement('SELECT text FROM sealed WHERE run = ? AND reference = ?')
      for (const reference of references) {
        const text = select.get(runId, reference)?.['text']
        if (typeof text === 'string') found.set(reference, text)
      }
      return found
    })
  }

  async forget(runId: RunId): Promise<number> {
    if (!this.#file.isThere()) return 0
    const count = await this.#file.write((database) =>
      Number(database.statement('DELETE FROM sealed WHERE run = ?').run(runId).changes),
    )
    // And in the log, where it was written first.
    if (count > 0) this.#file.foldLog()
    return count
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  /** Who only reads makes no file: an empty one would hide that the right one is somewhere else. */
  #missingFile(): Error {
    return storeError('WAYSTONE_STORE_PRIVATE_MISSING', `there is no such file; looked for ${this.#file.path}`, {
      path: this.#file.path,
    })
  }
}

/** With a margin as long as a page of this very file: whoever copied it may have given it others. */
const insertValue = `INSERT OR IGNORE INTO sealed (run, reference, margin, text)
  VALUES (?, ?, zeroblob((SELECT page_size FROM pragma_page_size)), ?)`

function readKey(database: Database): string | undefined {
  const key = database.statement('SELECT key FROM keys WHERE id = 1').get()?.['key']
  return typeof key === 'string' ? key : undefined
}

/** Another process may have been faster: its key counts. */
function makeKey(database: Database): string {
  database.statement('INSERT OR IGNORE INTO keys (id, key) VALUES (1, ?)').run(randomBytes(32).toString('base64url'))
  return readKey(database) ?? ''
}
