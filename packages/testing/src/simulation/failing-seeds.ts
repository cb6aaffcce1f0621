import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { SimulationReport } from './simulate.ts'
import type { RunCount } from './suites/suite.ts'
import type { SuiteName } from './suites/suites.ts'

/** A seed that has failed once. It is run again by every test run. */
export interface FailingSeed {
  readonly suite: SuiteName
  readonly seed: number
  /** How many runs its suite wanted when it failed; absent: as many as now. */
  readonly runs?: RunCount
  /** What it found, so that the reason is known when the code has moved on. */
  readonly found: string
}

const file = fileURLToPath(new URL('../../seeds/failing.json', import.meta.url))

/** The seeds that are kept. Order: by suite and seed. */
export function readFailingSeeds(): readonly FailingSeed[] {
  return JSON.parse(readFileSync(file, 'utf8')) as readonly FailingSeed[]
}

/** Keeps the seed of a report that has violations, once. */
export function keepFailingSeed({ suite, seed, violations }: SimulationReport): void {
  const [first] = violations
  const kept = readFailingSeeds()
  if (first === undefined || kept.some((one) => one.suite === suite && one.seed === seed)) return
  const found = `${first.invariant}: ${(first.message.split('\n')[0] ?? '').slice(0, 200)}`
  const all = [...kept, { suite, seed, found }].toSorted(
    (one, other) => one.suite.localeCompare(other.suite) || one.seed - other.seed,
  )
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`)
}
