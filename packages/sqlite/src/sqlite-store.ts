import { resolve } from 'node:path'
import {
  storeError,
  type Commit,
  type EngineEvent,
  type Lease,
  type NewRun,
  type PermitAnswer,
  type PermitRequest,
  type PermitRow,
  type RunFilter,
  type RunId,
  type Store,
} from '@waystone/core/store'
import { ChangeWatch } from './change-watch.ts'
import { isFilePath, openDatabase, type Database } from './database.ts'
import { permitTables } from './permit-tables.ts'
import { ruleRows } from './rule-rows.ts'
import { runReader } from './run-reader.ts'
import { RunWriter } from './run-writer.ts'
import { readWhenFree } from './read-when-free.ts'
import { toStoreError } from './sqlite-errors.ts'
import { WriteQueue } from './write-queue.ts'

/** What {@link createSqliteStore} takes. */
export interface SqliteStoreOptions {
  /** The database's file, e.g. `.waystone/runs.db`; created when missing, with its folder. Two more files appear beside it (`-wal`, `-shm`). */
  readonly path: string
  /** `power`: what is committed survives a power cut (fsync at every commit); `process`: it survives the process, also kill -9. Default `power`. */
  readonly durability?: 'power' | 'process'
  /** How long a lock of another process is waited for before a call fails, ms, 0 or more. Default 10,000. */
  readonly lockTimeoutMs?: number
  /** Fail instead of creating a file that is not there. Default false. */
  readonly mustExist?: boolean
}

/**
 * The embedded store: one SQLite file that several processes on one machine may use at once.
 *
 * The file is opened by the first call, so creating a store touches nothing; a path that cannot be used fails that call.
 *
 * @returns a store whose every method fails with `StoreError` only
 * @example
 * const store = createSqliteStore({ path: '.waystone/runs.db' })
 */
export function createSqliteStore(options: SqliteStoreOptions): Store {
  return new SqliteStore(options)
}

class SqliteStore implements Store {
  readonly name: string
  readonly durability: 'power' | 'process'
  readonly #path: string
  readonly #mustExist: boolean
  readonly #lockTimeoutMs: number
  readonly #writer = new RunWriter()
  readonly #queue: WriteQueue
  readonly #watch: ChangeWatch
  #open: Database | undefined
  #isClosed = false

  constructor({ path, durability = 'power', lockTimeoutMs = 10_000, mustExist = false }: SqliteStoreOptions) {
    this.name = `sqlite:${path}`
    this.durability = durability
    // Fixed now, whatever folder the process works in later.
    this.#path = isFilePath(path) ? resolve(path) : path
    this.#mustExist = mustExist
    this.#lockTimeoutMs = lockTimeoutMs
    this.#watch = new ChangeWatch({ dataVersion: () => this.#dataVersion() })
    this.#queue = new WriteQueue({
      database: () => this.#database(),
      path: this.#path,
      lockTimeoutMs,
      onWritten: () => this.#watch.changed(),
      onUndone: () => this.#writer.forget(),
    })
  }

  create(run: NewRun): ReturnType<Store['create']> {
    return this.#write((database) => this.#writer.create(database, run))
  }

  commit(commit: Commit): Promise<void> {
    return this.#write((database) => this.#writer.commit(database, commit))
  }

  markStarted(mark: Parameters<Store['markStarted']>[0]): Promise<void> {
    return this.#write((database) => this.#writer.markStarted(database, mark))
  }

  acquire(request: Parameters<Store['acquire']>[0]): ReturnType<Store['acquire']> {
    return this.#write((database) => this.#writer.acquire(database, request))
  }

  renew(leases: readonly Lease[], expiresAt: number): Promise<readonly RunId[]> {
    return this.#write((database) => this.#writer.renew(database, leases, expiresAt))
  }

  async release(lease: Lease): Promise<void> {
    await this.#write((database) => this.#writer.release(database, lease))
    this.#watch.changedForOthers()
  }

  async deliver(runId: RunId, event: EngineEvent): Promise<'delivered' | 'duplicate'> {
    const result = await this.#write((database) => this.#writer.deliver(database, runId, event))
    this.#watch.changedForOthers()
    return result
  }

  discard(runId: RunId, fence: number, eventIds: readonly string[]): Promise<void> {
    return this.#write((database) => this.#writer.discard(database, { runId, fence, eventIds }))
  }

  async deleteRun(request: Parameters<Store['deleteRun']>[0]): ReturnType<Store['deleteRun']> {
    const deletion = await this.#write((database) => this.#writer.deleteRun(database, request))
    this.#watch.changedForOthers()
    return deletion
  }

  rules(workflow?: string): ReturnType<Store['rules']> {
    return this.#read((database) => ruleRows.list(database, workflow))
  }

  revokeRule(revoke: Parameters<Store['revokeRule']>[0]): ReturnType<Store['revokeRule']> {
    return this.#write((database) => ruleRows.revoke(database, revoke))
  }

  async permits(request: PermitRequest): Promise<PermitAnswer> {
    const { isFreed, ...answer } = await this.#write((database) => this.#writer.permits(database, request))
    if (isFreed) this.#watch.changedForOthers()
    return answer
  }

  permitVersion(): Promise<number> {
    return this.#read((database) => permitTables.version(database))
  }

  line(): Promise<readonly PermitRow[]> {
    return this.#read((database) => permitTables.line(database))
  }

  inbox(runIds: readonly RunId[]): ReturnType<Store['inbox']> {
    return this.#read((database) => runReader.inbox(database, runIds))
  }

  claimable(now: number, limit: number): ReturnType<Store['claimable']> {
    return this.#read((database) => runReader.claimable(database, now, limit))
  }

  row(runId: RunId): ReturnType<Store['row']> {
    return this.#read((database) => runReader.row(database, runId))
  }

  list(filter: RunFilter): ReturnType<Store['list']> {
    return this.#read((database) => runReader.list(database, filter))
  }

  load(runId: RunId): ReturnType<Store['load']> {
    return this.#read((database) => runReader.load(database, runId))
  }

  checkpoints(runId: RunId, from: number, to: number): ReturnType<Store['checkpoints']> {
    return this.#read((database) => runReader.checkpoints(database, runId, { from, to }))
  }

  keyframe(runId: RunId, sequence: number): ReturnType<Store['keyframe']> {
    return this.#read((database) => runReader.keyframe(database, runId, sequence))
  }

  after(position: number, limit: number): ReturnType<Store['after']> {
    return this.#read((database) => runReader.after(database, position, limit))
  }

  blob(hash: string): Promise<string | undefined> {
    return this.#read((database) => runReader.blob(database, hash))
  }

  graph(graphHash: string, behaviourHash: string): Promise<string | undefined> {
    return this.#read((database) => runReader.graph(database, graphHash, behaviourHash))
  }

  watch(callback: () => void): () => void {
    return this.#watch.add(callback)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#watch.stop()
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
    this.#open ??= openDatabase({ path: this.#path, durability: this.durability, mustExist: this.#mustExist })
    return this.#open
  }

  #dataVersion(): number | undefined {
    try {
      return Number(this.#database().statement('PRAGMA data_version').get()?.['data_version'])
    } catch {
      return undefined
    }
  }

  #closed(): Error {
    return storeError('WAYSTONE_STORE_CLOSED', `the store ${this.name} has been closed`)
  }
}
