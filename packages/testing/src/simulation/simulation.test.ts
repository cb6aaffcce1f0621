import { describe, expect, it } from 'vitest'
import { readFailingSeeds } from './failing-seeds.ts'
import { runSuite } from './run-suite.ts'
import { simulate } from './simulate.ts'
import { seedsOf, suiteOf } from './suites/suites.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'
const seeds = isLong ? 5_000 : 1_000
const minutes = 60_000

describe('simulate', () => {
  it.each([suiteOf('core')])(
    'keeps every invariant after each step of the seeds of $name, and sees every kind of trouble',
    { timeout: 20 * minutes },
    async (suite) => {
      const count = seedsOf(suite, seeds)
      const { coverage, failed } = await runSuite(suite.name, { count })
      // oxlint-disable-next-line no-console -- the table is what the simulation has to show
      console.log(`Coverage of ${count} seeds of ${suite.name}\n${coverage.toText(suite.rows)}`)
      expect(failed).toEqual([])
      expect(coverage.missing(suite.rows)).toEqual([])
    },
  )

  it('keeps them for every seed that failed once', { timeout: 10 * minutes }, async () => {
    for (const { suite, seed } of readFailingSeeds())
      expect((await simulate(seed, { suite })).violations, `${suite} ${seed}`).toEqual([])
  })

  it('gives the same history for the same seed, byte for byte (R10)', { timeout: minutes }, async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const [one, other] = [await simulate(seed), await simulate(seed)]
      expect(other.digest).toBe(one.digest)
      expect(other.steps).toBe(one.steps)
    }
    expect((await simulate(1)).digest).not.toBe((await simulate(2)).digest)
  })
})
