import { expect, it } from 'vitest'
import { quotaOf, retryAfterOf } from './retry-after.ts'

function retryAfter(headers: Record<string, string>): number | undefined {
  return retryAfterOf((name) => headers[name] ?? null)
}

it.each([
  [{}, undefined],
  [{ 'retry-after-ms': '120' }, 120],
  [{ 'retry-after-ms': '120', 'retry-after': '9' }, 120],
  [{ 'retry-after': '9' }, 9000],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after': '-3' }, 0],
  [{ 'retry-after': '9999999' }, 86_400_000],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after': '' }, undefined],
  [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6m0s' }, 360_000],
  [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '120ms' }, 120],
  [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '1h2m3.5s' }, 3_723_500],
  [{ 'x-ratelimit-remaining-tokens': '7', 'x-ratelimit-reset-tokens': '120ms' }, undefined],
  [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': 'never' }, undefined],
])('reads %j as %s', (headers, expected) => {
  expect(retryAfter(headers)).toBe(expected)
})

it.each([
  [{}, undefined],
  [{ 'x-ratelimit-remaining-requests': '3' }, undefined],
  [{ 'x-ratelimit-remaining-requests': 'many', 'x-ratelimit-reset-requests': '1s' }, undefined],
  [
    { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m0s' },
    { requests: { remaining: 0, resetMs: 60_000 } },
  ],
  [
    {
      'x-ratelimit-remaining-requests': '9',
      'x-ratelimit-reset-requests': '8.64s',
      'x-ratelimit-remaining-tokens': '120',
      'x-ratelimit-reset-tokens': '6ms',
    },
    { requests: { remaining: 9, resetMs: 8_640 }, tokens: { remaining: 120, resetMs: 6 } },
  ],
])('reads the quota of %j', (headers: Record<string, string>, expected) => {
  expect(quotaOf((name) => headers[name] ?? null)).toEqual(expected)
})

it('reads dates', () => {
  const inTenMinutes = new Date(Date.now() + 600_000).toUTCString()
  const found = retryAfter({ 'retry-after': inTenMinutes })
  expect(found).toBeGreaterThan(590_000)
  expect(found).toBeLessThanOrEqual(600_000)
})
