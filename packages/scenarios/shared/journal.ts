import { appendFileSync, existsSync, readFileSync } from 'node:fs'

/** Variable that names the file to which calls of models and tools are appended, by whatever process makes them. */
export const journalVariable = 'WAYSTONE_SCENARIO_JOURNAL'

/** Appends a line, whole and at once; nothing when no journal is kept. */
export function journal(line: string): void {
  const file = process.env[journalVariable]
  if (file !== undefined) appendFileSync(file, `${line}\n`)
}

/** The lines of a journal. */
export function readJournal(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
}
