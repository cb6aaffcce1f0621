import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createFixtureRepository } from '../../examples/release-notes/test/repositories.ts'
import { finalState } from './shared/finish-run.ts'
import { temporaryFolder } from './shared/folder.ts'
import { finalStateOf, gapsOf, killMany, repeated, survivors, type Scenario } from './shared/survive.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'
/** When there is time for few. */
const kills = 6
const folder = temporaryFolder()

describe('kill -9', () => {
  const demo: Scenario = {
    program: 'packages/scenarios/demo/child.ts',
    args: (home) => [repository, join(home, 'notes.md')],
    answering: () => () => ({ command: 'approve', args: ['--reason', 'as before the kill'] }),
    first: [],
  }
  let repository = ''

  it(
    'of the demo at every gap loses nothing, repeats nothing that was stored, and ends the same (H2, R1)',
    { timeout: 900_000 },
    async () => {
      repository = await createFixtureRepository()
      const { whole, killed } = await killMany(demo, { folder, name: 'demo', count: isLong ? 50 : kills })
      const expected = JSON.stringify(finalStateOf(whole))
      expect(killed.map(({ killedAt }) => killedAt)).not.toContain(null)
      // Killed before its first checkpoint a run does not exist, and nothing was done for it.
      const unborn = killed.filter(({ end }) => end === undefined)
      expect(unborn.filter((one) => one.killedAt !== 'before commit 0' || one.journal.length > 0)).toEqual([])
      for (const one of survivors(killed)) {
        expect(one.end.history.row.status).toBe('completed')
        expect(JSON.stringify(finalStateOf(one))).toBe(expected)
        expect(repeated(one)).toEqual([])
        const mark = `written by waystone effect ${one.end.runId}/`
        expect(readFileSync(join(one.folder, 'notes.md'), 'utf8')).toContain(mark)
      }
      const gaps = gapsOf({ whole, killed })
      expect(gaps.hit).toBe(isLong ? gaps.all : kills)
    },
  )

  const orders: Scenario = {
    program: 'packages/scenarios/ledger/child.ts',
    args: () => [],
    first: [
      'after mark of step 1',
      'in charge, before it happens',
      'in charge, after it has happened',
      'in send, after it has happened',
    ],
    // Whoever is asked what became of an effect looks into the journal, as a person looks at a bank's list.
    answering:
      (journal) =>
      ({ node, isUnknown }) => {
        if (node === 'close') return { command: 'approve', args: ['--reason', 'complete'] }
        const tool = node === 'clerk' ? 'send' : 'charge'
        const hasHappened = journal().some((line) => line.startsWith(`${tool} `))
        const result =
          isUnknown && hasHappened
            ? ['--result', JSON.stringify({ line: tool === 'send' ? 'sent o-1' : 'charged o-1' })]
            : []
        return {
          command: 'answer',
          args: [hasHappened ? 'happened' : 'did-not-happen', '--reason', 'seen in the journal', ...result],
        }
      },
  }

  it('inside unsafe effects makes none twice and loses none (T5, G9)', { timeout: 900_000 }, async () => {
    const { whole, killed } = await killMany(orders, { folder, name: 'ledger', count: isLong ? 40 : kills })
    for (const one of survivors([whole, ...killed])) {
      expect(one.end.history.row.status).toBe('completed')
      for (const tool of ['charge', 'send'])
        expect(one.journal.filter((line) => line.startsWith(`${tool} `))).toHaveLength(1)
      expect(repeated(one)).toEqual([])
      expect(finalState(one.end)).toMatchObject({ answer: 'done' })
    }
  })
})
