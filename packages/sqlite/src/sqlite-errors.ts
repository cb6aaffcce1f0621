import { StoreError, storeError } from '@waystone/core/store'

/** Primary result codes of SQLite. Source: sqlite.org/rescode.html */
const result = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  tooBig: 18,
  constraint: 19,
  mismatch: 20,
  range: 25,
  notADatabase: 26,
} as const

/** The primary result code of an error of node:sqlite; undefined for other errors. */
function resultCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

/** True when another connection holds the lock and a later try may succeed. */
export function isBusy(error: unknown): boolean {
  const code = resultCodeOf(error)
  return code === result.busy || code === result.locked
}

/** True when the error concerns the data of one statement, not the database: others may go on in another transaction. */
export function isOfOneStatement(error: unknown): boolean {
  const code = resultCodeOf(error)
  if (code === undefined) return true
  return code === result.constraint || code === result.tooBig || code === result.mismatch || code === result.range
}

/**
 * Says in the terms of a store what SQLite or the file system refused.
 *
 * @param path - of the database file, for the message
 */
export function toStoreError(error: unknown, path: string): StoreError {
  if (StoreError.isInstance(error)) return error
  const reason = error instanceof Error ? error.message : String(error)
  const systemCode = error instanceof Error && 'code' in error ? error.code : undefined
  switch (resultCodeOf(error) ?? systemCode) {
    case result.busy:
    case result.locked:
      return storeError('WAYSTONE_STORE_LOCKED', `${path} is locked by another program (${reason})`, { path }, error)
    case result.full:
    case 'ENOSPC':
      return storeError(
        'WAYSTONE_STORE_FULL',
        `the disk of ${path} is full; free some space and resume`,
        { path },
        error,
      )
    case result.readOnly:
    case 'EACCES':
    case 'EPERM':
    case 'EROFS': {
      const message = `${path} cannot be written (${reason}); this user needs write permission for the file and its folder`
      return storeError('WAYSTONE_STORE_READ_ONLY', message, { path }, error)
    }
    case result.corrupt:
    case result.notADatabase: {
      const message = `${path} is damaged or no Waystone store (${reason}); restore it from a backup or choose another path`
      return storeError('WAYSTONE_STORE_CORRUPT', message, { path }, error)
    }
    case result.ioError:
    case result.cannotOpen:
    default:
      return storeError('WAYSTONE_STORE_FAILED', `${path}: ${reason}`, { path }, error)
  }
}
