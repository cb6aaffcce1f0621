import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RetryRecord } from '../graph/graph.ts'
import { backoffUntil } from './backoff.ts'

const policy: RetryRecord = { attempts: 9, backoffMs: 100, factor: 2, maxBackoffMs: 1000, jitter: 0 }
const ended = { at: 5000, attempt: 1, effectId: 'run/1', retryAfterMs: undefined }

describe('backoffUntil', () => {
  it('grows by the factor up to the longest wait', () => {
    const waits = [1, 2, 3, 4, 5, 50].map((attempt) => (backoffUntil(policy, { ...ended, attempt }) ?? 0) - ended.at)
    expect(waits).toEqual([100, 200, 400, 800, 1000, 1000])
  })

  it('waits at least as long as it was told to', () => {
    expect(backoffUntil(policy, { ...ended, retryAfterMs: 7000 })).toBe(12_000)
    expect(backoffUntil(policy, { ...ended, retryAfterMs: 3 })).toBe(5100)
  })

  it('stays a number after many attempts', () => {
    const steep = { ...policy, factor: 10 }
    expect(backoffUntil(steep, { ...ended, attempt: 5000 })).toBe(6000)
    expect(backoffUntil({ ...steep, backoffMs: 0 }, { ...ended, attempt: 5000 })).toBeUndefined()
  })

  it('begins at once when there is nothing to wait for', () => {
    expect(backoffUntil({ ...policy, backoffMs: 0 }, ended)).toBeUndefined()
    expect(backoffUntil({ ...policy, jitter: 1, backoffMs: 0 }, ended)).toBeUndefined()
  })

  it('draws its jitter from effect and attempt: the same again, another for another (R10)', () => {
    const drawn = { ...policy, jitter: 0.5, maxBackoffMs: 100_000, backoffMs: 10_000, factor: 1 }
    const until = (effectId: string, attempt: number): unknown => backoffUntil(drawn, { ...ended, effectId, attempt })
    expect(until('run/1', 1)).toBe(until('run/1', 1))
    expect(new Set([until('run/1', 1), until('run/1', 2), until('run/2', 1), until('other/1', 1)]).size).toBe(4)
  })

  it('never waits longer than the policy says, nor shorter than its jitter allows', () => {
    const policies = fc.record({
      attempts: fc.nat(10),
      backoffMs: fc.nat(10_000),
      factor: fc.double({ min: 1, max: 10, noNaN: true }),
      maxBackoffMs: fc.nat(100_000),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 400 }), fc.string(), (drawn, attempt, effectId) => {
        const wait = (backoffUntil(drawn, { ...ended, attempt, effectId }) ?? ended.at) - ended.at
        const grown = drawn.backoffMs === 0 ? 0 : drawn.backoffMs * drawn.factor ** (attempt - 1)
        const full = Math.min(drawn.maxBackoffMs, grown)
        expect(wait).toBeLessThanOrEqual(Math.round(full))
        expect(wait).toBeGreaterThanOrEqual(Math.floor(full * (1 - drawn.jitter)))
      }),
    )
  })
})
