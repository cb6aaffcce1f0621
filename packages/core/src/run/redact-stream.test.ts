import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSecretVault } from './secrets.ts'

/** Values of few letters, so that they overlap and begin each other. */
const value = fc.string({ unit: fc.constantFrom('a', 'b', '+'), minLength: 4, maxLength: 7 })

/** A text with whole values, beginnings of values and other letters in it. */
const textWith = (values: readonly string[]) =>
  fc
    .array(
      fc.oneof(
        fc.constantFrom(...values),
        fc.tuple(fc.constantFrom(...values), fc.nat(6)).map(([whole, length]) => whole.slice(0, length)),
        fc.string({ unit: fc.constantFrom('a', 'b', '+', 'c'), maxLength: 4 }),
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join(''))

const example = fc
  .array(value, { minLength: 1, maxLength: 3 })
  .chain((values) => fc.tuple(fc.constant(values), textWith(values), fc.array(fc.nat(8), { maxLength: 30 })))

function pieces(text: string, lengths: readonly number[]): readonly string[] {
  const list: string[] = []
  let from = 0
  for (const length of lengths) {
    list.push(text.slice(from, from + length))
    from += length
  }
  return [...list, text.slice(from)]
}

describe('redactStream', () => {
  it('reads as the whole text redacted at once, however it is cut (S6)', async () => {
    await fc.assert(
      fc.asyncProperty(example, async ([values, text, lengths]) => {
        const vault = createSecretVault((name) => values[Number(name)])
        for (const index of values.keys()) await vault.resolve(String(index))
        const shown: string[] = []
        const stream = vault.redactStream((piece) => shown.push(piece))
        for (const piece of pieces(text, lengths)) stream.push(piece)
        stream.end()
        expect(shown.join('')).toBe(vault.redact(text))
        expect(shown).not.toContain('')
      }),
      { numRuns: 500 },
    )
  })

  it('shows what cannot become a secret at once, and nothing of one that has begun', async () => {
    const vault = createSecretVault(() => 'hunter2')
    const shown: string[] = []
    const stream = vault.redactStream((piece) => shown.push(piece))
    stream.push('a hunter before it is known ')
    await vault.resolve('TOKEN')
    stream.push('it is hun')
    expect(shown).toEqual(['a hunter before it is known ', 'it is '])
    stream.push('t')
    stream.push('er2')
    stream.push('!')
    stream.push(' hunt')
    stream.end()
    stream.push('later')
    expect(shown.slice(2)).toEqual(['[secret TOKEN]', '!', ' ', 'hunt'])
  })
})
