import {
  pageLimit,
  sha256,
  storeError,
  type EffectMark,
  type EngineEvent,
  type LoadedRun,
  type RefusedEvent,
  type RunFilter,
  type RunId,
  type RunPage,
  type RunRow,
  type StoredCheckpoint,
} from '@waystone/core/store'
import type { SQLOutputValue } from 'node:sqlite'
import type { Database } from './database.ts'
import { hashBytes, hashText, runColumns, runTables, toRunRow, type RunRecord } from './run-row.ts'
import { indexedEvery } from './schema.ts'
import { unpackText, type StoredText } from './stored-text.ts'

interface CheckpointRecord {
  readonly position: number
  readonly sequence: number
  readonly text: StoredText
  readonly keyframe: StoredText | null
}

/** The list is that of `hasEnded`. */
const isNotEnded = `status NOT IN ('completed', 'failed', 'cancelled', 'exhausted')`
const isFree = `(lease_until IS NULL OR lease_until <= ?)`

const claimableRuns = `
  SELECT ${runColumns} FROM ${runTables} WHERE runs.id IN (
    SELECT id FROM runs WHERE status = 'running' AND ${isFree}
    UNION SELECT id FROM runs WHERE due_at IS NOT NULL AND due_at <= ? AND ${isFree}
    UNION SELECT runs.id FROM inbox JOIN runs ON runs.id = inbox.run
      WHERE inbox.event IS NOT NULL AND ${isNotEnded} AND ${isFree}
  ) ORDER BY runs.id LIMIT ?`

/** From a position back to a sequence, along the run's own checkpoints. CROSS JOIN keeps SQLite from scanning all checkpoints instead. */
const walkBack = `
  WITH RECURSIVE walk (position, sequence, previous) AS (
    SELECT position, sequence, previous FROM checkpoints WHERE position = ?
    UNION ALL
    SELECT step.position, step.sequence, step.previous FROM walk CROSS JOIN checkpoints AS step ON step.position = walk.previous
      WHERE walk.sequence > ?
  )
  SELECT entry.position, entry.sequence, entry.text, entry.keyframe FROM walk CROSS JOIN checkpoints AS entry ON entry.position = walk.position
    WHERE walk.sequence BETWEEN ? AND ?`

/** From a position back to the newest keyframe, or to the first checkpoint. */
const walkToKeyframe = `
  WITH RECURSIVE walk (position, previous, is_last) AS (
    SELECT position, previous, keyframe IS NOT NULL FROM checkpoints WHERE position = ?
    UNION ALL
    SELECT step.position, step.previous, step.keyframe IS NOT NULL FROM walk CROSS JOIN checkpoints AS step ON step.position = walk.previous
      WHERE NOT walk.is_last
  )
  SELECT entry.position, entry.sequence, entry.text, entry.keyframe FROM walk CROSS JOIN checkpoints AS entry ON entry.position = walk.position`

/**
 * Everything that only reads. Every method reads one state of the database.
 *
 * Parameters are plain `?` everywhere: Node before 22.15 cannot bind numbered ones by place.
 */
export const runReader = {
  row(database: Database, runId: RunId): RunRow | undefined {
    const record = recordOf(database, runId)
    return record === undefined ? undefined : toRunRow(record)
  },

  list(database: Database, filter: RunFilter): RunPage {
    const { conditions, values } = conditionsOf(filter)
    const limit = pageLimit(filter.limit)
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
    const sql = `SELECT ${runColumns} FROM ${runTables} ${where} ORDER BY runs.id DESC LIMIT ?`
    const records = database.statement(sql).all(...values, limit + 1) as unknown as readonly RunRecord[]
    const shown = records.slice(0, limit)
    const last = shown.at(-1)
    return { rows: shown.map(toRunRow), next: records.length > limit && last !== undefined ? String(last.id) : null }
  },

  claimable(database: Database, now: number, limit: number): readonly RunRow[] {
    const records = database.statement(claimableRuns).all(now, now, now, now, limit) as unknown as readonly RunRecord[]
    return records.map(toRunRow)
  },

  load(database: Database, runId: RunId): LoadedRun | undefined {
    const record = recordOf(database, runId)
    if (record === undefined) return undefined
    const found = database.statement(walkToKeyframe).all(record.head) as unknown as readonly CheckpointRecord[]
    const checkpoints = toStored(found, record, record.sequence)
    const marks = database
      .statement('SELECT step, attempt, at FROM marks WHERE run = ? ORDER BY step, attempt')
      .all(record.id)
    return {
      row: toRunRow(record),
      checkpoints,
      marks: marks.map(({ step, attempt, at }) => ({ step, attempt, at }) as unknown as EffectMark),
      inbox: inboxOf(database, record.id),
    }
  },

  checkpoints(
    database: Database,
    runId: RunId,
    range: { readonly from: number; readonly to: number },
  ): readonly StoredCheckpoint[] {
    const record = recordOf(database, runId)
    const to = Math.min(range.to, record?.sequence ?? -1)
    const from = Math.max(0, range.from)
    if (record === undefined || from > to) return []
    const start = positionFrom(database, record, to)
    const found = database.statement(walkBack).all(start, from, from, to) as unknown as readonly CheckpointRecord[]
    if (found.length !== to - from + 1) throw missing(runId, `${from} to ${to}`)
    return toStored(found, record, to)
  },

  keyframe(database: Database, runId: RunId, sequence: number): StoredCheckpoint | undefined {
    const record = recordOf(database, runId)
    if (record === undefined) return undefined
    const columns = 'SELECT position, sequence, text, keyframe FROM checkpoints'
    const found =
      database
        .statement(`${columns} WHERE run = ? AND sequence <= ? AND keyframe IS NOT NULL ORDER BY sequence DESC LIMIT 1`)
        .get(record.id, sequence) ??
      database.statement(`${columns} WHERE run = ? AND sequence = 0 AND sequence % ${indexedEvery} = 0`).get(record.id)
    if (found === undefined) throw missing(runId, '0')
    const entry = found as unknown as CheckpointRecord
    return toStored([entry], record, entry.sequence)[0]
  },

  after(database: Database, position: number, limit: number): readonly StoredCheckpoint[] {
    const found = database
      .statement(
        `SELECT position, runs.run, checkpoints.sequence, text, keyframe FROM checkpoints JOIN runs ON runs.id = checkpoints.run
         WHERE position > ? ORDER BY position LIMIT ?`,
      )
      .all(position, pageLimit(limit)) as unknown as readonly (CheckpointRecord & { readonly run: string })[]
    return found.map((entry) => toCheckpoint(entry, entry.run as RunId))
  },

  inbox(database: Database, runIds: readonly RunId[]): ReadonlyMap<RunId, readonly EngineEvent[]> {
    const inboxes = new Map<RunId, EngineEvent[]>()
    const found = database
      .statement(
        `SELECT runs.run, event FROM json_each(?) AS wanted JOIN runs ON runs.run = wanted.value
         JOIN inbox ON inbox.run = runs.id AND event IS NOT NULL ORDER BY inbox.position`,
      )
      .all(JSON.stringify(runIds)) as unknown as readonly { readonly run: RunId; readonly event: string }[]
    for (const { run, event } of found) {
      const events = inboxes.get(run) ?? []
      events.push(JSON.parse(event) as EngineEvent)
      inboxes.set(run, events)
    }
    return inboxes
  },

  refused(database: Database, runId: RunId): readonly RefusedEvent[] {
    const found = database
      .statement(
        `SELECT refused FROM inbox JOIN runs ON runs.id = inbox.run
         WHERE runs.run = ? AND refused IS NOT NULL ORDER BY inbox.position`,
      )
      .all(runId)
    return found.map(({ refused }) => JSON.parse(String(refused)) as RefusedEvent)
  },

  blob(database: Database, hash: string): string | undefined {
    return unpackFound(database.statement('SELECT text FROM blobs WHERE hash = ?').get(hashBytes(hash))?.['text'])
  },

  graph(database: Database, graphHash: string, behaviourHash: string): string | undefined {
    const found = database
      .statement('SELECT graph FROM graphs WHERE graph_hash = ? AND behaviour_hash = ?')
      .get(graphHash, behaviourHash)
    return unpackFound(found?.['graph'])
  },
}

function recordOf(database: Database, runId: RunId): RunRecord | undefined {
  return database.statement(`SELECT ${runColumns} FROM ${runTables} WHERE run = ?`).get(runId) as RunRecord | undefined
}

function inboxOf(database: Database, id: number): readonly EngineEvent[] {
  const found = database
    .statement('SELECT event FROM inbox WHERE run = ? AND event IS NOT NULL ORDER BY position')
    .all(id)
  return found.map(({ event }) => JSON.parse(String(event)) as EngineEvent)
}

function conditionsOf({ workflow, key, status, tag, since, after }: RunFilter): {
  readonly conditions: readonly string[]
  readonly values: readonly (string | number)[]
} {
  const given: (readonly [condition: string, ...values: (string | number)[]])[] = []
  if (after !== undefined) given.push(['runs.id < ?', Number(after)])
  if (workflow !== undefined) given.push(['workflow = ?', workflow])
  if (key !== undefined) given.push(['key = ?', key])
  if (status !== undefined) given.push(['status IN (SELECT value FROM json_each(?))', JSON.stringify(status)])
  if (since !== undefined) given.push(['created_at >= ?', since])
  if (tag !== undefined) {
    given.push([
      'EXISTS (SELECT 1 FROM json_each(tags) AS tag WHERE tag.key = ? AND tag.value = ?)',
      tag.name,
      tag.value,
    ])
  }
  return { conditions: given.map(([condition]) => condition), values: given.flatMap(([, ...values]) => values) }
}

/** Position of the nearest checkpoint at or after a sequence that can be reached without walking far. */
function positionFrom(database: Database, record: RunRecord, sequence: number): number {
  const found = database
    .statement(
      `SELECT position FROM checkpoints WHERE run = ? AND sequence >= ? AND sequence % ${indexedEvery} = 0 ORDER BY sequence LIMIT 1`,
    )
    .get(record.id, sequence)
  return Number(found?.['position'] ?? record.head)
}

function toStored(found: readonly CheckpointRecord[], run: RunRecord, to: number): readonly StoredCheckpoint[] {
  const runId = run.run as RunId
  const stored = found
    .map((entry) => toCheckpoint(entry, runId))
    .toSorted((left, right) => left.sequence - right.sequence)
  if (stored.at(-1)?.sequence !== to) throw missing(runId, String(to))
  if (to === run.sequence && stored.at(-1)?.hash !== hashText(run.hash)) {
    const message = `checkpoint ${to} of run ${runId} is damaged: its text does not have its hash`
    throw storeError('WAYSTONE_STORE_CORRUPT', message, { runId, sequence: to })
  }
  return stored
}

function toCheckpoint(
  { position, sequence, text: stored, keyframe }: CheckpointRecord,
  runId: RunId,
): StoredCheckpoint {
  const text = unpackText(stored)
  return {
    runId,
    sequence,
    position,
    text,
    hash: sha256(text),
    keyframe: keyframe === null ? null : unpackText(keyframe),
  }
}

function unpackFound(stored: SQLOutputValue | undefined): string | undefined {
  return typeof stored === 'string' || stored instanceof Uint8Array ? unpackText(stored) : undefined
}

function missing(runId: RunId, which: string): Error {
  return storeError('WAYSTONE_STORE_CORRUPT', `checkpoint ${which} of run ${runId} is missing`, { runId })
}
