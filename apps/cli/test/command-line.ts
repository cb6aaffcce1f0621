import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { createSqliteStore } from '@waystone/sqlite'
import { runCommandLine } from '../src/program.ts'
import type { Output, Surroundings } from '../src/surroundings.ts'

// Deadlines are told by the clock of whoever reads them; here everywhere by the same.
process.env['TZ'] = 'UTC'

/** Folder of the test workflows. */
export const fixtures = fileURLToPath(new URL('fixtures/', import.meta.url))

/** What a command wrote, and how it ended. */
export interface Outcome {
  readonly exit: number
  readonly out: string
  readonly err: string
}

/** Runs command lines in this process over one store of their own. */
export interface CommandLine {
  (...args: readonly string[]): Promise<Outcome>
  readonly store: string
  /** Runs a command line with other surroundings. */
  within(changed: Partial<Surroundings>, ...args: readonly string[]): Promise<Outcome>
  close(): void
}

/** Makes a store without runs, for commands that only look. */
export async function makeEmptyStore(path: string): Promise<void> {
  const store = createSqliteStore({ path })
  await store.list({})
  await store.close()
}

/** Time that the test configuration's clock shows for ever. */
const stillTime = Date.UTC(2026, 0, 2, 3, 4, 5)

/** A command line whose runs, and whose names for runs, start from nothing. Ids are written `RUN1`, `RUN2` in order of appearance. */
export function createCommandLine(): CommandLine {
  const folder = mkdtempSync(join(tmpdir(), 'waystone-cli-'))
  const store = join(folder, 'runs.db')
  const ids = new Map<string, string>()
  const mask = (text: string): string =>
    text
      .replaceAll(/\b1[0-9a-hjkmnp-tv-z]{16}\b/g, (id) => {
        const name = ids.get(id) ?? `RUN${ids.size + 1}`
        ids.set(id, name)
        return name
      })
      .replaceAll(fixtures, 'fixtures/')
      .replaceAll(folder, 'FOLDER')
  const unmask = (text: string): string => [...ids].find(([, name]) => name === text)?.[0] ?? text
  const within = async (changed: Partial<Surroundings>, ...args: readonly string[]): Promise<Outcome> => {
    const [out, err] = [sink(), sink()]
    const around = { ...surroundings(), out, err, ...changed }
    const [command = '', ...rest] = args
    if (!existsSync(store)) await makeEmptyStore(store)
    const exit = await runCommandLine([command, ...rest.map(unmask), '--store', store], around)
    return { exit, out: mask(out.text()), err: mask(err.text()) }
  }
  return Object.assign((...args: readonly string[]) => within({}, ...args), {
    store,
    within,
    close: () => rmSync(folder, { recursive: true, force: true }),
  })
}

/** Surroundings without a terminal. */
export function surroundings(): Surroundings {
  return {
    cwd: fixtures,
    env: { USER: 'ada' },
    out: sink(),
    err: sink(),
    input: Readable.from([]),
    now: () => stillTime,
    onInterrupt: () => () => undefined,
    exit: () => undefined,
    edit: () => 1,
  }
}

/** An output that remembers. */
export interface Sink extends Output {
  readonly text: () => string
}

/** Makes an output that remembers what was written. */
export function sink(isTerminal = false): Sink {
  const parts: string[] = []
  return { write: (text) => void parts.push(text), text: () => parts.join(''), isTerminal, columns: 100 }
}
