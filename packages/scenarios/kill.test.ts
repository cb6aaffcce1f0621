import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createFixtureRepository } from '../../examples/release-notes/test/repositories.ts'
import { endedEffects, finalState, finishRun, readRun, type Answering, type StoredRun } from './shared/finish-run.ts'
import { temporaryFolder } from './shared/folder.ts'
import { journalVariable, readJournal } from './shared/journal.ts'
import { histogram, inPairs, planKills } from './shared/kill-plan.ts'
import { startProgram } from './shared/programs.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'
const folder = temporaryFolder()

interface Scenario {
  readonly program: string
  /** Arguments of the program for one run in a folder. */
  readonly args: (folder: string) => readonly string[]
  readonly answering: (journal: string) => Answering
  /** Points that are killed at even when there is time for few. */
  readonly first: readonly string[]
}

interface Survived {
  readonly killedAt: string | null
  readonly points: readonly string[]
  /** As the kill left it; undefined: not even its first checkpoint was stored. */
  readonly left: StoredRun | undefined
  readonly journalLeft: readonly string[]
  readonly end: StoredRun | undefined
  readonly journal: readonly string[]
  readonly folder: string
}

/** Runs a scenario, kills it at a point, and brings it to its end with `waystone resume`. */
async function survive(scenario: Scenario, name: string, killAt: number | null): Promise<Survived> {
  const home = join(folder, name)
  mkdirSync(home)
  const [store, journal] = [join(home, 'runs.db'), join(home, 'journal.txt')]
  const env = { [journalVariable]: journal, NO_COLOR: '1' }
  const child = startProgram(scenario.program, [store, ...scenario.args(home)], {
    cwd: home,
    env,
    atPoint: (_, index) => (index === killAt ? 'kill' : 'go'),
  })
  const { points, killedAt, code, output } = await child.end
  if (killAt === null && code !== 0) throw new RangeError(output)
  const left = existsSync(store) ? await readRun(store) : undefined
  const journalLeft = readJournal(journal)
  const end = left === undefined ? undefined : await finishRun(store, scenario.answering(journal), { cwd: home, env })
  return { killedAt, points, left, journalLeft, end, journal: readJournal(journal), folder: home }
}

/** Those of which a checkpoint was stored. */
function survivors(all: readonly Survived[]): readonly (Survived & { readonly end: StoredRun })[] {
  return all.flatMap((one) => (one.end === undefined ? [] : [{ ...one, end: one.end }]))
}

/** Calls after the kill of effects whose end had been stored before it. */
function repeated({ left, journalLeft, journal }: Survived): readonly string[] {
  if (left === undefined) return []
  const ended = endedEffects(left)
  return journal.slice(journalLeft.length).filter((line) => ended.has(line.split(' ')[1] ?? ''))
}

async function killMany(
  scenario: Scenario,
  name: string,
  count: number,
): Promise<{ readonly whole: Survived; readonly killed: readonly Survived[] }> {
  const whole = await survive(scenario, `${name}-whole`, null)
  const killed: Survived[] = []
  const plan = planKills(whole.points, { count, first: scenario.first })
  await inPairs([...plan.entries()], async ([index, point]) => {
    killed.push(await survive(scenario, `${name}-${index}`, point))
  })
  const at = killed.map(({ killedAt }) => killedAt ?? 'not killed')
  // oxlint-disable-next-line no-console -- the histogram is what this test has to show
  console.log(`${name}: killed ${killed.length} times\n${histogram(whole.points, at)}`)
  return { whole, killed }
}

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
      const { whole, killed } = await killMany(demo, 'demo', isLong ? 50 : 6)
      const expected = JSON.stringify(finalStateIn(whole))
      expect(killed.map(({ killedAt }) => killedAt)).not.toContain(null)
      // Killed before its first checkpoint a run does not exist, and nothing was done for it.
      const unborn = killed.filter(({ end }) => end === undefined)
      expect(unborn.filter((one) => one.killedAt !== 'before commit 0' || one.journal.length > 0)).toEqual([])
      for (const one of survivors(killed)) {
        expect(one.end.history.row.status).toBe('completed')
        expect(JSON.stringify(finalStateIn(one))).toBe(expected)
        expect(repeated(one)).toEqual([])
        const mark = `written by waystone effect ${one.end.runId}/`
        expect(readFileSync(join(one.folder, 'notes.md'), 'utf8')).toContain(mark)
      }
      const gaps = whole.points.filter((name) => name.startsWith('after commit'))
      const missed = gaps.filter((gap) => !killed.some(({ killedAt }) => killedAt === gap))
      expect(missed.length).toBeLessThanOrEqual(isLong ? 0 : gaps.length)
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
    answering: (journal) => (node, isUnknown) => {
      if (node === 'close') return { command: 'approve', args: ['--reason', 'complete'] }
      const tool = node === 'clerk' ? 'send' : 'charge'
      const hasHappened = readJournal(journal).some((line) => line.startsWith(`${tool} `))
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
    const { whole, killed } = await killMany(orders, 'ledger', isLong ? 40 : 6)
    for (const one of survivors([whole, ...killed])) {
      expect(one.end.history.row.status).toBe('completed')
      for (const tool of ['charge', 'send'])
        expect(one.journal.filter((line) => line.startsWith(`${tool} `))).toHaveLength(1)
      expect(repeated(one)).toEqual([])
      expect(finalState(one.end)).toMatchObject({ answer: 'done' })
    }
  })

  /** Paths and ids differ between runs by where they are kept. */
  function finalStateIn(one: Survived): unknown {
    return one.end === undefined
      ? undefined
      : JSON.parse(JSON.stringify(finalState(one.end)).replaceAll(one.folder, 'HOME'))
  }
})
