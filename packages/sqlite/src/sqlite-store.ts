import type {
  Commit,
  EngineEvent,
  Lease,
  NewRun,
  PermitAnswer,
  PermitRequest,
  PermitRow,
  RefusedEvent,
  RunFilter,
  RunId,
  Store,
} from '@waystone/core/store'
import { ChangeWatch } from './change-watch.ts'
import { permitTables } from './permit-tables.ts'
import { ruleRows } from './rule-rows.ts'
import { runReader } from './run-reader.ts'
import { RunWriter } from './run-writer.ts'
import { runTables } from './schema.ts'
import { SqliteFile, type SqliteStoreOptions } from './sqlite-file.ts'

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
  readonly #writer = new RunWriter()
  readonly #watch: ChangeWatch
  readonly #file: SqliteFile

  constructor(options: SqliteStoreOptions) {
    this.#file = new SqliteFile(options, {
      tables: runTables,
      called: 'store',
      onWritten: () => this.#watch.changed(),
      onUndone: () => this.#writer.forget(),
    })
    this.#watch = new ChangeWatch({ dataVersion: () => this.#file.dataVersion() })
    this.name = this.#file.name
    this.durability = this.#file.durability
  }

  create(run: NewRun): ReturnType<Store['create']> {
    return this.#file.write((database) => this.#writer.create(database, run))
  }

  commit(commit: Commit): Promise<void> {
    return this.#file.write((database) => this.#writer.commit(database, commit))
  }

  markStarted(mark: Parameters<Store['markStarted']>[0]): Promise<void> {
    return this.#file.write((database) => this.#writer.markStarted(database, mark))
  }

  acquire(request: Parameters<Store['acquire']>[0]): ReturnType<Store['acquire']> {
    return this.#file.write((database) => this.#writer.acquire(database, request))
  }

  renew(leases: readonly Lease[], expiresAt: number): Promise<readonly RunId[]> {
    return this.#file.write((database) => this.#writer.renew(database, leases, expiresAt))
  }

  async release(lease: Lease): Promise<void> {
    await this.#file.write((database) => this.#writer.release(database, lease))
    this.#watch.changedForOthers()
  }

  async deliver(runId: RunId, event: EngineEvent): Promise<'delivered' | 'duplicate'> {
    const result = await this.#file.write((database) => this.#writer.deliver(database, runId, event))
    this.#watch.changedForOthers()
    return result
  }

  async discard(runId: RunId, fence: number, refused: readonly RefusedEvent[]): Promise<void> {
    await this.#file.write((database) => this.#writer.discard(database, { runId, fence, refused }))
    this.#watch.changedForOthers()
  }

  refused(runId: RunId): ReturnType<Store['refused']> {
    return this.#file.read((database) => runReader.refused(database, runId))
  }

  async deleteRun(request: Parameters<Store['deleteRun']>[0]): ReturnType<Store['deleteRun']> {
    const deletion = await this.#file.write((database) => this.#writer.deleteRun(database, request))
    // What was overwritten stands in the log too, as it was first written.
    if (deletion.type === 'deleted') this.#file.foldLog()
    this.#watch.changedForOthers()
    return deletion
  }

  rules(workflow?: string): ReturnType<Store['rules']> {
    return this.#file.read((database) => ruleRows.list(database, workflow))
  }

  revokeRule(revoke: Parameters<Store['revokeRule']>[0]): ReturnType<Store['revokeRule']> {
    return this.#file.write((database) => ruleRows.revoke(database, revoke))
  }

  async permits(request: PermitRequest): Promise<PermitAnswer> {
    const { isFreed, ...answer } = await this.#file.write((database) => this.#writer.permits(database, request))
    if (isFreed) this.#watch.changedForOthers()
    return answer
  }

  permitVersion(): Promise<number> {
    return this.#file.read((database) => permitTables.version(database))
  }

  line(): Promise<readonly PermitRow[]> {
    return this.#file.read((database) => permitTables.line(database))
  }

  inbox(runIds: readonly RunId[]): ReturnType<Store['inbox']> {
    return this.#file.read((database) => runReader.inbox(database, runIds))
  }

  claimable(now: number, limit: number): ReturnType<Store['claimable']> {
    return this.#file.read((database) => runReader.claimable(database, now, limit))
  }

  row(runId: RunId): ReturnType<Store['row']> {
    return this.#file.read((database) => runReader.row(database, runId))
  }

  list(filter: RunFilter): ReturnType<Store['list']> {
    return this.#file.read((database) => runReader.list(database, filter))
  }

  load(runId: RunId): ReturnType<Store['load']> {
    return this.#file.read((database) => runReader.load(database, runId))
  }

  checkpoints(runId: RunId, from: number, to: number): ReturnType<Store['checkpoints']> {
    return this.#file.read((database) => runReader.checkpoints(database, runId, { from, to }))
  }

  keyframe(runId: RunId, sequence: number): ReturnType<Store['keyframe']> {
    return this.#file.read((database) => runReader.keyframe(database, runId, sequence))
  }

  after(position: number, limit: number): ReturnType<Store['after']> {
    return this.#file.read((database) => runReader.after(database, position, limit))
  }

  blob(hash: string): Promise<string | undefined> {
    return this.#file.read((database) => runReader.blob(database, hash))
  }

  graph(graphHash: string, behaviourHash: string): Promise<string | undefined> {
    return this.#file.read((database) => runReader.graph(database, graphHash, behaviourHash))
  }

  watch(callback: () => void): () => void {
    return this.#watch.add(callback)
  }

  async close(): Promise<void> {
    this.#watch.stop()
    await this.#file.close()
  }
}
