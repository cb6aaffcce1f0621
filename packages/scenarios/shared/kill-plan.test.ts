import { describe, expect, it } from 'vitest'
import { histogram, inPairs, planKills } from './kill-plan.ts'

const points = ['before commit 0', 'after commit 0', 'in tool', 'before commit 1', 'after commit 1']

describe('planKills', () => {
  it('takes the named points and every gap after a commit first', () => {
    expect(planKills(points, { count: 3, first: ['in tool'] }).map((index) => points[index])).toEqual([
      'in tool',
      'after commit 0',
      'after commit 1',
    ])
  })

  it('spreads what is left, and begins anew when there are more kills than points', () => {
    expect(new Set(planKills(points, { count: 5, first: [] })).size).toBe(5)
    expect(planKills(points, { count: 18, first: [] })).toHaveLength(18)
  })
})

describe('histogram', () => {
  it('shows every point, also those at which nothing was killed', () => {
    expect(histogram(['a', 'bb'], ['bb', 'bb'])).toBe('a    0 \nbb   2 ██')
  })
})

describe('inPairs', () => {
  it('works through all items, never more than two at once', async () => {
    const [done, most]: [number[], { now: number; ever: number }] = [[], { now: 0, ever: 0 }]
    await inPairs([1, 2, 3, 4, 5], async (item) => {
      most.now += 1
      most.ever = Math.max(most.ever, most.now)
      await new Promise(setImmediate)
      most.now -= 1
      done.push(item)
    })
    expect(done.toSorted((one, other) => one - other)).toEqual([1, 2, 3, 4, 5])
    expect(most.ever).toBe(2)
  })
})
