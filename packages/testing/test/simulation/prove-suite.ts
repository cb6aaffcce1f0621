import { describe, expect, it } from 'vitest'
import { runSuite } from '../../src/simulation/run-suite.ts'
import { seedsOf, suiteOf, type SuiteName } from '../../src/simulation/suites/suites.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'
const seeds = isLong ? 5_000 : 600
const minutes = 60_000

/** The test of one suite. Each has a file of its own, so that they run beside each other. */
export function proveSuite(name: SuiteName): void {
  describe(`simulate ${name}`, () => {
    it(
      'keeps every invariant after each step of its seeds, and sees every kind of trouble',
      {
        timeout: 20 * minutes,
      },
      async () => {
        const suite = suiteOf(name)
        const count = seedsOf(suite, seeds)
        const { coverage, failed } = await runSuite(name, { count })
        // oxlint-disable-next-line no-console -- the table is what the simulation has to show
        console.log(`Coverage of ${count} seeds of ${name}\n${coverage.toText(suite.rows)}`)
        expect(failed).toEqual([])
        expect(coverage.missing(suite.rows)).toEqual([])
      },
    )
  })
}
