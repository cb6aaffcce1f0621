// Beside simulation.test.ts, so that both may run at once.
import { describe, expect, it } from 'vitest'
import { runSuite } from './run-suite.ts'
import { seedsOf, suites } from './suites/suites.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'
const seeds = isLong ? 5_000 : 1_000
const minutes = 60_000

describe('simulate', () => {
  it.each(suites.filter(({ name }) => name !== 'core'))(
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
})
