import type * as Sqlite from 'node:sqlite'
import { storeError } from '@waystone/core/store'

/** Node's SQLite binding. */
export type SqliteModule = typeof Sqlite

/**
 * Loads `node:sqlite` without its ExperimentalWarning, which is of no use to people who run a workflow.
 *
 * Node gives that warning once, while the module is loaded, which happens inside this one synchronous call; every other warning,
 * and this one from any other place, goes through.
 *
 * @throws {StoreError} WAYSTONE_STORE_FAILED when this Node has no SQLite
 */
export function loadSqlite(): SqliteModule {
  // oxlint-disable-next-line typescript/unbound-method -- put back as it was, and called on process
  const { emitWarning } = process
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    if (typeof warning === 'string' && rest[0] === 'ExperimentalWarning' && warning.startsWith('SQLite ')) return
    Reflect.apply(emitWarning, process, [warning, ...rest])
  }
  try {
    const loaded = process.getBuiltinModule('node:sqlite') as SqliteModule | undefined
    if (loaded !== undefined) return loaded
  } finally {
    process.emitWarning = emitWarning
  }
  throw storeError(
    'WAYSTONE_STORE_FAILED',
    `this Node (${process.version}) has no node:sqlite; the SQLite store needs Node 22.13 or newer`,
  )
}
