import { DatabaseSync, type StatementSync } from 'node:sqlite'

/** One insert per step and nothing else, as a store's file would be written by hand. */
export interface SqliteFloor {
  /** Runs steps, an awaited insert each. @returns ms */
  run(steps: number): Promise<number>
  close(): void
}

/** What a floor writes. */
export interface FloorOptions {
  readonly path: string
  /** `normal`: no fsync; `full`: one at every insert. */
  readonly synchronous: 'normal' | 'full'
  /** A row's text, UTF-16 units: as long as a checkpoint is. */
  readonly textLength: number
}

/** The same loop without an engine, over node:sqlite with the settings of our store: WAL, one transaction per insert. */
export function createSqliteFloor({ path, synchronous, textLength }: FloorOptions): SqliteFloor {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 4000')
  database.exec(`PRAGMA synchronous = ${synchronous}`)
  database.exec(
    'CREATE TABLE steps (position INTEGER PRIMARY KEY, run TEXT NOT NULL, sequence INTEGER NOT NULL, text TEXT)',
  )
  const insert = database.prepare('INSERT INTO steps (run, sequence, text) VALUES (?, ?, ?)')
  const text = 'x'.repeat(textLength)
  return { run: (steps) => insertAll(insert, steps, text), close: () => database.close() }
}

async function insertAll(insert: StatementSync, steps: number, text: string): Promise<number> {
  const step = async (sequence: number): Promise<void> => {
    insert.run('run', sequence, text)
  }
  const beganAt = performance.now()
  for (let sequence = 1; sequence <= steps; sequence++) await step(sequence)
  return performance.now() - beganAt
}

/** The bare loop: the step's function, awaited, and nothing kept. @returns ms */
export async function runBareLoop(steps: number): Promise<number> {
  let state: { readonly count: number } = Object.freeze({ count: 0 })
  const step = async ({ count }: { readonly count: number }): Promise<{ readonly count: number }> =>
    Object.freeze({ count: count + 1 })
  const beganAt = performance.now()
  while (state.count < steps) state = await step(state)
  return performance.now() - beganAt
}
