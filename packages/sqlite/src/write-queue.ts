import { StoreError } from '@waystone/core/store'
import type { Database } from './database.ts'
import { isBusy, isOfOneStatement, toStoreError } from './sqlite-errors.ts'

/**
 * Writes of one transaction at most: keeps a turn of the event loop below about 10 ms, and more gains little.
 */
const batchLimit = 128

/** One write: pure SQL, so that it can be run again after a rollback. A {@link StoreError} that it throws says that it wrote nothing. */
interface Write {
  readonly work: (database: Database) => unknown
  readonly resolve: (result: unknown) => void
  readonly reject: (error: StoreError) => void
}

/** What the queue needs of its store. */
export interface WriteQueueOptions {
  /** Opens the database when it is first needed. */
  readonly database: () => Database
  readonly path: string
  /** How long a lock of another process is waited for, ms. */
  readonly lockTimeoutMs: number
  /** Called after a batch was stored. */
  readonly onWritten: () => void
  /** Called when a batch was undone: ids it gave out are void. */
  readonly onUndone: () => void
}

/**
 * Groups the writes of one turn of the event loop into one transaction (group commit).
 *
 * A write that is refused drops out; the others of its batch go on. A transaction that fails fails all of its batch.
 *
 * Order: writes run in the order they were added, and are answered after their transaction is durable.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions
  #waiting: Write[] = []
  #isScheduled = false
  /** When waiting for another process's lock began, by the monotonic clock, ms; undefined: not waiting. */
  #lockedSince: number | undefined
  #onIdle: (() => void)[] = []

  constructor(options: WriteQueueOptions) {
    this.#options = options
  }

  /** Adds a write. @returns what it returns, once durable */
  add<Result>(work: (database: Database) => Result): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      // Each write resolves with what its own work returns.
      this.#waiting.push({ work, resolve: resolve as (result: unknown) => void, reject })
      this.#schedule()
    })
  }

  /** Waits until everything added so far is answered. */
  idle(): Promise<void> {
    if (this.#waiting.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }

  /** In the next turn: the loop turns between batches, and what comes within this turn shares one. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#flush)
  }

  readonly #flush = (): void => {
    this.#isScheduled = false
    const batch = this.#waiting.splice(0, batchLimit)
    try {
      runBatch(this.#options.database(), batch, this.#options)
      this.#lockedSince = undefined
    } catch (error) {
      if (isBusy(error) && this.#retryLater(batch)) return
      this.#lockedSince = undefined
      const refusal = toStoreError(error, this.#options.path)
      for (const { reject } of batch) reject(refusal)
    }
    if (this.#waiting.length > 0) this.#schedule()
    else for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  /** @returns false when the lock has been waited for long enough */
  #retryLater(batch: readonly Write[]): boolean {
    const now = performance.now()
    this.#lockedSince ??= now
    if (now - this.#lockedSince >= this.#options.lockTimeoutMs) return false
    this.#waiting = [...batch, ...this.#waiting]
    this.#isScheduled = true
    setTimeout(this.#flush, lockRetryMs())
    return true
  }
}

/** A random wait, so that two processes that block one another do not go on in step. */
export function lockRetryMs(): number {
  return 1 + Math.random() * 9
}

const none: ReadonlySet<Write> = new Set()

type Answer = { readonly result: unknown } | { readonly refusal: StoreError }

function runBatch(database: Database, batch: readonly Write[], options: WriteQueueOptions): void {
  const answers = new Map<Write, Answer>()
  for (let isDone = false; !isDone;) isDone = runTransaction(database, batch, { answers, options })
  options.onWritten()
  for (const write of batch) {
    const answer = answers.get(write)
    if (answer !== undefined && 'refusal' in answer) write.reject(answer.refusal)
    else write.resolve(answer?.result)
  }
}

/**
 * Runs a batch once.
 *
 * @returns false when one write failed half-way: it is refused now, everything was undone, and the others must run again
 */
function runTransaction(
  database: Database,
  batch: readonly Write[],
  { answers, options }: { readonly answers: Map<Write, Answer>; readonly options: WriteQueueOptions },
): boolean {
  const refusedBefore: ReadonlySet<Write> = answers.size === 0 ? none : new Set(answers.keys())
  database.statement('BEGIN IMMEDIATE').run()
  try {
    for (const write of batch) {
      if (refusedBefore.has(write)) continue
      const answer = attempt(database, write, options.path)
      if (answer === undefined) continue
      answers.set(write, answer)
      if ('isHalfDone' in answer) {
        undo(database, options)
        keepRefusals(answers, refusedBefore, write)
        return false
      }
    }
    database.statement('COMMIT').run()
    return true
  } catch (error) {
    undo(database, options)
    throw error
  }
}

function attempt(
  database: Database,
  { work }: Write,
  path: string,
): Answer | { readonly refusal: StoreError; readonly isHalfDone: true } | undefined {
  try {
    const result = work(database)
    return result === undefined ? undefined : { result }
  } catch (error) {
    if (StoreError.isInstance(error)) return { refusal: error }
    if (!isOfOneStatement(error)) throw error
    return { refusal: toStoreError(error, path), isHalfDone: true }
  }
}

/** What the undone transaction answered is void, also its refusals: they may have rested on the write that is out now. */
function keepRefusals(answers: Map<Write, Answer>, before: ReadonlySet<Write>, failed: Write): void {
  for (const write of answers.keys()) if (write !== failed && !before.has(write)) answers.delete(write)
}

function undo(database: Database, options: WriteQueueOptions): void {
  options.onUndone()
  try {
    database.exec('ROLLBACK')
  } catch {
    // After a full disk or a failed COMMIT SQLite has rolled back by itself, and there is nothing left to undo.
  }
}
