import { describe, expect, it } from 'vitest'
import { Coverage, mapRows } from './coverage.ts'
import { keepFailingSeed, readFailingSeeds } from './failing-seeds.ts'
import { plantedFaults } from './plants.ts'
import { simulate } from './simulate.ts'
import { mapWorkflows } from './workflows/workflows.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'
const seeds = isLong ? 5_000 : 1_000
const minutes = 60_000

describe('simulate', () => {
  it(
    `keeps every invariant after each step of ${seeds} seeds, and sees every kind of trouble`,
    { timeout: 20 * minutes },
    async () => {
      const coverage = new Coverage()
      const failed: string[] = []
      for (let seed = 1; seed <= seeds; seed++) {
        const report = await simulate(seed)
        coverage.add(report.coverage)
        if (report.violations.length === 0) continue
        keepFailingSeed(report)
        failed.push(
          `npm run simulate -- ${seed}: ${report.violations.map(({ invariant, message }) => `${invariant}: ${message}`).join('; ')}`,
        )
      }
      // oxlint-disable-next-line no-console -- the table is what the simulation has to show
      console.log(`Coverage of ${seeds} seeds\n${coverage.toText()}`)
      expect(failed).toEqual([])
      expect(coverage.missing()).toEqual([])
    },
  )

  it(
    'keeps them over 200 seeds of maps, and sees every way in which a map ends (G7, R5)',
    { timeout: 5 * minutes },
    async () => {
      const coverage = new Coverage()
      for (let seed = 1; seed <= 200; seed++) {
        const report = await simulate(seed, { workflows: mapWorkflows })
        coverage.add(report.coverage)
        expect(report.violations, `seed ${seed}`).toEqual([])
      }
      expect(mapRows.filter((row) => coverage.of(row) === 0)).toEqual([])
    },
  )

  it('keeps them for every seed that failed once', { timeout: 2 * minutes }, async () => {
    for (const { seed } of readFailingSeeds()) expect((await simulate(seed)).violations).toEqual([])
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
    async ({ plant, found, workflows }) => {
      let seed = 0
      let seen: readonly string[] = []
      while (!found.some((invariant) => seen.includes(invariant)) && seed < 500) {
        seed += 1
        const { violations } = await simulate(seed, { plant, ...(workflows !== undefined && { workflows }) })
        seen = violations.map(({ invariant }) => invariant)
      }
      expect(found).toContain(seen.find((invariant) => found.some((one) => one === invariant)))
      expect(seed).toBeLessThanOrEqual(500)
    },
  )
})
