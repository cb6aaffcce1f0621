import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readHistory, replayRun, withGroupStores } from '@waystone/core'
import { createSqliteGroupStore, createSqliteStore } from '@waystone/sqlite'
import { describe, expect, it } from 'vitest'
import { invoices, privateMark } from './groups/workflow.ts'
import { readRun } from './shared/finish-run.ts'
import { temporaryFolder } from './shared/folder.ts'
import { journalVariable, readJournal } from './shared/journal.ts'
import { inPairs, planKills } from './shared/kill-plan.ts'
import { startProgram, waystone } from './shared/programs.ts'
import { storedText } from './shared/stored-text.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'
const folder = temporaryFolder()

interface Home {
  readonly home: string
  readonly store: string
  readonly vault: string
  readonly journal: string
  readonly env: NodeJS.ProcessEnv
}

function homeAt(name: string): Home {
  const home = join(folder, name)
  mkdirSync(home)
  const journal = join(home, 'journal.txt')
  const vault = join(home, 'vault.db')
  const env = { [journalVariable]: journal, NO_COLOR: '1', WAYSTONE_VAULT: vault }
  return { home, store: join(home, 'runs.db'), vault, journal, env }
}

/** Nothing private is in the files of the runs: neither as bytes, the log of writes included, nor packed. */
function expectNothingPrivate({ home, store }: Home): void {
  const files = readdirSync(home).filter((name) => name.startsWith('runs.db'))
  for (const name of files) expect(readFileSync(join(home, name)).includes(privateMark)).toBe(false)
  expect(storedText(store)).not.toContain(privateMark)
}

interface Started {
  readonly points: readonly string[]
  readonly killedAt: string | null
}

async function start({ home, store, vault, env }: Home, killAt: string | null, at = 0): Promise<Started> {
  let met = 0
  const child = startProgram('packages/scenarios/groups/child.ts', [store, vault], {
    cwd: home,
    env,
    atPoint: (name) => (name === killAt && met++ === at ? 'kill' : 'go'),
  })
  const { points, killedAt, code, output } = await child.end
  if (killAt === null && code !== 0) throw new RangeError(output)
  return { points, killedAt }
}

describe('kill -9 of a run whose group has a store of its own', () => {
  it('loses nothing, repeats nothing, and leaves nothing private in its files (M3)', { timeout: 600_000 }, async () => {
    const whole = homeAt('whole')
    const { points } = await start(whole, null)
    const first = ['before put', 'after put']
    const plan = planKills(points, { count: isLong ? points.length : 4, first: isLong ? first : [] })
    const puts = points.flatMap((name, index) => (name === 'after put' ? [index] : []))
    const killed: { readonly home: Home; readonly killedAt: string | null }[] = []
    const indexes = isLong ? plan : [...puts.slice(1, 3), ...plan.slice(0, 1)]
    await inPairs([...indexes.entries()], async ([place, index]) => {
      const home = homeAt(`killed-${place}`)
      const name = points[index] ?? ''
      const at = points.slice(0, index).filter((one) => one === name).length
      killed.push({ home, killedAt: (await start(home, name, at)).killedAt })
    })
    expect(killed.map(({ killedAt }) => killedAt)).not.toContain(null)
    expect(killed.map(({ killedAt }) => killedAt)).toContain('after put')
    for (const { home } of [{ home: whole }, ...killed]) {
      const { store, env, journal } = home
      const left = await readRun(store)
      if (left === undefined) continue
      expectNothingPrivate(home)
      const options = { cwd: home.home, env }
      // Of one that waits already nothing is left to be done.
      const resumed = await waystone(['resume', left.runId, '--store', store], options)
      expect({ code: resumed.code, output: resumed.output }).toMatchObject({ code: 3 })
      const approved = await waystone(
        ['approve', left.runId, '--by', 'ada', '--reason', `fine for ${privateMark}`, '--store', store],
        options,
      )
      expect({ code: approved.code, output: approved.output }).toMatchObject({ code: 0 })
      expectNothingPrivate(home)
      const runs = createSqliteStore({ path: store })
      const vault = createSqliteGroupStore({ path: home.vault })
      const opened = withGroupStores(runs, { billing: { store: vault } })
      const history = await readHistory(opened, left.runId)
      expect(history.row.status).toBe('completed')
      const { state } = history.at(history.last).snapshot.context
      expect(state).toMatchObject({ paid: true, card: privateMark })
      expect(state['marks']).toEqual(['first', 'second', 'third'].map((name) => `${privateMark} ${name}`))
      expect((await replayRun(opened, invoices, left.runId)).divergence).toBeNull()
      // A keyed task that was killed in the middle runs again under its id; no other effect is made.
      expect(new Set(readJournal(journal).map((line) => line.split(' ')[1])).size).toBe(3)
      await runs.close()
      await vault.close()
    }
  })

  it(
    'is shown with what is private where the store is named, and with gaps where it is not',
    { timeout: 120_000 },
    async () => {
      const home = homeAt('shown')
      await start(home, null)
      const run = await readRun(home.store)
      const ask = async (
        args: readonly string[],
        isBound: boolean,
      ): Promise<{ code: number | null; output: string }> => {
        const { WAYSTONE_VAULT: _, ...without } = home.env
        const { code, output } = await waystone([...args, '--store', home.store], {
          cwd: home.home,
          env: isBound ? home.env : without,
        })
        return { code, output }
      }
      const id = run?.runId ?? ''
      expect((await ask(['show', id, '--state'], true)).output).toContain(privateMark)
      const [state, audit, replay, deletion] = await Promise.all(
        [
          ['show', id, '--state'],
          ['audit', id],
          ['replay', id],
          ['delete', id],
        ].map((args) => ask(args, false)),
      )
      expect(state?.output).toContain('"card": "private to group billing"')
      for (const shown of [state, audit]) {
        expect(shown?.code).toBe(0)
        expect(shown?.output).toContain('What is private to group billing is left out')
        expect(shown?.output).not.toContain(privateMark)
      }
      for (const refused of [replay, deletion]) {
        expect(refused?.output).toContain('WAYSTONE_STORE_PRIVATE')
        expect(refused?.code).not.toBe(0)
      }
      expect((await ask(['delete', id, '--force'], true)).code).toBe(0)
      for (const name of readdirSync(home.home).filter((one) => one.startsWith('vault.db')))
        expect(readFileSync(join(home.home, name)).includes(privateMark)).toBe(false)
    },
  )
})
