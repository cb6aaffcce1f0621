import {
  asciiTerm,
  listCursor,
  listLimit,
  memoryLimit,
  queryTermsOf,
  readListCursor,
  readSearchCursor,
  revisionError,
  scopeEnd,
  scopeOf,
  scopeText,
  searchLimit,
  termsOf,
  writeIdMs,
  type CheckedPut,
  type Json,
  type MemoryEntry,
  type MemoryFilter,
  type MemoryPage,
  type MemoryPut,
  type MemorySearch,
  type MemoryWrite,
  type MemoryWritten,
} from '@waystone/core/store'
import type { Database } from './database.ts'

/** Rows of what is expired or old that one write takes out, at most: its own cost stays bounded. */
const forgottenPerWrite = 16

type Row = Record<string, unknown>

/** Reading and writing the tables of long-term memory. What they are given has been checked; writes run inside a transaction. */
export const memoryRows = {
  put(database: Database, put: MemoryPut, checked: CheckedPut): MemoryWritten {
    return once(database, put, (before) => {
      const { value, text, tags, expiresAt } = checked
      const { id, revision } = database
        .statement(
          `INSERT INTO entries (scope, key, value, text, tags, revision, created_at, updated_at, expires_at)
           VALUES (?, ?, ?, ?, ?, (SELECT last FROM revisions), ?, ?, ?)
           ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value, text = excluded.text, tags = excluded.tags,
             revision = excluded.revision, created_at = excluded.created_at, updated_at = excluded.updated_at, expires_at = excluded.expires_at
           RETURNING id, revision`,
        )
        .get(
          scopeText(put.scope),
          put.key,
          JSON.stringify(value),
          text,
          JSON.stringify(tags),
          before?.createdAt ?? put.now,
          put.now,
          expiresAt,
        ) as Row
      database.statement('DELETE FROM terms WHERE rowid = ?').run(Number(id))
      const terms = termsOf(text).map(asciiTerm).join(' ')
      database.statement('INSERT INTO terms (rowid, words) VALUES (?, ?)').run(Number(id), terms)
      return { revision: Number(revision), isNew: before === undefined }
    })
  },

  delete(database: Database, write: MemoryWrite): boolean {
    return once(database, write, (before) => {
      remove(database, 'scope = ? AND key = ?', [scopeText(write.scope), write.key])
      return before !== undefined
    })
  },

  get(database: Database, { scope, key, now }: Omit<MemoryWrite, 'writeId'>): MemoryEntry | undefined {
    const row = database
      .statement('SELECT * FROM entries WHERE scope = ? AND key = ? AND (expires_at IS NULL OR expires_at > ?)')
      .get(scopeText(scope), key, now)
    return row === undefined ? undefined : entryOf(row)
  },

  list(database: Database, filter: MemoryFilter): MemoryPage {
    const limit = memoryLimit(filter.limit, listLimit)
    const rows = database
      .statement(`SELECT * FROM entries WHERE ${matching} AND (scope, key) > (?, ?) ORDER BY scope, key LIMIT ?`)
      .all(...matchingValues(filter), ...readListCursor(filter), limit + 1)
    const entries = rows.slice(0, limit).map(entryOf)
    const last = entries.at(-1)
    return { entries, next: rows.length > limit && last !== undefined ? listCursor(last) : null }
  },

  search(database: Database, search: MemorySearch): MemoryPage {
    const limit = memoryLimit(search.limit, searchLimit)
    const from = readSearchCursor(search)
    // Every term is letters and digits in quotation marks: nothing that was asked for can be taken for an operator.
    const query = queryTermsOf(search.text)
      .map((term) => `"${asciiTerm(term)}"`)
      .join(' OR ')
    if (query === '') return { entries: [], next: null }
    const rows = database
      .statement(
        `SELECT entries.* FROM terms JOIN entries ON entries.id = terms.rowid
         WHERE terms MATCH ? AND ${matching} ORDER BY bm25(terms), revision DESC LIMIT ? OFFSET ?`,
      )
      .all(query, ...matchingValues(search), limit + 1, from)
    return { entries: rows.slice(0, limit).map(entryOf), next: rows.length > limit ? String(from + limit) : null }
  },
}

const matching = `scope >= ? AND scope < ? AND (expires_at IS NULL OR expires_at > ?)
  AND (? = '' OR EXISTS (SELECT 1 FROM json_each(entries.tags) WHERE json_each.value = ?))`

function matchingValues({ scope, now, tag = '' }: MemoryFilter): readonly [string, string, number, string, string] {
  return [scopeText(scope), scopeEnd(scope), now, tag, tag]
}

/** Does a write unless it was done before under its id, and keeps the answer under that id. */
function once<Answer extends MemoryWritten | boolean>(
  database: Database,
  write: MemoryWrite,
  work: (before: MemoryEntry | undefined) => Answer,
): Answer {
  forget(database, write.now)
  const { writeId } = write
  const known =
    writeId === undefined ? undefined : database.statement('SELECT answer FROM writes WHERE id = ?').get(writeId)
  // A write id belongs to one call in one place, whose answer has one type.
  if (known !== undefined) return JSON.parse(String(known['answer'])) as Answer
  const before = memoryRows.get(database, write)
  const revision = before?.revision ?? 0
  if (write.ifRevision !== undefined && write.ifRevision !== revision) throw revisionError(write, revision)
  database.statement('UPDATE revisions SET last = last + 1').run()
  const answer = work(before)
  if (writeId !== undefined)
    database
      .statement('INSERT INTO writes (id, at, answer) VALUES (?, ?, ?)')
      .run(writeId, write.now, JSON.stringify(answer))
  return answer
}

/** Takes out some of what has expired, and of the write ids that are old enough. */
function forget(database: Database, now: number): void {
  remove(database, `id IN (SELECT id FROM entries WHERE expires_at <= ? LIMIT ${forgottenPerWrite})`, [now])
  database
    .statement(`DELETE FROM writes WHERE id IN (SELECT id FROM writes WHERE at <= ? LIMIT ${forgottenPerWrite})`)
    .run(now - writeIdMs)
}

function remove(database: Database, condition: string, values: readonly (string | number)[]): void {
  for (const { id } of database.statement(`DELETE FROM entries WHERE ${condition} RETURNING id`).all(...values))
    database.statement('DELETE FROM terms WHERE rowid = ?').run(Number(id))
}

function entryOf(row: Row): MemoryEntry {
  return Object.freeze({
    scope: scopeOf(String(row['scope'])),
    key: String(row['key']),
    value: JSON.parse(String(row['value'])) as Json,
    text: String(row['text']),
    tags: Object.freeze(JSON.parse(String(row['tags'])) as readonly string[]),
    revision: Number(row['revision']),
    createdAt: Number(row['created_at']),
    updatedAt: Number(row['updated_at']),
    expiresAt: row['expires_at'] === null ? null : Number(row['expires_at']),
  })
}
