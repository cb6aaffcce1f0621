import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { inflateRawSync } from 'node:zlib'

/** Every value of every table of a SQLite file, as text, what is compressed unpacked: what a search of the file's bytes would miss. */
export function storedText(path: string): string {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()
    const rows = tables.flatMap(({ name }) => database.prepare(`SELECT * FROM "${String(name)}"`).all())
    return rows.flatMap((row) => Object.values(row).map(textOf)).join('\n')
  } finally {
    database.close()
  }
}

function textOf(value: SQLOutputValue): string {
  if (!(value instanceof Uint8Array)) return String(value)
  try {
    return inflateRawSync(value).toString()
  } catch {
    // A hash.
    return Buffer.from(value).toString('latin1')
  }
}
