import { describe, expect, it } from 'vitest'
import { withIndex, withoutIndex } from './with-index.ts'

describe('withIndex', () => {
  it('sets an entry of a copy, which is frozen and keeps the order of numbers', () => {
    const before = Object.freeze({ 10: 'ten' })
    const after = withIndex(withIndex(before, 9, 'nine'), '10', 'TEN')
    expect(after).toEqual({ 9: 'nine', 10: 'TEN' })
    expect(JSON.stringify(after)).toBe('{"9":"nine","10":"TEN"}')
    expect(Object.isFrozen(after)).toBe(true)
    expect(before).toEqual({ 10: 'ten' })
  })

  it('gives records that spread, compare and copy like any other', () => {
    const record = withIndex({}, 900, { attempt: 1 })
    expect({ ...record, 901: 'more' }).toStrictEqual({ 900: { attempt: 1 }, 901: 'more' })
    expect(Object.entries(record)).toStrictEqual([['900', { attempt: 1 }]])
  })
})

describe('withoutIndex', () => {
  it('takes an entry out of a copy, which is frozen', () => {
    const before = withIndex(withIndex({}, 1, 'one'), 2, 'two')
    expect(withoutIndex(before, 1)).toStrictEqual({ 2: 'two' })
    expect(Object.isFrozen(withoutIndex(before, '2'))).toBe(true)
    expect(withoutIndex(before, 3)).toStrictEqual(before)
  })
})
