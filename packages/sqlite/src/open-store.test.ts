import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { noUsage, restoreRun, sha256, type NewRun, type RunId, type Store } from '@waystone/core/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from './database.ts'
import { runTables } from './schema.ts'
import type { SqliteStoreOptions } from './sqlite-file.ts'
import { createSqliteStore } from './sqlite-store.ts'

let folder = ''
let path = ''
const opened: Store[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waystone-open-'))
  path = join(folder, 'deep', 'runs.db')
})

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  rmSync(folder, { recursive: true, force: true })
})

function open(options: Partial<SqliteStoreOptions> = {}): Store {
  const store = createSqliteStore({ path, ...options })
  opened.push(store)
  return store
}

async function failure(call: Promise<unknown>): Promise<{ readonly code: unknown; readonly message: string }> {
  const error: unknown = await call.catch((thrown: unknown) => thrown)
  if (!(error instanceof Error)) return { code: 'it succeeded', message: '' }
  return { code: Reflect.get(error, 'code'), message: error.message.replaceAll(folder, '') }
}

const anyRun = 'a' as RunId

function missing(): never {
  throw new RangeError('the run is gone')
}

const anyNewRun: NewRun = {
  runId: anyRun,
  workflow: 'w',
  workflowVersion: 1,
  graphHash: 'g',
  behaviourHash: 'b',
  graph: '{}',
  key: null,
  tags: {},
  forkedFrom: null,
  owner: { id: 'o', host: 'h', pid: 1, processStartedAt: '' },
  leaseMs: 1,
  checkpoint: { runId: anyRun, sequence: 0, text: '{}', hash: sha256('{}'), keyframe: null },
  blobs: [],
  summary: { status: 'running', nodes: [], usage: noUsage, steps: 0, nextDueAt: null, requests: 0, errorCode: null },
  at: 0,
}

/** Does something as a user that file modes mean something to. */
async function asPlainUser(work: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65_534)
  try {
    await work()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

describe('createSqliteStore', () => {
  it('touches nothing before it is used', async () => {
    open()
    expect(existsSync(join(folder, 'deep'))).toBe(false)
  })

  it('creates folder and file for this user only', async () => {
    await open().list({})
    expect(statSync(join(folder, 'deep')).mode & 0o777).toBe(0o700)
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('says what it is', () => {
    expect([open().name, open().durability, open({ durability: 'process' }).durability]).toEqual([
      `sqlite:${path}`,
      'power',
      'process',
    ])
  })

  it('does not create a store that must exist', async () => {
    expect(await failure(open({ mustExist: true }).list({}))).toEqual({
      code: 'WAYSTONE_STORE_FAILED',
      message: 'there is no store at /deep/runs.db; a run creates one',
    })
    expect(existsSync(join(folder, 'deep'))).toBe(false)
    await open().list({})
    expect(await open({ mustExist: true }).list({})).toEqual({ rows: [], next: null })
  })

  it('does not open the file again for somebody who watches after the end', async () => {
    const store = open()
    await store.list({})
    await store.close()
    rmSync(path)
    const stop = store.watch(() => undefined)
    stop()
    expect(existsSync(path)).toBe(false)
  })

  it.each(['', ':memory:', 'file:x.db?mode=memory'])('refuses "%s", which is no path of a file', async (odd) => {
    expect((await failure(createSqliteStore({ path: odd }).list({}))).code).toBe('WAYSTONE_STORE_FAILED')
  })

  it('refuses a file of a newer version', async () => {
    await open().list({})
    await opened.pop()?.close()
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 6')
    database.close()
    expect(await failure(open().load(anyRun))).toEqual({
      code: 'WAYSTONE_STORE_NEWER_FORMAT',
      message:
        '/deep/runs.db was written by a newer Waystone (tables of version 6, this one knows 5); upgrade Waystone',
    })
  })

  it('brings a file of version 1 up to date and keeps every run of it', async () => {
    mkdirSync(dirname(path), { recursive: true })
    const database = new DatabaseSync(path)
    database.exec('PRAGMA page_size = 4096')
    database.exec('PRAGMA journal_mode = WAL')
    database.exec(readFileSync(new URL('../test/fixtures/tables-1.sql', import.meta.url), 'utf8'))
    database.close()
    const stores = [open(), open({ durability: 'process' })]
    const pages = await Promise.all(stores.map((store) => store.list({})))
    for (const { rows } of pages) expect(rows).toMatchObject([{ workflow: 'letters', status: 'waiting', key: 'first' }])
    const runId = pages[0]?.rows[0]?.runId ?? anyRun
    const loaded = await stores[0]?.load(runId)
    expect(loaded?.checkpoints).toHaveLength(2)
    expect((await restoreRun(stores[0] ?? open(), loaded ?? missing())).snapshot.context.state).toEqual({
      name: 'Ada',
      text: 'Dear Ada',
    })
    expect(await stores[1]?.line()).toEqual([])
    await open().close()
  })

  it('refuses a database of another program and leaves it alone', async () => {
    path = join(folder, 'other.db')
    const database = new DatabaseSync(path)
    database.exec('CREATE TABLE things (a)')
    database.close()
    expect(await failure(open().list({}))).toEqual({
      code: 'WAYSTONE_STORE_CORRUPT',
      message: '/other.db is a database of another program; choose another path',
    })
    expect(existsSync(`${path}-wal`)).toBe(false)
  })

  it('refuses a file that is no database', async () => {
    path = join(folder, 'notes.txt')
    writeFileSync(path, 'Dear diary, '.repeat(1000))
    const { code, message } = await failure(open().list({}))
    expect(code).toBe('WAYSTONE_STORE_CORRUPT')
    expect(message).toContain('/notes.txt is damaged or no Waystone store')
  })

  it.skipIf(process.platform === 'win32')('says that a folder is read-only', async () => {
    chmodSync(folder, 0o555)
    await asPlainUser(async () => {
      const { code, message } = await failure(open().list({}))
      expect(code).toBe('WAYSTONE_STORE_READ_ONLY')
      expect(message).toContain('needs write permission for the file and its folder')
    })
    chmodSync(folder, 0o700)
  })

  it.skipIf(process.platform === 'win32')('says that a file is read-only, and changes nothing (R2)', async () => {
    path = join(folder, 'runs.db')
    const store = open()
    await store.list({})
    await store.close()
    chmodSync(path, 0o444)
    chmodSync(folder, 0o777)
    await asPlainUser(async () => {
      expect((await failure(open().create(anyNewRun))).code).toBe('WAYSTONE_STORE_READ_ONLY')
      expect(await open().list({})).toEqual({ rows: [], next: null })
    })
  })

  it('says that another program holds the lock, keeps the loop turning, and goes on when it is free', async () => {
    const store = open({ lockTimeoutMs: 60 })
    await store.list({})
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const request = { runId: anyRun, owner: { id: 'o', host: 'h', pid: 1, processStartedAt: '' }, leaseMs: 1, now: 0 }
    let turns = 0
    const ticking = setInterval(() => (turns += 1), 1)
    const { code, message } = await failure(store.acquire(request))
    clearInterval(ticking)
    expect(code).toBe('WAYSTONE_STORE_LOCKED')
    expect(message).toContain('/deep/runs.db is locked by another program')
    expect(turns).toBeGreaterThan(1)
    const waiting = store.acquire(request)
    setImmediate(() => {
      other.exec('COMMIT')
      other.close()
    })
    expect(await waiting).toEqual({ type: 'missing' })
  })
})

describe('openDatabase', () => {
  it.each([
    ['power', 2, 1],
    ['process', 1, 0],
  ] as const)('gives %s what it promises', (durability, synchronous, fullfsync) => {
    const database = openDatabase({ path, durability, mustExist: false, tables: runTables })
    expect([
      database.pragma('journal_mode'),
      database.pragma('synchronous'),
      database.pragma('fullfsync'),
      database.pragma('checkpoint_fullfsync'),
    ]).toEqual(['wal', synchronous, fullfsync, fullfsync])
    expect(Number(database.pragma('busy_timeout'))).toBeLessThanOrEqual(20)
    database.close()
  })
})
