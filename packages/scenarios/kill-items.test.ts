import { replayRun } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { startModelLab } from '@waystone/testing/lab'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { labVariable } from './items/waystone.config.ts'
import { parts } from './items/workflow.ts'
import { temporaryFolder } from './shared/folder.ts'
import { journalVariable, readJournal } from './shared/journal.ts'
import { finalStateOf, killMany, repeated, survivors, type Scenario, type Services } from './shared/survive.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'
const folder = temporaryFolder()
const items = Array.from({ length: 100 }, (_, part) => part)
/** Items of one map that may be under way. */
const atOnce = 6
let served = 0

/** The lab, which lives on when the processes that call it are killed, and a journal of what the tool did. */
async function serve(): Promise<Services> {
  const file = join(folder, `journal-${served++}.txt`)
  const lab = await startModelLab({
    script: [
      {
        when: {},
        isRepeated: true,
        answers: [({ messages }) => ({ json: { name: `part ${/\d+/.exec(JSON.stringify(messages))?.[0] ?? ''}` } })],
      },
    ],
  })
  const modelLines = (): readonly string[] =>
    lab.entries.map(({ headers }) => (headers['x-client-request-id'] ?? '').replace(/^(.*)\/(\d+)$/, 'model $1 $2'))
  return {
    env: { [labVariable]: lab.url, [journalVariable]: file },
    journal: () => [...modelLines(), ...readJournal(file)],
    close: () => lab.close(),
  }
}

const scenario: Scenario = {
  program: 'packages/scenarios/items/child.ts',
  args: () => [],
  serve,
  first: ['in price of 40, after it has happened'],
  answering: () => () => ({ command: 'resume', args: [] }),
}

/** Lines of one name, and how many of them name an effect that another one names as well. */
function linesOf(journal: readonly string[], name: string): { readonly all: number; readonly again: number } {
  const lines = journal.filter((line) => line.startsWith(`${name} `))
  return { all: lines.length, again: lines.length - new Set(lines.map((line) => line.split(' ')[1])).size }
}

describe('kill -9 of maps of 100 tools and 100 agents', () => {
  it(
    'repeats no item that had ended, only what was in flight, and ends the same (T5, G7, R5)',
    { timeout: 900_000 },
    async () => {
      const { whole, killed } = await killMany(scenario, { folder, name: 'items', count: isLong ? 60 : 4 })
      expect(whole.journal).toHaveLength(200)
      expect(killed.map(({ killedAt }) => killedAt)).not.toContain(null)
      for (const one of survivors([whole, ...killed])) {
        expect(one.end.history.row.status).toBe('completed')
        expect(finalStateOf(one)).toEqual({ parts: items, usd: 9_900, names: items.map((part) => `part ${part}`) })
        expect(repeated(one)).toEqual([])
        for (const name of ['price', 'model']) {
          const { all, again } = linesOf(one.journal, name)
          expect(all - again).toBe(100)
          expect(again).toBeLessThanOrEqual(atOnce)
        }
        const store = createSqliteStore({ path: join(one.folder, 'runs.db') })
        expect((await replayRun(store, parts, one.end.runId)).divergence).toBeNull()
        await store.close()
      }
    },
  )
})
