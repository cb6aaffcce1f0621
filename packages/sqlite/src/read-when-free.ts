import type { Database } from './database.ts'
import { isBusy, toStoreError } from './sqlite-errors.ts'
import { lockRetryMs } from './write-queue.ts'

/** Where a read looks. */
export interface ReadTerms {
  /** Opens the database when it is first needed; throws a `StoreError` when it has been closed. */
  readonly database: () => Database
  readonly path: string
  /** How long a lock of another process is waited for, ms. */
  readonly lockTimeoutMs: number
}

/** Runs a read so that all its statements see one state, waiting for another process's lock without blocking the event loop. */
export async function readWhenFree<Result>(
  work: (database: Database) => Result,
  { database, path, lockTimeoutMs }: ReadTerms,
): Promise<Result> {
  const deadline = performance.now() + lockTimeoutMs
  for (;;) {
    try {
      return readOnce(database(), work)
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw toStoreError(error, path)
    }
    await new Promise((resolve) => setTimeout(resolve, lockRetryMs()))
  }
}

function readOnce<Result>(database: Database, work: (database: Database) => Result): Result {
  database.statement('BEGIN').run()
  try {
    return work(database)
  } finally {
    database.statement('COMMIT').run()
  }
}
