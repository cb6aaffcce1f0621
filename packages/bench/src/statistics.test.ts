import { describe, expect, it } from 'vitest'
import { median, perSecond } from './statistics.ts'

describe('median', () => {
  it('is the middle value, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([4, 1, 2, 9])).toBe(3)
    expect(median([])).toBeNaN()
  })
})

describe('perSecond', () => {
  it('counts steps by the second', () => {
    expect(perSecond(500, 250)).toBe(2_000)
  })
})
