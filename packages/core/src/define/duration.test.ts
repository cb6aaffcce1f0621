import { describe, expect, it } from 'vitest'
import { durationMs } from './duration.ts'

describe('durationMs', () => {
  it('reads milliseconds and numbers with a unit', () => {
    const texts = [250, '500ms', '10s', '1.5s', '30m', '12h', '2d']
    expect(texts.map((text) => durationMs(text))).toEqual([250, 500, 10_000, 1_500, 1_800_000, 43_200_000, 172_800_000])
  })

  it('knows what is no duration', () => {
    const others = [
      '',
      '10',
      '2 days',
      '-1s',
      '1e3s',
      's',
      -1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1e300,
      null,
      undefined,
      {},
    ]
    expect(others.map((other) => durationMs(other))).toEqual(others.map(() => undefined))
  })
})
