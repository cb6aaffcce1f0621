import { replayRun } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { trip } from './forks/workflow.ts'
import { temporaryFolder } from './shared/folder.ts'
import { finalStateOf, killMany, repeated, survivors, type Scenario } from './shared/survive.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'
const folder = temporaryFolder()

const scenario: Scenario = {
  program: 'packages/scenarios/forks/child.ts',
  args: () => [],
  first: ['in money, after it has happened', 'while a person is waited for', 'in left, after it has happened'],
  // Whoever is asked what became of the payment looks into the journal, as a person looks at a bank's list.
  answering:
    (journal) =>
    ({ isUnknown }) => {
      if (!isUnknown) return { command: 'approve', args: ['--reason', 'as before the kill'] }
      const hasHappened = journal().some((line) => line.startsWith('money '))
      return hasHappened
        ? {
            command: 'answer',
            args: ['happened', '--reason', 'on the list', '--result', JSON.stringify({ paid: 'yes' })],
          }
        : { command: 'answer', args: ['did-not-happen', '--reason', 'not on the list'] }
    },
}

describe('kill -9 of a run with forks', () => {
  it(
    'repeats no finished work, pays once, and ends the same, in branch order (G7, H2, T5)',
    { timeout: 900_000 },
    async () => {
      const { whole, killed } = await killMany(scenario, { folder, name: 'forks', count: isLong ? 60 : 6 })
      const expected = { topic: 'tides', notes: ['plan', 'web', 'read', 'files', 'left', 'right', 'sum'], paid: 'yes' }
      for (const one of survivors([whole, ...killed])) {
        expect(one.end.history.row.status).toBe('completed')
        expect(finalStateOf(one)).toEqual(expected)
        expect(repeated(one)).toEqual([])
        expect(one.journal.filter((line) => line.startsWith('money '))).toHaveLength(1)
        const steps = new Set(one.journal.map((line) => line.split(' ')[1]))
        expect(steps.size).toBe(8)
        const store = createSqliteStore({ path: join(one.folder, 'runs.db') })
        expect((await replayRun(store, trip, one.end.runId)).divergence).toBeNull()
        await store.close()
      }
    },
  )
})
