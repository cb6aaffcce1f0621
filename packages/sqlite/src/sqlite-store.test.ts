import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Store } from '@waystone/core/store'
import { describeStore } from '@waystone/testing/conformance'
import { afterAll } from 'vitest'
import { createSqliteStore } from './sqlite-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'waystone-sqlite-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
function freshPath(): string {
  files += 1
  return join(folder, `${files}.db`)
}

function pathOf(store: Store): string {
  return store.name.slice('sqlite:'.length)
}

for (const durability of ['power', 'process'] as const) {
  describeStore(`sqlite, ${durability},`, {
    create: () => createSqliteStore({ path: freshPath(), durability }),
    reopen: (store) => createSqliteStore({ path: pathOf(store), durability }),
    corrupt(store, runId, sequence) {
      const database = new DatabaseSync(pathOf(store))
      const { changes } = database
        .prepare(
          `UPDATE checkpoints SET text = replace(text, '"at":1', '"at":2')
           WHERE sequence = ? AND run = (SELECT id FROM runs WHERE run = ?)`,
        )
        .run(sequence, runId)
      database.close()
      if (changes !== 1) throw new RangeError('nothing was changed')
    },
    unsupported: [],
  })
}
