import { describe, expect, it } from 'vitest'
import { indexChanges, indexEntries, withIndex, withIndexReplaced, withoutIndex } from './with-index.ts'

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

describe('withIndex of a record with other keys', () => {
  it('leaves those behind the numbers, whatever they are called', () => {
    const before = Object.freeze(
      JSON.parse('{"2":"two","":"e","1e1":"x","-3":"m","9999999999":"b","__proto__":"p"}') as { [key: string]: string },
    )
    const after = withIndex(before, 10, 'ten')
    expect(JSON.stringify(after)).toBe(
      '{"2":"two","10":"ten","":"e","1e1":"x","-3":"m","9999999999":"b","__proto__":"p"}',
    )
    expect(indexEntries(after)).toEqual(Object.entries(after))
    expect(withIndex(after, 2, 'TWO')).toStrictEqual(JSON.parse(JSON.stringify(after).replace('two', 'TWO')))
    expect(Object.getPrototypeOf(after)).toBe(Object.prototype)
  })
})

describe('indexEntries', () => {
  it('gives the entries in ascending order, of records made here and of any other', () => {
    const made = withIndex(withIndex(withIndex({}, 900, 'b'), 7, 'a'), 1000, 'c')
    expect(indexEntries(made)).toEqual(Object.entries(made))
    expect(indexEntries({ 10: 'ten', 9: 'nine' })).toEqual([
      ['9', 'nine'],
      ['10', 'ten'],
    ])
  })

  it('reads a record that can still change every time', () => {
    const record: { [index: string]: string } = { 1: 'one' }
    expect(indexEntries(record)).toEqual([['1', 'one']])
    record[2] = 'two'
    expect(indexEntries(record)).toEqual([
      ['1', 'one'],
      ['2', 'two'],
    ])
  })
})

describe('indexChanges', () => {
  it('tells what was set, changed and taken out, in ascending order', () => {
    const kept = {}
    const before = withIndex(withIndex(withIndex({}, 3, kept), 20, { old: true }), 100, kept)
    const after = withIndex(withIndex(withoutIndex(before, 3), 20, { old: false }), 4, kept)
    expect(indexChanges(before, after)).toEqual([
      { index: '3', before: {}, after: undefined },
      { index: '4', before: undefined, after: {} },
      { index: '20', before: { old: true }, after: { old: false } },
    ])
    expect(indexChanges(before, before)).toEqual([])
    expect(indexChanges({}, before)).toHaveLength(3)
    expect(indexChanges(before, {})).toHaveLength(3)
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

describe('withIndexReplaced', () => {
  it('gives what a copy without an entry and one with another give', () => {
    const before = withIndex(withIndex({}, 1, 'one'), 2, 'two')
    const after = withIndexReplaced(before, 1, [3, 'three'])
    expect(after).toStrictEqual(withIndex(withoutIndex(before, 1), 3, 'three'))
    expect(indexEntries(after)).toEqual([
      ['2', 'two'],
      ['3', 'three'],
    ])
    expect(Object.isFrozen(after)).toBe(true)
    expect(withIndexReplaced(before, '2', undefined)).toStrictEqual(withoutIndex(before, 2))
  })
})
