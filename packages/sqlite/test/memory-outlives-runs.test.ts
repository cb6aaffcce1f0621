import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createSqliteMemory, createSqliteStore } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'waystone-outlives-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const scope = ['preferences', 'ann']

describe('long-term memory beside a store of runs', () => {
  it('is in no file of the runs, and stays when those are deleted (S5)', async () => {
    const store = createSqliteStore({ path: join(folder, 'runs.db') })
    const memory = createSqliteMemory({ path: join(folder, 'memory.db') })
    await store.list({})
    await memory.put({ scope, key: 'seat', value: 'aisle by preference', now: 1000 })
    await store.close()
    await memory.close()
    for (const name of readdirSync(folder).filter((file) => file.startsWith('runs.db'))) {
      expect(readFileSync(join(folder, name)).includes('aisle')).toBe(false)
      rmSync(join(folder, name))
    }
    const again = createSqliteMemory({ path: join(folder, 'memory.db'), mustExist: true })
    const { entries } = await again.search({ scope, text: 'preference', now: 2000 })
    expect(entries).toMatchObject([{ key: 'seat', value: 'aisle by preference' }])
    await again.close()
  })
})
