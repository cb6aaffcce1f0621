import { describe, expect, it } from 'vitest'
import type { Json } from './json.ts'
import { jsonSize, utf8Start } from './json-size.ts'

function bytes(value: Json): number {
  return new TextEncoder().encode(JSON.stringify(value)).length
}

describe('jsonSize', () => {
  it.each<Json>([null, true, -12.5, '', 'plain', 'größer', '日本', '🙂🙂', { text: 'a', list: ['b', { c: null }] }])(
    'counts the bytes of %j',
    (value) => {
      const separators = typeof value === 'object' && value !== null ? 4 : 0
      expect(Math.abs(jsonSize(value, 1_000) - bytes(value))).toBeLessThanOrEqual(separators)
    },
  )

  it('stops once the limit is exceeded', () => {
    const list: Json = Array.from({ length: 1_000_000 }, () => 'x')
    expect(jsonSize(list, 10)).toBeLessThan(20)
    expect(jsonSize('x'.repeat(100), 10)).toBeGreaterThan(10)
    expect(jsonSize({ ['k'.repeat(100)]: 1 }, 10)).toBeGreaterThan(10)
  })
})

describe('utf8Start', () => {
  it('cuts between characters', () => {
    expect([0, 1, 3, 4, 5, 8, 99].map((size) => utf8Start('a🙂é', size))).toEqual([
      '',
      'a',
      'a',
      'a',
      'a🙂',
      'a🙂é',
      'a🙂é',
    ])
  })
})
