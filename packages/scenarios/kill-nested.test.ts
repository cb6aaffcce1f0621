import { contextsOf, replayRun } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tour, voyage } from './nested/workflow.ts'
import { temporaryFolder } from './shared/folder.ts'
import type { StoredRun } from './shared/finish-run.ts'
import { finalStateOf, gapsOf, killMany, repeated, survivors, type Scenario, type Survived } from './shared/survive.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'
const folder = temporaryFolder()

/** Kills of each run, when there is time for few. */
const kills = 6

/** Items of the map that may be under way at once. */
const atOnce = 6

function scenario(name: string, first: readonly string[]): Scenario {
  return {
    program: 'packages/scenarios/nested/child.ts',
    args: () => [name],
    first,
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
}

/** Effects in the journal, each once, and how often one of them stands there again. */
function effectsOf(journal: readonly string[]): { readonly once: number; readonly again: readonly string[] } {
  const ids = journal.map((line) => line.split(' ')[1])
  const again = journal.filter((_, index) => ids.indexOf(ids[index]) !== index)
  return { once: new Set(ids).size, again }
}

async function expectReplay(
  workflow: Parameters<typeof replayRun>[1],
  one: Survived & { readonly end: StoredRun },
): Promise<void> {
  const store = createSqliteStore({ path: join(one.folder, 'runs.db') })
  expect((await replayRun(store, workflow, one.end.runId)).divergence).toBeNull()
  await store.close()
}

/** Kinds of what was open, at any level, as the kill left it. */
function openAt(one: Survived | undefined): readonly string[] {
  const { history } = one?.left ?? {}
  if (history === undefined) return []
  const contexts = contextsOf(history.at(history.last).snapshot.context)
  return contexts.flatMap(({ open }) => Object.values(open).map(({ kind }) => kind))
}

describe('kill -9 of a run with workflows in workflows', () => {
  it(
    'repeats no finished work of any level, pays once, and ends the same (G8, H2, T5)',
    { timeout: 900_000 },
    async () => {
      const first = ['in money, after it has happened', 'while people are waited for', 'in left, before it happens']
      const all = await killMany(scenario('tour', first), { folder, name: 'tour', count: isLong ? 60 : kills })
      for (const one of survivors([all.whole, ...all.killed])) {
        expect(one.end.history.row.status).toBe('completed')
        expect(finalStateOf(one)).toEqual({
          topic: 'tides',
          notes: ['brief', 'open', 'left', 'right', 'file', 'sum'],
          paid: 'yes',
        })
        expect(repeated(one)).toEqual([])
        expect(one.journal.filter((line) => line.startsWith('money '))).toHaveLength(1)
        expect(effectsOf(one.journal).once).toBe(7)
        await expectReplay(tour, one)
      }
      expect(all.killed.map(({ killedAt }) => killedAt)).not.toContain(null)
      const gaps = gapsOf(all)
      // Kills beside those named fall into gaps first, each into one of its own.
      expect(gaps.hit).toBe(isLong ? gaps.all : kills - first.length)
    },
  )
})

describe('kill -9 of a run with branches, a map of 100 items, workflows in workflows, a timer and people', () => {
  it(
    'repeats no finished item, loses none, and ends the same (G7, G8, H2, R5, T5)',
    { timeout: 3_000_000 },
    async () => {
      const first = [
        'in price of 40, after it has happened',
        'while people are waited for',
        'in money, after it has happened',
      ]
      const all = await killMany(scenario('voyage', first), { folder, name: 'voyage', count: isLong ? 180 : kills })
      for (const one of survivors([all.whole, ...all.killed])) {
        expect(one.end.history.row.status).toBe('completed')
        expect(finalStateOf(one)).toEqual({
          topic: 'tides',
          notes: ['plan', '100 prices', 'brief', 'open', 'left', 'right', 'file', 'sum'],
          paid: 'yes',
          usd: 9_900,
        })
        expect(repeated(one)).toEqual([])
        expect(one.journal.filter((line) => line.startsWith('money '))).toHaveLength(1)
        const { once, again } = effectsOf(one.journal)
        expect(once).toBe(108)
        // What was in flight when it was killed: items of the map, and one step of each branch inside.
        expect(again.filter((line) => line.startsWith('price-')).length).toBeLessThanOrEqual(atOnce)
        expect(again.length).toBeLessThanOrEqual(atOnce + 2)
        await expectReplay(voyage, one)
      }
      expect(all.killed.map(({ killedAt }) => killedAt)).not.toContain(null)
      const kindsAt = (point: string): readonly string[] =>
        openAt(all.killed.find(({ killedAt }) => killedAt === point))
      // Items run side by side, so that the same place in two runs is not the same point: some kill met all of it open.
      expect(all.killed.map(openAt)).toContainEqual(expect.arrayContaining(['approval', 'item', 'wait', 'workflow']))
      expect(kindsAt('while people are waited for')).toEqual(expect.arrayContaining(['approval', 'workflow']))
      const gaps = gapsOf(all)
      // Kills beside those named fall into gaps first, each into one of its own.
      expect(gaps.hit).toBe(isLong ? gaps.all : kills - first.length)
    },
  )
})
