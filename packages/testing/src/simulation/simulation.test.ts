import { describe, expect, it } from 'vitest'
import { readFailingSeeds } from './failing-seeds.ts'
import { simulate } from './simulate.ts'

const minutes = 60_000

describe('simulate', () => {
  it('keeps every invariant for every seed that failed once', { timeout: 10 * minutes }, async () => {
    for (const { suite, seed, runs } of readFailingSeeds()) {
      const { violations } = await simulate(seed, { suite, ...(runs !== undefined && { runs }) })
      expect(violations, `${suite} ${seed}`).toEqual([])
    }
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
