import { describe, expect, it } from 'vitest'
import { Coverage } from './coverage.ts'
import { keepFailingSeed, readFailingSeeds } from './failing-seeds.ts'
import { plantedFaults } from './plants.ts'
import { simulate } from './simulate.ts'
import { seedsOf, suites } from './suites/suites.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'
const seeds = isLong ? 5_000 : 1_000
const minutes = 60_000

describe('simulate', () => {
  it.each(suites)(
    'keeps every invariant after each step of the seeds of $name, and sees every kind of trouble',
    { timeout: 20 * minutes },
    async (suite) => {
      const coverage = new Coverage()
      const failed: string[] = []
      const count = seedsOf(suite, seeds)
      for (let seed = 1; seed <= count; seed++) {
        const report = await simulate(seed, { suite: suite.name })
        coverage.add(report.coverage)
        if (report.violations.length === 0) continue
        keepFailingSeed(report)
        failed.push(
          `npm run simulate -- ${seed} --suite ${suite.name}: ${report.violations.map(({ invariant, message }) => `${invariant}: ${message}`).join('; ')}`,
        )
      }
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

  it.each(plantedFaults)(
    'finds that $plant.name within 500 seeds',
    { timeout: 5 * minutes },
    async ({ plant, found, suite = 'core' }) => {
      let seed = 0
      let seen: readonly string[] = []
      while (!found.some((invariant) => seen.includes(invariant)) && seed < 500) {
        seed += 1
        const { violations } = await simulate(seed, { plant, suite })
        seen = violations.map(({ invariant }) => invariant)
      }
      expect(found).toContain(seen.find((invariant) => found.some((one) => one === invariant)))
      expect(seed).toBeLessThanOrEqual(500)
    },
  )
})
