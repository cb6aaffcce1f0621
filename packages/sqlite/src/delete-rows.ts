import type { RunId } from '@waystone/core/store'
import type { Database } from './database.ts'

/** The run's blobs that no other run uses. */
const ownBlobs = `SELECT blob FROM blob_users AS own WHERE own.run = ?
  AND NOT EXISTS (SELECT 1 FROM blob_users AS other WHERE other.blob = own.blob AND other.run <> own.run)`

/** All places of a run's checkpoints, from its head back: most are in no index. */
const ownPlaces = `WITH RECURSIVE walk (position, previous) AS (
    SELECT position, previous FROM checkpoints WHERE position = ?
    UNION ALL
    SELECT step.position, step.previous FROM walk CROSS JOIN checkpoints AS step ON step.position = walk.previous
  )
  SELECT position FROM walk`

/**
 * The last place of all is not given up: SQLite would give it to the next checkpoint, and followers have read past it. An empty row of
 * no run keeps it.
 */
const keepLastPlace = `UPDATE checkpoints SET run = 0, sequence = 1, previous = NULL, text = '', keyframe = NULL
  WHERE position = (SELECT max(position) FROM checkpoints) AND run = ?`

/** A run about to be deleted. */
export interface DoomedRun {
  /** Inside the database. */
  readonly id: number
  readonly runId: RunId
  /** Place of its last checkpoint. */
  readonly head: number
  /** Ms since the epoch. */
  readonly at: number
}

/** Deletes everything of a run. */
export function deleteRows(
  database: Database,
  { id, runId, head, at }: DoomedRun,
): { readonly checkpoints: number; readonly blobs: number } {
  const blobs = database.statement(`DELETE FROM blobs WHERE hash IN (${ownBlobs})`).run(id).changes
  const places = database.statement(ownPlaces).all(head)
  database.statement(keepLastPlace).run(id)
  for (const { position } of places)
    database.statement('DELETE FROM checkpoints WHERE position = ? AND run = ?').run(position ?? null, id)
  for (const table of ['blob_users', 'marks', 'inbox']) database.statement(`DELETE FROM ${table} WHERE run = ?`).run(id)
  database.statement('DELETE FROM runs WHERE id = ?').run(id)
  database.statement('INSERT INTO deleted_runs (id, run, deleted_at) VALUES (?, ?, ?)').run(id, runId, at)
  return { checkpoints: places.length, blobs: Number(blobs) }
}
