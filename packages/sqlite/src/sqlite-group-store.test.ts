import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { RunId } from '@waystone/core/store'
import { seededRandom } from '@waystone/testing'
import { describeGroupStore } from '@waystone/testing/conformance'
import { afterAll, describe, expect, it } from 'vitest'
import { loadSqlite } from './load-sqlite.ts'
import { createSqliteGroupStore } from './sqlite-group-store.ts'
import { createSqliteStore } from './sqlite-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'waystone-group-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
function freshPath(): string {
  files += 1
  return join(folder, `${files}.db`)
}

for (const durability of ['power', 'process'] as const) {
  describeGroupStore(`sqlite, ${durability},`, {
    create: () => createSqliteGroupStore({ path: freshPath(), durability }),
    reopen: (store) => createSqliteGroupStore({ path: store.name.slice('sqlite:'.length), durability }),
    unsupported: [],
  })
}

const runId = 'run-1' as RunId

describe('createSqliteGroupStore', () => {
  it('refuses the file of runs, and the store of runs refuses its file', async () => {
    const path = freshPath()
    const runs = createSqliteStore({ path })
    await runs.list({})
    await runs.close()
    await expect(createSqliteGroupStore({ path }).key()).rejects.toMatchObject({
      code: 'WAYSTONE_STORE_CORRUPT',
      message: `${path} holds something else than a group's own store; choose another path`,
    })
    const own = freshPath()
    const store = createSqliteGroupStore({ path: own })
    await store.key()
    await store.close()
    await expect(createSqliteStore({ path: own }).list({})).rejects.toMatchObject({ code: 'WAYSTONE_STORE_CORRUPT' })
  })

  it('makes no file when it is only read or told to forget, and says where it looked', async () => {
    const path = freshPath()
    const store = createSqliteGroupStore({ path })
    expect(await store.forget(runId)).toBe(0)
    await expect(store.get(runId, ['r'])).rejects.toMatchObject({
      code: 'WAYSTONE_STORE_PRIVATE_MISSING',
      message: `there is no such file; looked for ${path}`,
    })
    expect(existsSync(path)).toBe(false)
    await store.close()
  })

  it('takes a URL', async () => {
    const path = freshPath()
    const store = createSqliteGroupStore({ path: pathToFileURL(path) })
    await store.key()
    expect([store.name, existsSync(path)]).toEqual([`sqlite:${path}`, true])
    await store.close()
  })

  it('leaves nothing of a run in its files that it was told to forget (S5)', async () => {
    const path = freshPath()
    const store = createSqliteGroupStore({ path })
    const marks = Array.from({ length: 20 }, (_, index) => `SECRET-${index}-`.repeat(400))
    await store.put(
      runId,
      marks.map((text, index) => ({ reference: `r-${index}`, text })),
    )
    expect(await store.forget(runId)).toBe(20)
    // While it is still open: a process that is killed closes nothing.
    for (const file of readdirSync(folder).filter((name) => join(folder, name).startsWith(path)))
      expect(readFileSync(join(folder, file)).includes('SECRET-')).toBe(false)
    await store.close()
  })

  it('leaves nothing of one run among others, in whatever order they come and are forgotten (S5)', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(`forget ${seed}`)
      const path = freshPath()
      const runs = Array.from({ length: 6 }, (_, run) => `run-${seed}-${run}` as RunId)
      // Each put is a process of its own: what moves inside the file moves under whoever writes.
      for (let turn = 0; turn < 12; turn++) {
        const store = createSqliteGroupStore({ path, durability: 'process' })
        for (const run of runs) {
          const text = `SECRET of ${run}; `.repeat(1 + random.integer(0, turn % 3 === 0 ? 400 : 20))
          await store.put(run, [{ reference: `r-${turn}-${random.integer(0, 1_000_000)}`, text }])
        }
        await store.close()
      }
      for (const run of random.shuffle(runs)) {
        const store = createSqliteGroupStore({ path, durability: 'process' })
        expect(await store.forget(run)).toBe(12)
        const left = readdirSync(folder).filter((name) => join(folder, name).startsWith(path))
        expect(left.filter((file) => readFileSync(join(folder, file)).includes(`SECRET of ${run}`))).toEqual([])
        await store.close()
      }
    }
  })

  it('keeps its values out of the pages of the tree in a file whose pages became longer as it was copied, too (S5)', async () => {
    const path = freshPath()
    const first = createSqliteGroupStore({ path })
    await first.key()
    await first.close()
    const { DatabaseSync } = loadSqlite()
    const copied = new DatabaseSync(path)
    copied.exec('PRAGMA journal_mode = DELETE; PRAGMA page_size = 8192; VACUUM')
    copied.close()

    const store = createSqliteGroupStore({ path })
    await store.put(runId, [{ reference: 'r', text: 'SECRET' }])
    expect((await store.get(runId, ['r'])).get('r')).toBe('SECRET')
    await store.close()
    const looked = new DatabaseSync(path)
    expect({ ...looked.prepare('SELECT length(margin) AS margin FROM sealed').get() }).toEqual({ margin: 8192 })
    looked.close()
  })
})
