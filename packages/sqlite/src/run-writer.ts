import {
  checkpointsOf,
  keptFrom,
  storeError,
  type Acquisition,
  type Blob,
  type Commit,
  type Deletion,
  type EffectMark,
  type EngineEvent,
  type Lease,
  type NewRun,
  type Owner,
  type PermitRequest,
  type RefusedEvent,
  type RunId,
  type Store,
} from '@waystone/core/store'
import type { StatementResultingChanges } from 'node:sqlite'
import type { Database } from './database.ts'
import { deleteRows } from './delete-rows.ts'
import { permitTables } from './permit-tables.ts'
import { ruleRows } from './rule-rows.ts'
import { packText, type StoredText } from './stored-text.ts'
import { hashBytes, leaseOf, runColumns, runTables, summaryText, toRunRow, type RunRecord } from './run-row.ts'

/** Runs whose inside ids are remembered. */
const rememberedRuns = 10_000

const insertGraph = `INSERT INTO graphs (graph_hash, behaviour_hash, graph) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`
const insertOwner = `INSERT INTO owners (owner, host, pid, started_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`
const insertBlob = `INSERT INTO blobs (hash, text) VALUES (?, ?) ON CONFLICT DO NOTHING`
const insertBlobUser = `INSERT INTO blob_users (blob, run) VALUES (?, ?) ON CONFLICT DO NOTHING`
/** The id of a run that was deleted is not given to another one: processes remember ids, and so do pages of a listing. */
const nextRunId = `(SELECT max(ifnull((SELECT max(id) FROM runs), 0), ifnull((SELECT max(id) FROM deleted_runs), 0)) + 1)`
const insertRun = `INSERT INTO runs (id, run, workflow, version, graph, key, tags, origin, created_at, fence, owner, lease_until, sequence,
  head, hash, status, due_at, summary, updated_at)
  VALUES (${nextRunId}, ?, ?, ?, (SELECT id FROM graphs WHERE graph_hash = ? AND behaviour_hash = ?), ?, ?, ?, ?, 1,
  (SELECT id FROM owners WHERE owner = ?), ?, 0, 0, ?, ?, ?, ?, ?)`
const insertFirst = `INSERT INTO checkpoints (run, sequence, previous, text, keyframe) VALUES (?, 0, NULL, ?, ?)`
const setHead = `UPDATE runs SET head = ? WHERE id = ?`

/** Inserts only for the owner that is in order: nothing is written otherwise. */
const insertNext = `INSERT INTO checkpoints (run, sequence, previous, text, keyframe)
  SELECT id, ?, head, ?, ? FROM runs WHERE id = ? AND fence = ? AND sequence = ?`
/** Inserts one more in the same transaction. */
const insertAnother = `INSERT INTO checkpoints (run, sequence, previous, text, keyframe) VALUES (?, ?, ?, ?, ?)`
/** Leaves indexed columns alone, which mostly do not change: setting them would write a page of each index. */
const advance = `UPDATE runs SET sequence = ?, head = ?, hash = ?, summary = ?, updated_at = ?
  WHERE id = ? AND status = ? AND due_at IS ?`
const advanceFully = `UPDATE runs SET sequence = ?, head = ?, hash = ?, summary = ?, updated_at = ?, status = ?, due_at = ? WHERE id = ?`

const consume = `UPDATE inbox SET event = NULL WHERE run = ? AND event_id = ?`
const refuse = `UPDATE inbox SET event = NULL, refused = ? WHERE run = ? AND event_id = ? AND event IS NOT NULL`

/**
 * Everything that changes the database. Every method runs inside a transaction of the write queue, may be run again after a
 * rollback, and throws a StoreError only before it has written anything.
 */
export class RunWriter {
  readonly #ids = new Map<RunId, number>()

  /** After a rollback: ids given out inside it may be given to other runs. */
  forget(): void {
    this.#ids.clear()
  }

  create(database: Database, run: NewRun): Awaited<ReturnType<Store['create']>> {
    const { runId, checkpoint, owner, at } = run
    const existing = run.key === null ? undefined : this.#runWithKey(database, run.workflow, run.key)
    if (existing !== undefined) return { type: 'exists', runId: existing }
    if (this.#findId(database, runId) !== undefined) {
      throw storeError('WAYSTONE_STORE_RUN_EXISTS', `run ${runId} is already stored`, { runId })
    }
    const expiresAt = at + run.leaseMs
    database.statement(insertGraph).run(run.graphHash, run.behaviourHash, packText(run.graph))
    this.#insertOwner(database, owner)
    const { lastInsertRowid } = this.#insertRun(database, run)
    const first = database
      .statement(insertFirst)
      .run(lastInsertRowid, packText(checkpoint.text), packKeyframe(checkpoint.keyframe))
    database.statement(setHead).run(first.lastInsertRowid, lastInsertRowid)
    insertBlobs(database, run.blobs, Number(lastInsertRowid))
    return { type: 'created', lease: { runId, fence: 1, owner, expiresAt } }
  }

  commit(database: Database, commit: Commit): void {
    const { fence, checkpoint, blobs, summary, consumed, rule, at } = commit
    const { runId } = checkpoint
    const id = this.#idOf(database, runId)
    const [{ sequence, text, keyframe }, ...others] = checkpointsOf(commit)
    const inserted = database
      .statement(insertNext)
      .run(sequence, packText(text), packKeyframe(keyframe), id, fence, sequence - 1)
    if (inserted.changes !== 1) throw this.#conflict(database, runId, { fence, sequence })
    let head = inserted.lastInsertRowid
    for (const one of others)
      head = database
        .statement(insertAnother)
        .run(id, one.sequence, head, packText(one.text), packKeyframe(one.keyframe)).lastInsertRowid
    const values = [checkpoint.sequence, head, hashBytes(checkpoint.hash), summaryText(summary), at] as const
    const { changes } = database.statement(advance).run(...values, id, summary.status, summary.nextDueAt)
    if (changes !== 1) database.statement(advanceFully).run(...values, summary.status, summary.nextDueAt, id)
    if (blobs.length > 0) insertBlobs(database, blobs, id)
    for (const eventId of consumed) database.statement(consume).run(id, eventId)
    if (rule !== undefined) ruleRows.insert(database, id, rule)
  }

  markStarted(database: Database, mark: EffectMark & { readonly runId: RunId; readonly fence: number }): void {
    const id = this.#fencedId(database, mark.runId, mark.fence)
    database
      .statement('INSERT INTO marks (run, step, attempt, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING')
      .run(id, mark.step, mark.attempt, mark.at)
  }

  acquire(database: Database, request: Parameters<Store['acquire']>[0]): Acquisition {
    const { runId, owner, leaseMs, now, dead } = request
    const record = this.#record(database, runId)
    if (record === undefined) return { type: 'missing' }
    const lease = leaseOf(record)
    const isOwn = lease?.owner.id === owner.id
    const isFree = lease === null || lease.expiresAt <= now || lease.owner.id === dead
    if (lease !== null && !isFree && !isOwn) return { type: 'held', lease }
    const fence = isOwn ? record.fence : record.fence + 1
    const expiresAt = now + leaseMs
    this.#insertOwner(database, owner)
    database
      .statement(
        'UPDATE runs SET fence = ?, owner = (SELECT id FROM owners WHERE owner = ?), lease_until = ? WHERE id = ?',
      )
      .run(fence, owner.id, expiresAt, record.id)
    return { type: 'acquired', lease: { runId, fence, owner, expiresAt } }
  }

  renew(database: Database, leases: readonly Lease[], expiresAt: number): readonly RunId[] {
    const statement = database.statement(
      'UPDATE runs SET lease_until = ? WHERE run = ? AND fence = ? AND owner = (SELECT id FROM owners WHERE owner = ?)',
    )
    const isLost = ({ runId, fence, owner }: Lease): boolean =>
      statement.run(expiresAt, runId, fence, owner.id).changes !== 1
    return leases.filter(isLost).map(({ runId }) => runId)
  }

  release(database: Database, { runId, fence, owner }: Lease): void {
    database
      .statement(
        `UPDATE runs SET owner = NULL, lease_until = NULL
         WHERE run = ? AND fence = ? AND owner = (SELECT id FROM owners WHERE owner = ?)`,
      )
      .run(runId, fence, owner.id)
  }

  deliver(database: Database, runId: RunId, event: EngineEvent): 'delivered' | 'duplicate' {
    const id = this.#idOf(database, runId)
    const { changes } = database
      .statement(
        'INSERT INTO inbox (run, event_id, event) SELECT id, ?, ? FROM runs WHERE id = ? ON CONFLICT DO NOTHING',
      )
      .run(event.id, JSON.stringify(event), id)
    if (changes === 1) return 'delivered'
    if (this.#record(database, runId) === undefined) throw this.#unknown(runId)
    return 'duplicate'
  }

  discard(
    database: Database,
    request: { readonly runId: RunId; readonly fence: number; readonly refused: readonly RefusedEvent[] },
  ): void {
    const id = this.#fencedId(database, request.runId, request.fence)
    for (const one of request.refused) database.statement(refuse).run(JSON.stringify(one), id, one.id)
  }

  deleteRun(database: Database, { runId, ...request }: Parameters<Store['deleteRun']>[0]): Deletion {
    const record = this.#record(database, runId)
    if (record === undefined) return { type: 'missing' }
    const kept = keptFrom(toRunRow(record), request)
    if (kept !== undefined) return kept
    this.#ids.delete(runId)
    return { type: 'deleted', ...deleteRows(database, { id: record.id, runId, head: record.head, at: request.now }) }
  }

  permits(database: Database, request: PermitRequest): ReturnType<typeof permitTables.take> {
    return permitTables.take(database, request, (owner) => this.#insertOwner(database, owner))
  }

  #insertRun(database: Database, run: NewRun): StatementResultingChanges {
    const { runId, checkpoint, summary, at } = run
    const values = [
      runId,
      run.workflow,
      run.workflowVersion,
      run.graphHash,
      run.behaviourHash,
      run.key,
      Object.keys(run.tags).length === 0 ? null : JSON.stringify(run.tags),
      run.forkedFrom === null ? null : JSON.stringify(run.forkedFrom),
      at,
      run.owner.id,
      at + run.leaseMs,
      hashBytes(checkpoint.hash),
      summary.status,
      summary.nextDueAt,
      summaryText(summary),
      at,
    ]
    return database.statement(insertRun).run(...values)
  }

  #runWithKey(database: Database, workflow: string, key: string): RunId | undefined {
    const found = database
      .statement('SELECT run FROM runs WHERE workflow = ? AND key = ? AND key IS NOT NULL')
      .get(workflow, key)
    return found?.['run'] as RunId | undefined
  }

  #insertOwner(database: Database, { id, host, pid, processStartedAt }: Owner): void {
    database.statement(insertOwner).run(id, host, pid, processStartedAt)
  }

  #record(database: Database, runId: RunId): RunRecord | undefined {
    return database.statement(`SELECT ${runColumns} FROM ${runTables} WHERE run = ?`).get(runId) as
      | RunRecord
      | undefined
  }

  #findId(database: Database, runId: RunId): number | undefined {
    const known = this.#ids.get(runId)
    if (known !== undefined) return known
    const id = database.statement('SELECT id FROM runs WHERE run = ?').get(runId)?.['id']
    if (typeof id !== 'number') return undefined
    if (this.#ids.size >= rememberedRuns) this.#ids.clear()
    this.#ids.set(runId, id)
    return id
  }

  #idOf(database: Database, runId: RunId): number {
    const id = this.#findId(database, runId)
    if (id === undefined) throw this.#unknown(runId)
    return id
  }

  #unknown(runId: RunId): Error {
    this.#ids.delete(runId)
    return storeError('WAYSTONE_STORE_RUN_UNKNOWN', `no run ${runId} is stored here`, { runId })
  }

  #fencedId(database: Database, runId: RunId, fence: number): number {
    const id = this.#idOf(database, runId)
    const found = database.statement('SELECT 1 FROM runs WHERE id = ? AND fence = ?').get(id, fence)
    if (found === undefined) throw this.#conflict(database, runId, { fence })
    return id
  }

  #conflict(database: Database, runId: RunId, wanted: { readonly fence: number; readonly sequence?: number }): Error {
    const record = this.#record(database, runId)
    if (record === undefined) return this.#unknown(runId)
    if (record.fence !== wanted.fence) {
      const message = `run ${runId} is written under fence ${record.fence} by now, not ${wanted.fence}: another owner has taken it`
      return storeError('WAYSTONE_STORE_CONFLICT', message, { runId, fence: record.fence })
    }
    const message = `run ${runId} is at sequence ${record.sequence}; the next is ${record.sequence + 1}, not ${wanted.sequence}`
    return storeError('WAYSTONE_STORE_CONFLICT', message, { runId, sequence: record.sequence })
  }
}

function insertBlobs(database: Database, blobs: readonly Blob[], run: number): void {
  for (const { hash, text } of blobs) {
    database.statement(insertBlob).run(hashBytes(hash), packText(text))
    database.statement(insertBlobUser).run(hashBytes(hash), run)
  }
}

function packKeyframe(keyframe: string | null): StoredText | null {
  return keyframe === null ? null : packText(keyframe)
}
