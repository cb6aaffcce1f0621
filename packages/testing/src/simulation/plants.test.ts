// Beside simulation.test.ts, so that both may run at once.
import { describe, expect, it } from 'vitest'
import { plantedFaults } from './plants.ts'
import { simulate } from './simulate.ts'

const minutes = 60_000

describe('simulate', () => {
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
