import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import { blobReferences, joinLargeValues, largeValueLength, splitLargeValues, type SplitText } from './large-values.ts'

function join({ text, blobs }: SplitText): Json {
  const texts = new Map(blobs.map((blob) => [blob.hash, blob.text]))
  return joinLargeValues(text, (hash) => texts.get(hash))
}

describe('splitLargeValues', () => {
  it('leaves short values as JSON writes them', () => {
    const value = { b: 1, a: ['x', null], blob: 'no reference' }
    expect(splitLargeValues(value)).toEqual({ text: JSON.stringify(value), blobs: [] })
  })

  it('takes out a long string, and refers to it by its hash', () => {
    const long = 'x'.repeat(largeValueLength)
    const split = splitLargeValues({ before: 1, long, after: 2 })
    const hash = sha256(JSON.stringify(long))
    expect(split.text).toBe(`{"before":1,"long":{"$blob":"${hash}"},"after":2}`)
    expect(split.blobs).toEqual([{ hash, text: JSON.stringify(long) }])
    expect(blobReferences(split.text)).toEqual([hash])
  })

  it('takes out the same value once, wherever it stands', () => {
    const rows = Array.from({ length: 5000 }, (_, index) => ({ index, name: `row ${index}` }))
    const inEvent = splitLargeValues({ payload: { patch: { rows } } })
    const inSnapshot = splitLargeValues({ state: { rows, other: 1 }, again: [rows] })
    expect(inEvent.blobs).toHaveLength(1)
    expect(inSnapshot.blobs).toEqual(inEvent.blobs)
  })

  it('does not store large items again when their list grows', () => {
    const items = Array.from({ length: 3 }, (_, index) => String(index).repeat(70_000))
    const before = new Set(splitLargeValues({ items: items.slice(0, 2) }).blobs.map(({ hash }) => hash))
    const after = splitLargeValues({ items }).blobs.map(({ hash }) => hash)
    expect(after.filter((hash) => !before.has(hash))).toHaveLength(1)
  })

  it('reads keys of users that look like references back as they were', () => {
    const odd = { $blob: 'mine', $$blob: { $blob: [] }, $$$blob: 1, ablob: 2, text: '{"$blob":"x"}' }
    expect(join(splitLargeValues(odd))).toEqual(odd)
    expect(join(splitLargeValues({ long: { ...odd, pad: 'y'.repeat(70_000) } }))).toEqual({
      long: { ...odd, pad: 'y'.repeat(70_000) },
    })
  })

  it('keeps a key of the name that prototypes have', () => {
    const odd = JSON.parse('{"__proto__":{"$blob":"mine"},"$blob":1}') as Json
    const back = join(splitLargeValues(odd))
    expect(JSON.stringify(back)).toBe(JSON.stringify(odd))
  })

  it('reads back any value', () => {
    const key = fc.oneof(fc.constantFrom('$blob', '$$blob', 'blob', '__proto__', 'a"blob', '$blob":'), fc.string())
    const leaf = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('z'.repeat(70_000), '"'.repeat(40_000)),
    )
    const { value } = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }))
    fc.assert(
      fc.property(value, (any) => {
        const split = splitLargeValues(any)
        expect(join(split)).toEqual(any)
        expect(split.blobs.every(({ hash, text }) => sha256(text) === hash)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})

describe('joinLargeValues', () => {
  it('says which blob is missing or damaged', () => {
    const { text, blobs } = splitLargeValues({ long: 'x'.repeat(70_000) })
    expect(() => joinLargeValues(text, () => undefined)).toThrow(`blob ${blobs[0]?.hash} is missing`)
    expect(() => joinLargeValues(text, () => '"other"')).toThrow(`blob ${blobs[0]?.hash} is damaged`)
  })
})
