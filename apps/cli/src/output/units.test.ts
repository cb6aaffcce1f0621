import { describe, expect, it } from 'vitest'
import { formatCost, formatCount, formatDuration, formatMoment, formatTime, parseDuration } from './units.ts'

describe('formatDuration', () => {
  it.each([
    [-5, '0 ms'],
    [0, '0 ms'],
    [999, '999 ms'],
    [1234, '1.2 s'],
    [12_345, '12 s'],
    [60_000, '1 min'],
    [250_000, '4 min 10 s'],
    [7_500_000, '2 h 5 min'],
    [273_600_000, '3 d 4 h'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})

describe('formatCost', () => {
  it.each([
    [0, '$0'],
    [0.00001, '<$0.0001'],
    [0.0042, '$0.0042'],
    [0.5, '$0.50'],
    [12.345, '$12.35'],
  ])('writes %d USD as %s', (usd, text) => {
    expect(formatCost(usd)).toBe(text)
  })
})

describe('formatMoment', () => {
  const now = new Date(2026, 0, 2, 23, 30, 0).getTime()
  it.each([
    [120_000, '23:32:00 (in 2 min)'],
    [-5_000, '23:29:55 (5.0 s ago)'],
    [172_800_000, '2026-01-04 23:30 (in 2 d)'],
    [1_800_000, '2026-01-03 00:00 (in 30 min)'],
  ])('tells %d ms from now by the local clock', (away, text) => {
    expect(formatMoment(now + away, now)).toBe(text)
  })
})

describe('formatCount, formatTime', () => {
  it('set thousands apart, and write UTC', () => {
    expect([0, 999, 1000, 1_234_567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567'])
    expect(formatTime(0)).toBe('1970-01-01 00:00:00Z')
  })
})

describe('parseDuration', () => {
  it.each([
    ['90s', 90_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    ['2 w', 1_209_600_000],
    ['soon', undefined],
    ['-1d', undefined],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })
})
