import { describe, expect, it } from 'vitest'
import { seededIds } from './seeded-ids.ts'

describe('seededIds', () => {
  it('gives the same ids for the same seed (R10)', () => {
    const make = (seed: number): readonly string[] => {
      const ids = seededIds(seed)
      return [ids.run(0), ids.event(), ids.run(5), ids.event()]
    }
    expect(make(3)).toEqual(make(3))
    expect(make(3)).not.toEqual(make(4))
  })

  it('never gives one twice and sorts runs by age', () => {
    const ids = seededIds('many')
    const runs = Array.from({ length: 500 }, (_, at) => ids.run(at))
    expect(new Set(runs).size).toBe(500)
    expect(runs.toSorted()).toEqual(runs)
  })
})
