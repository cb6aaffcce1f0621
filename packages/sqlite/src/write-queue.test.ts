import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeError } from '@waystone/core/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase, type Database } from './database.ts'
import { runTables } from './schema.ts'
import { WriteQueue } from './write-queue.ts'

let folder = ''
let database: Database
let batches = 0

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waystone-queue-'))
  database = openDatabase({ path: join(folder, 'a.db'), durability: 'process', mustExist: false, tables: runTables })
  database.exec('CREATE TABLE things (name TEXT UNIQUE)')
  batches = 0
})

afterEach(() => {
  database.close()
  rmSync(folder, { recursive: true, force: true })
})

function newQueue(): WriteQueue {
  return new WriteQueue({
    database: () => database,
    path: 'a.db',
    lockTimeoutMs: 1000,
    onWritten: () => (batches += 1),
    onUndone: () => undefined,
  })
}

function put(name: string): (database: Database) => string {
  return (into) => {
    into.statement('INSERT INTO things VALUES (?)').run(name)
    return name
  }
}

function things(): readonly unknown[] {
  return database
    .statement('SELECT name FROM things ORDER BY rowid')
    .all()
    .map(({ name }) => name)
}

function outcome(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: unknown) => (error instanceof Error && 'code' in error ? error.code : error))
}

describe('WriteQueue', () => {
  it('groups the writes of one turn into transactions of at most 128', async () => {
    const queue = newQueue()
    const names = Array.from({ length: 300 }, (_, index) => `n${index}`)
    expect(await Promise.all(names.map((name) => queue.add(put(name))))).toEqual(names)
    expect(batches).toBe(3)
    expect(things()).toEqual(names)
  })

  it('lets the event loop turn between transactions', async () => {
    const queue = newQueue()
    const stored = Promise.all(Array.from({ length: 400 }, (_, index) => queue.add(put(`n${index}`))))
    const seen: number[] = []
    for (let turn = 0; turn < 4; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(batches)
    }
    // Each turn sees one transaction more, and none sees two at once.
    expect(seen).toEqual([1, 2, 3, 4])
    await stored
  })

  it('drops a write that fails half-way and stores the others', async () => {
    const queue = newQueue()
    const results = await Promise.all([
      queue.add(put('a')),
      outcome(queue.add((into) => [put('half')(into), put('a')(into)])),
      queue.add(put('b')),
      outcome(queue.add(() => BigInt('not a number'))),
      queue.add(put('c')),
    ])
    expect(results).toEqual(['a', 'WAYSTONE_STORE_FAILED', 'b', 'WAYSTONE_STORE_FAILED', 'c'])
    expect(things()).toEqual(['a', 'b', 'c'])
  })

  it('asks a refused write again when what it rested on was undone', async () => {
    const queue = newQueue()
    const putUnlessThere = (name: string) => (into: Database) => {
      if (things().includes('half')) throw storeError('WAYSTONE_STORE_CONFLICT', 'half is there')
      return put(name)(into)
    }
    const results = await Promise.all([
      outcome(queue.add((into) => [put('half')(into), put('half')(into)])),
      outcome(queue.add(putUnlessThere('a'))),
    ])
    expect(results).toEqual(['WAYSTONE_STORE_FAILED', 'a'])
    expect(things()).toEqual(['a'])
  })

  it('fails every write of a transaction that finds the disk full, and goes on when there is room (R2)', async () => {
    const queue = newQueue()
    await queue.add(put('before'))
    const pages = Number(database.pragma('page_count'))
    database.exec(`PRAGMA max_page_count = ${pages + 2}`)
    const results = await Promise.all([
      outcome(queue.add(put('small'))),
      outcome(queue.add(put('x'.repeat(50_000)))),
      outcome(queue.add(put('other'))),
    ])
    expect(results).toEqual(['WAYSTONE_STORE_FULL', 'WAYSTONE_STORE_FULL', 'WAYSTONE_STORE_FULL'])
    expect(things()).toEqual(['before'])
    database.exec('PRAGMA max_page_count = 100000')
    await queue.add(put('after'))
    expect(things()).toEqual(['before', 'after'])
  })

  it('fails every write of a transaction whose COMMIT fails', async () => {
    const queue = newQueue()
    database.exec('CREATE TABLE parents (id INTEGER PRIMARY KEY)')
    database.exec('CREATE TABLE children (parent INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)')
    const results = await Promise.all([
      outcome(queue.add(put('a'))),
      outcome(queue.add((into) => into.exec('INSERT INTO children VALUES (7)'))),
    ])
    expect(results).toEqual(['WAYSTONE_STORE_FAILED', 'WAYSTONE_STORE_FAILED'])
    expect(things()).toEqual([])
    expect(await queue.add(put('b'))).toBe('b')
  })
})
