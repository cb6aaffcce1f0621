import { replayRun } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from './shared/folder.ts'
import { killMany, repeated, survivors, type Scenario, type Survived } from './shared/survive.ts'
import { declined } from './undo/workflow.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'
const folder = temporaryFolder()

const scenario: Scenario = {
  program: 'packages/scenarios/undo/child.ts',
  args: () => [],
  first: [
    'in undo-room, after it has happened',
    'in undo-seat-b, before it happens',
    'in undo-seat-c, after it has happened',
  ],
  // Whoever is asked what became of giving the room back looks into the journal, as a person asks at the desk.
  answering: (journal) => () =>
    journal().some((line) => line.startsWith('undo-room '))
      ? { command: 'answer', args: ['happened', '--reason', 'they know of it'] }
      : { command: 'answer', args: ['did-not-happen', '--reason', 'they know nothing of it'] },
}

/** What the compensations are called by in the journal, each once, in the order of their first call. */
function undone({ journal }: Survived): readonly string[] {
  return [...new Set(journal.filter((line) => line.startsWith('undo-')).map((line) => line.split(' ')[0] ?? ''))]
}

/** Compensations that were called again after their end had been stored. */
function undoneAgain({ left, journalLeft, journal }: Survived): readonly string[] {
  const ended = new Set(
    (left?.history.checkpoints ?? []).flatMap(({ step, event }) =>
      step?.undoes !== undefined && event.type === 'effect.ended' && event.payload.outcome === 'done'
        ? [step.undoes]
        : [],
    ),
  )
  const after = journal.slice(journalLeft.length)
  const suffix = (line: string): string => line.split(' ')[1] ?? ''
  return after.filter(
    (line) => line.startsWith('undo-') && [...ended].some((step) => suffix(line).endsWith(`/${step}/undo`)),
  )
}

describe('kill -9 of a run that undoes what it did', () => {
  it(
    'goes on undoing where it was, in the same order, and undoes nothing twice whose end was stored (R9, H2)',
    { timeout: 900_000 },
    async () => {
      const { whole, killed } = await killMany(scenario, { folder, name: 'undo', count: isLong ? 60 : 8 })
      const order = undone(whole)
      expect(order).toHaveLength(5)
      expect([order[0], order.at(-1)]).toEqual(['undo-room', 'undo-flight'])
      for (const one of survivors([whole, ...killed])) {
        const { history } = one.end
        expect(history.row.status, `killed ${one.killedAt}`).toBe('failed')
        expect(history.at(history.last).snapshot.context.undone, `killed ${one.killedAt}`).toEqual({ done: 5 })
        expect(undone(one).toSorted()).toEqual(order.toSorted())
        expect([undone(one)[0], undone(one).at(-1)]).toEqual(['undo-room', 'undo-flight'])
        expect(repeated(one)).toEqual([])
        expect(undoneAgain(one)).toEqual([])
        expect(one.journal.filter((line) => line.startsWith('undo-room '))).toHaveLength(1)
        const store = createSqliteStore({ path: join(one.folder, 'runs.db') })
        expect((await replayRun(store, declined, one.end.runId)).divergence).toBeNull()
        await store.close()
      }
    },
  )
})
