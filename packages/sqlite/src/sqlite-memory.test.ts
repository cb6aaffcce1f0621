import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describeMemory } from '@waystone/testing/conformance'
import { afterAll, describe, expect, it } from 'vitest'
import { createSqliteMemory } from './sqlite-memory.ts'
import { createSqliteStore } from './sqlite-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'waystone-memory-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
function freshPath(): string {
  files += 1
  return join(folder, `${files}.db`)
}

for (const durability of ['power', 'process'] as const) {
  describeMemory(`sqlite, ${durability},`, {
    create: () => createSqliteMemory({ path: freshPath(), durability }),
    reopen: (memory) => createSqliteMemory({ path: memory.name.slice('sqlite:'.length), durability }),
    unsupported: [],
  })
}

const place = { scope: ['s'], key: 'k', now: 1000 }

describe('createSqliteMemory', () => {
  it('refuses the file of runs, and the store of runs refuses its file', async () => {
    const runs = freshPath()
    const store = createSqliteStore({ path: runs })
    await store.list({})
    await store.close()
    await expect(createSqliteMemory({ path: runs }).get(place)).rejects.toMatchObject({
      code: 'WAYSTONE_STORE_CORRUPT',
      message: `${runs} holds something else than long-term memory; choose another path`,
    })
    const path = freshPath()
    const memory = createSqliteMemory({ path })
    await memory.get(place)
    await memory.close()
    await expect(createSqliteStore({ path }).list({})).rejects.toMatchObject({
      message: `${path} holds something else than runs; choose another path`,
    })
  })

  it('refuses tables of a newer version', async () => {
    const path = freshPath()
    const memory = createSqliteMemory({ path })
    await memory.get(place)
    await memory.close()
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 99')
    database.close()
    await expect(createSqliteMemory({ path }).get(place)).rejects.toMatchObject({ code: 'WAYSTONE_STORE_NEWER_FORMAT' })
  })

  it('does not create a file that must be there', async () => {
    const memory = createSqliteMemory({ path: freshPath(), mustExist: true })
    await expect(memory.get(place)).rejects.toMatchObject({
      code: 'WAYSTONE_STORE_FAILED',
      message: expect.stringMatching(
        /^there is no long-term memory at .*; the first thing remembered creates one$/,
      ) as string,
    })
    await memory.close()
  })

  it('takes expired entries, their terms and old write ids out of the file', async () => {
    const path = freshPath()
    const memory = createSqliteMemory({ path })
    await memory.put({ ...place, value: 'tea', expiresAt: 2000, writeId: 'w' })
    await memory.put({ scope: ['s'], key: 'other', value: 'coffee', now: 1000 + 31 * 86_400_000 })
    await memory.close()
    const database = new DatabaseSync(path)
    const count = (table: string): unknown =>
      database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count']
    expect([count('entries'), count('terms'), count('writes')]).toEqual([1, 1, 0])
    database.close()
  })
})
