import { describe, expect, it } from 'vitest'
import { maxFlow } from './max-flow.ts'

describe('maxFlow', () => {
  it('is the heaviest path when nothing leads back', () => {
    const arcs = [
      { from: 0, to: 1, capacity: Infinity, weight: 5 },
      { from: 0, to: 2, capacity: Infinity, weight: 1 },
      { from: 2, to: 3, capacity: Infinity, weight: 7 },
    ]
    expect(maxFlow({ size: 4, arcs, ends: [0, 0, 0, 0] }, 0)).toBe(8)
  })

  it('takes a cycle as often as its way back allows, and ends where that gains most', () => {
    const arcs = [
      { from: 0, to: 1, capacity: Infinity, weight: 3 },
      { from: 1, to: 0, capacity: 4, weight: 2 },
    ]
    expect(maxFlow({ size: 2, arcs, ends: [10, 0] }, 0)).toBe(4 * 5 + 10)
  })

  it('shares a stretch between two ways back', () => {
    const arcs = [
      { from: 0, to: 1, capacity: Infinity, weight: 1 },
      { from: 1, to: 2, capacity: Infinity, weight: 1 },
      { from: 1, to: 0, capacity: 1, weight: 1 },
      { from: 2, to: 1, capacity: 2, weight: 1 },
    ]
    expect(maxFlow({ size: 3, arcs, ends: [0, 0, 0] }, 0)).toBe(2 + 2 + 4)
  })

  it('counts a way back to where it begins', () => {
    expect(maxFlow({ size: 1, arcs: [{ from: 0, to: 0, capacity: 3, weight: 2 }], ends: [0] }, 0)).toBe(6)
  })

  it('does not need more rounds for large limits', () => {
    const arcs = [
      { from: 0, to: 1, capacity: Infinity, weight: 1 },
      { from: 1, to: 0, capacity: 1_000_000, weight: 1 },
    ]
    expect(maxFlow({ size: 2, arcs, ends: [0, 0] }, 0)).toBe(2_000_001)
  })
})
