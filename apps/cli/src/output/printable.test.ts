import { describe, expect, it } from 'vitest'
import { printable, printableExcerpt, printableJson, printableLine } from './printable.ts'

describe('printable', () => {
  it.each([
    ['colours', 'a\u001b[31mred\u001b[0mb', 'aredb'],
    ['a cursor that moves', 'a\u001b[2Jb\u001b[1;1Hc', 'abc'],
    ['a title of the window', 'a\u001b]0;owned\u0007b', 'ab'],
    ['a link', '\u001b]8;;https://example.org\u001b\\text\u001b]8;;\u001b\\', 'text'],
    ['the 8-bit forms', 'a\u009b31mb\u009dtitle\u009cc', 'abc'],
    ['an unended sequence, up to the end of its line', 'a\u001b]0;rest\nnext', 'a\nnext'],
    ['a reset', 'a\u001bcb', 'ab'],
    ['bells, backspaces and null', 'a\u0007\b\u0000b', 'ab'],
    ['a lone carriage return, which would overwrite the line', 'safe\rrm', 'safe\nrm'],
    ['marks that reorder text', 'abc\u202edef\u2066g', 'abcdefg'],
    ['text that nobody sees', 'a\u200b\u{e0041}b', 'ab'],
    ['what a removal would put together', '\u001b\u001b[31m[2Jx', '[2Jx'],
  ])('takes out %s', (_what, text, expected) => {
    expect(printable(text)).toBe(expected)
  })

  it('leaves line feeds, tabs and every script alone', () => {
    const text = 'añb\t漢字\n🙂 שלום'
    expect(printable(text)).toBe(text)
  })
})

describe('printableLine and printableExcerpt', () => {
  it('write one line of at most so many characters', () => {
    expect(printableLine(' a\n\tb  c ')).toBe('a b c')
    expect(printableExcerpt('abcdef', 4)).toBe('abc…')
    expect(printableExcerpt('abcd', 4)).toBe('abcd')
  })
})

describe('printableJson', () => {
  it('escapes what a terminal would act on, and reads back the same', () => {
    const value = { a: 'x\u001b[2J\u009b31m\u202e\u{e0041}', b: 'ñ' }
    const text = printableJson(value)
    expect(printable(text)).toBe(text)
    expect(JSON.parse(text)).toEqual(value)
  })
})
