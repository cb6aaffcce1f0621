import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, realpathSync } from 'node:fs'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { basename, dirname, join, resolve } from 'node:path'
import { storeError, type Durability } from '@waystone/core/store'
import { loadSqlite } from './load-sqlite.ts'
import { requireLocalFolder } from './network-drive.ts'
import type { Tables } from './tables.ts'

/** Where and how a database is opened. */
export interface DatabaseOptions {
  readonly path: string
  readonly durability: Exclude<Durability, 'memory'>
  /** Refuse instead of creating a file. */
  readonly mustExist: boolean
  readonly tables: Tables
}

/**
 * Longest time SQLite itself waits for a lock, ms. It blocks the event loop, so longer waits are left to the callers, who retry
 * asynchronously.
 */
const busyTimeoutMs = 5

/** Pages of the log after which it is written back: 8 MB. With a quarter of that one run without fsync is a third slower. */
const walPages = 2000

/** An open database with its prepared statements. */
export class Database {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** A prepared statement, kept for the next time. @param sql - the same text each time */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  /** The value of a pragma. */
  pragma(name: string): unknown {
    return Object.values(this.#database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  }

  close(): void {
    this.#statements.clear()
    this.#database.close()
  }
}

/**
 * Opens or creates a store's file: 0600 in a folder of 0700, WAL, the durability asked for and no less.
 *
 * @throws {StoreError} WAYSTONE_STORE_NETWORK_DRIVE, _NEWER_FORMAT, _CORRUPT, _FAILED
 * @throws errors of node:sqlite and of the file system as they come
 */
export function openDatabase(options: DatabaseOptions): Database {
  const path = prepareFile(options)
  const { DatabaseSync } = loadSqlite()
  const database = new Database(new DatabaseSync(path))
  try {
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    if (options.tables.isErased === true) database.exec('PRAGMA secure_delete = ON')
    prepareSchema(database, path, options.tables)
    prepareDurability(database, options)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** False for what SQLite would take for something else than a file. */
export function isFilePath(path: string): boolean {
  return path !== '' && path !== ':memory:' && !path.startsWith('file:')
}

function prepareFile(options: DatabaseOptions): string {
  const { path, mustExist } = options
  if (!isFilePath(path)) {
    throw storeError(
      'WAYSTONE_STORE_FAILED',
      `"${path}" is no path of a file; for a store in memory use createMemoryStore()`,
    )
  }
  const whole = resolve(path)
  if (!mustExist) mkdirSync(dirname(whole), { recursive: true, mode: 0o700 })
  const folder = realFolder(whole, options)
  requireLocalFolder(folder)
  const file = join(folder, basename(whole))
  createFile(file, options)
  return file
}

function realFolder(whole: string, { mustExist, tables }: DatabaseOptions): string {
  try {
    return realpathSync(dirname(whole))
  } catch (error) {
    if (!mustExist) throw error
    throw missingFile(whole, tables, error)
  }
}

/**
 * Creates the file ourselves, for its mode; SQLite gives the same to the files beside it.
 *
 * A file that is there is never opened and closed: closing it would drop the locks that another connection of this process holds on it
 * (sqlite.org/howtocorrupt.html, 2.2).
 */
function createFile(file: string, { mustExist, durability, tables }: DatabaseOptions): void {
  if (existsSync(file)) return
  if (mustExist) throw missingFile(file, tables)
  try {
    closeSync(openSync(file, 'ax', 0o600))
  } catch (error) {
    // Another process was faster.
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return
    throw error
  }
  if (durability === 'power' && process.platform !== 'win32') syncFolder(dirname(file))
}

/** Makes the name of a new file durable; SQLite does it for its own files only. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function missingFile(path: string, { missing: { what, creator } }: Tables, cause?: unknown): Error {
  return storeError('WAYSTONE_STORE_FAILED', `there is no ${what} at ${path}; ${creator} creates one`, { path }, cause)
}

function prepareSchema(database: Database, path: string, tables: Tables): void {
  const version = checkVersion(database, path, tables)
  if (version === tables.version) return
  if (version === 0) {
    // Only before the first write can the size of the pages be chosen, and only outside a transaction the log.
    database.exec(`PRAGMA page_size = ${tables.pageSize}`)
    database.exec('PRAGMA journal_mode = WAL')
  }
  database.exec('BEGIN IMMEDIATE')
  try {
    // Another process may have been faster.
    bringUp(database, checkVersion(database, path, tables), tables)
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

function bringUp(database: Database, version: number, tables: Tables): void {
  if (version === 0) database.exec(tables.first)
  for (const { to, sql } of tables.migrations) if (version < to) database.exec(sql)
  database.exec(`PRAGMA application_id = ${tables.applicationId}`)
  database.exec(`PRAGMA user_version = ${tables.version}`)
}

/** The version of the tables that are there; 0: the file is empty. */
function checkVersion(database: Database, path: string, tables: Tables): number {
  const version = Number(database.pragma('user_version'))
  const application = Number(database.pragma('application_id'))
  if (application === tables.applicationId && version > tables.version) {
    throw storeError(
      'WAYSTONE_STORE_NEWER_FORMAT',
      `${path} was written by a newer Waystone (tables of version ${version}, this one knows ${tables.version}); upgrade Waystone`,
      { path, version },
    )
  }
  if (application === tables.applicationId && version > 0) return version
  if (Number(database.pragma('schema_version')) === 0) return 0
  // Files of ours begin with "WAY".
  const found =
    application >>> 8 === tables.applicationId >>> 8 ? `holds ${tables.otherThan}` : 'is a database of another program'
  throw storeError('WAYSTONE_STORE_CORRUPT', `${path} ${found}; choose another path`, { path })
}

function prepareDurability(database: Database, { path, durability }: DatabaseOptions): void {
  if (database.pragma('journal_mode') !== 'wal') database.exec('PRAGMA journal_mode = WAL')
  // NORMAL writes the log without fsync: what is committed survives the process, and a power cut loses the newest commits but
  // leaves the file sound. OFF would lose that, too.
  const wanted = durability === 'power' ? 2 : 1
  database.exec(`PRAGMA synchronous = ${wanted}`)
  const isFullySynced = durability === 'power' ? 1 : 0
  database.exec(`PRAGMA fullfsync = ${isFullySynced}`)
  database.exec(`PRAGMA checkpoint_fullfsync = ${isFullySynced}`)
  database.exec(`PRAGMA wal_autocheckpoint = ${walPages}`)
  database.exec('PRAGMA temp_store = MEMORY')
  const found = {
    journal_mode: database.pragma('journal_mode'),
    synchronous: database.pragma('synchronous'),
    fullfsync: database.pragma('fullfsync'),
  }
  if (found.journal_mode !== 'wal' || found.synchronous !== wanted || found.fullfsync !== isFullySynced) {
    const message = `${path} cannot give the durability "${durability}": SQLite reports ${JSON.stringify(found)}`
    throw storeError('WAYSTONE_STORE_FAILED', message, { path, ...found })
  }
}
