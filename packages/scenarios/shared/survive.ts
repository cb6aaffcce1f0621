import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { endedEffects, finalState, finishRun, readRun, type Answering, type StoredRun } from './finish-run.ts'
import { journalVariable, readJournal } from './journal.ts'
import { histogram, inPairs, planKills } from './kill-plan.ts'
import { startProgram } from './programs.ts'

/** What a program calls while it runs, and what counts these calls from outside of it. */
export interface Services {
  /** Given to every process of the run. */
  readonly env: Readonly<Record<string, string>>
  /** A line for each call so far: name, effect id and attempt, with blanks between. */
  readonly journal: () => readonly string[]
  readonly close: () => Promise<void>
}

/** A program that makes one run, and how to kill it. */
export interface Scenario {
  readonly program: string
  /** Arguments of the program for one run in a folder. */
  readonly args: (folder: string) => readonly string[]
  readonly answering: (journal: () => readonly string[]) => Answering
  /** Points that are killed at even when there is time for few. */
  readonly first: readonly string[]
  /** Started for every run. Default: a journal file that processes of this repository write themselves. */
  readonly serve?: () => Promise<Services>
}

/** A run that was killed, or was not, and came to its end. */
export interface Survived {
  readonly killedAt: string | null
  readonly points: readonly string[]
  /** As the kill left it; undefined: not even its first checkpoint was stored. */
  readonly left: StoredRun | undefined
  readonly journalLeft: readonly string[]
  readonly end: StoredRun | undefined
  readonly journal: readonly string[]
  readonly folder: string
}

/** A point by its name: what runs side by side makes its index another one from run to run. */
interface KillPoint {
  readonly name: string
  /** How often the name is reached by then, from 1. */
  readonly time: number
}

/** One run of a scenario. */
interface Attempt {
  /** A folder that is not there yet. */
  readonly home: string
  /** Null: it is not killed. */
  readonly killAt: KillPoint | null
}

/** Runs a scenario, kills it at a point, and brings it to its end with `waystone resume`. */
async function survive(scenario: Scenario, { home, killAt }: Attempt): Promise<Survived> {
  mkdirSync(home)
  const store = join(home, 'runs.db')
  const services = await (scenario.serve?.() ?? journalFile(join(home, 'journal.txt')))
  const env = { ...services.env, NO_COLOR: '1' }
  let times = 0
  try {
    const child = startProgram(scenario.program, [store, ...scenario.args(home)], {
      cwd: home,
      env,
      atPoint: (name) => {
        if (name === killAt?.name) times += 1
        return name === killAt?.name && times === killAt.time ? 'kill' : 'go'
      },
    })
    const { points, killedAt, code, output } = await child.end
    if (killAt === null && code !== 0) throw new RangeError(output)
    const left = existsSync(store) ? await readRun(store) : undefined
    const journalLeft = [...services.journal()]
    const answering = scenario.answering(services.journal)
    const end = left === undefined ? undefined : await finishRun(store, answering, { cwd: home, env })
    return { killedAt, points, left, journalLeft, end, journal: [...services.journal()], folder: home }
  } finally {
    await services.close()
  }
}

function journalFile(file: string): Services {
  return { env: { [journalVariable]: file }, journal: () => readJournal(file), close: () => Promise.resolve() }
}

function pointAt(points: readonly string[], index: number): KillPoint {
  const name = points[index] ?? ''
  return { name, time: points.slice(0, index + 1).filter((one) => one === name).length }
}

/** Gaps between a commit and what is performed after it: all of an undisturbed run, and how many of them something was killed in. */
export function gapsOf({ whole, killed }: { readonly whole: Survived; readonly killed: readonly Survived[] }): {
  readonly all: number
  readonly hit: number
} {
  const gaps = whole.points.filter((name) => name.startsWith('after commit'))
  const hit = gaps.filter((gap) => killed.some(({ killedAt }) => killedAt === gap))
  return { all: gaps.length, hit: hit.length }
}

/** Those of which a checkpoint was stored. */
export function survivors(all: readonly Survived[]): readonly (Survived & { readonly end: StoredRun })[] {
  return all.flatMap((one) => (one.end === undefined ? [] : [{ ...one, end: one.end }]))
}

/** Calls after the kill of effects whose end had been stored before it. */
export function repeated({ left, journalLeft, journal }: Survived): readonly string[] {
  if (left === undefined) return []
  const ended = endedEffects(left)
  const before = [...journalLeft]
  const after = journal.filter((line) => {
    const at = before.indexOf(line)
    if (at !== -1) before.splice(at, 1)
    return at === -1
  })
  return after.filter((line) => ended.has(line.split(' ')[1] ?? ''))
}

/** The state at the end; paths and ids, which differ between runs by where they are kept, taken out. */
export function finalStateOf(one: Survived): unknown {
  if (one.end === undefined) return undefined
  return JSON.parse(JSON.stringify(finalState(one.end)).replaceAll(one.folder, 'HOME'))
}

/**
 * Runs a scenario once as it is and many times killed, and prints where.
 *
 * @param folder - that the folders of the runs are made in
 */
export async function killMany(
  scenario: Scenario,
  { folder, name, count }: { readonly folder: string; readonly name: string; readonly count: number },
): Promise<{ readonly whole: Survived; readonly killed: readonly Survived[] }> {
  const whole = await survive(scenario, { home: join(folder, `${name}-whole`), killAt: null })
  const killed: Survived[] = []
  const plan = planKills(whole.points, { count, first: scenario.first })
  await inPairs([...plan.entries()], async ([index, at]) => {
    const killAt = pointAt(whole.points, at)
    killed.push(await survive(scenario, { home: join(folder, `${name}-${index}`), killAt }))
  })
  const at = killed.map(({ killedAt }) => killedAt ?? 'not killed')
  // oxlint-disable-next-line no-console -- the histogram is what these tests have to show
  console.log(`${name}: killed ${killed.length} times\n${histogram(whole.points, at)}`)
  return { whole, killed }
}
