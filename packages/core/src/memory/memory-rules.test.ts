import { describe, expect, it } from 'vitest'
import { checkPut, memoryLimit, scopeEnd, scopeOf, scopeText } from './memory-rules.ts'
import { createVolatileMemory } from './volatile-memory.ts'

const put = { scope: ['preferences', 'ann'], key: 'seat', value: { seat: 'aisle', rows: [1, 2] }, now: 1000 }

describe('checkPut', () => {
  it('makes a text of key and value when none is given', () => {
    expect(checkPut(put)).toMatchObject({ text: 'seat aisle 1 2', tags: [], expiresAt: null })
  })

  it('names what is malformed and what is allowed', () => {
    expect(() => checkPut({ ...put, scope: [] })).toThrow(
      expect.objectContaining({
        code: 'WAYSTONE_INPUT_MEMORY',
        message: 'the scope of an entry has no part; allowed are 1 to 8',
      }),
    )
  })
})

describe('scopeText', () => {
  it('begins the texts of all scopes below, and of no other', () => {
    const [begin, end] = [scopeText(['a']), scopeEnd(['a'])]
    const isInside = (scope: readonly string[]): boolean => scopeText(scope) >= begin && scopeText(scope) < end
    expect([['a'], ['a', 'b'], ['a', '\u{10FFFF}']].every(isInside)).toBe(true)
    expect([['a b'], ['ab'], ['A'], ['b']].some(isInside)).toBe(false)
    expect(scopeOf(scopeText(['a', 'b c']))).toEqual(['a', 'b c'])
  })
})

describe('memoryLimit', () => {
  it('keeps what is asked for within what is given', () => {
    const range = { most: 100, fallback: 10 }
    expect([undefined, 0, 7.9, 1000, Number.NaN].map((limit) => memoryLimit(limit, range))).toEqual([10, 1, 7, 100, 10])
  })
})

describe('createVolatileMemory', () => {
  it('says at which revision an entry is that a write was not made for', async () => {
    const memory = createVolatileMemory()
    await memory.put(put)
    await expect(memory.put({ ...put, ifRevision: 0 })).rejects.toMatchObject({
      code: 'WAYSTONE_STORE_REVISION',
      message:
        'memory entry "seat" of preferences / ann is at revision 1; the write is for no entry, and nothing was written',
    })
  })
})
