import { describe, expect, it } from 'vitest'
import { seededRandom } from './seeded-random.ts'

const draw = (seed: number | string, count = 20): readonly number[] => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => random.next())
}

describe('seededRandom', () => {
  it('gives the same numbers for the same seed and others for another', () => {
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
    expect(draw('seven')).toEqual(draw('seven'))
  })

  it('keeps to the same numbers on every machine and in every version', () => {
    expect(draw(1, 3).map((value) => Math.floor(value * 1e9))).toMatchInlineSnapshot(`
      [
        461611920,
        52028763,
        766371827,
      ]
    `)
  })

  it('spreads evenly over 0 to below 1', () => {
    const values = draw('spread', 20_000)
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...values)).toBeLessThan(1)
    for (let tenth = 0; tenth < 10; tenth++) {
      const inside = values.filter((value) => Math.floor(value * 10) === tenth).length
      expect(inside).toBeGreaterThan(1_800)
      expect(inside).toBeLessThan(2_200)
    }
  })

  it('draws whole numbers with both ends', () => {
    const random = seededRandom('ends')
    const drawn = new Set(Array.from({ length: 200 }, () => random.integer(3, 5)))
    expect(drawn).toEqual(new Set([3, 4, 5]))
  })

  it('is never true at probability 0 and always at 1', () => {
    const random = seededRandom('chance')
    const drawn = Array.from({ length: 100 }, () => [random.chance(0), random.chance(1)])
    expect(drawn.every(([never, always]) => never === false && always === true)).toBe(true)
  })

  it('shuffles a copy that keeps every item', () => {
    const items = [1, 2, 3, 4, 5, 6, 7, 8]
    const shuffled = seededRandom('cards').shuffle(items)
    expect(shuffled).not.toEqual(items)
    expect(shuffled.toSorted((one, other) => one - other)).toEqual(items)
    expect(items).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('branches into sources that do not disturb each other', () => {
    const plain = seededRandom('root')
    const branched = seededRandom('root')
    const branch = branched.branch('people')
    branch.next()
    expect(branched.next()).toBe(plain.next())
    expect(seededRandom('root').branch('people').next()).toBe(seededRandom('root').branch('people').next())
    expect(seededRandom('root').branch('people').next()).not.toBe(seededRandom('root').branch('store').next())
  })

  it('picks each item of a list at some time', () => {
    const random = seededRandom('pick')
    expect(new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b', 'c'])))).toEqual(new Set(['a', 'b', 'c']))
  })
})
