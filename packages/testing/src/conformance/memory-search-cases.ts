import type { MemoryStore } from '@waystone/core/store'
import { expect } from 'vitest'
import { start } from './fixtures.ts'
import type { MemoryCase } from './memory-harness.ts'

const now = start

/** Text search: what is found, in which order, and that nothing in a text is an operator. */
export const memorySearchCases: readonly MemoryCase[] = [
  {
    title: 'finds entries by their text, or by key and value when there is none, best first',
    async run(tools) {
      const memory = await tools.memory()
      await fill(memory, {
        both: 'prefers window seats on trains',
        one: 'prefers quiet hotels near stations',
        none: 'eats no meat at all',
        filler: 'likes long walks in the rain',
      })
      await memory.put({ scope: ['s'], key: 'shoe-size', value: { pair: ['left 42', { right: 43 }] }, now })
      expect(await keysFor(memory, 'window prefers')).toEqual(['both', 'one'])
      expect(await keysFor(memory, '43')).toEqual(['shoe-size'])
      expect(await keysFor(memory, 'shoe')).toEqual(['shoe-size'])
      expect(await keysFor(memory, 'submarine')).toEqual([])
    },
  },
  {
    title: 'searches a scope and what is below it, and nothing beside it (M3)',
    async run(tools) {
      const memory = await tools.memory()
      for (const scope of [['x'], ['x', 'a'], ['x', 'b'], ['xa'], ['y']])
        await memory.put({ scope, key: scope.join('-'), value: 'secret plan', now })
      const found = async (scope: readonly string[]): Promise<readonly string[]> =>
        (await memory.search({ scope, text: 'plan', now })).entries.map(({ key }) => key).toSorted()
      expect(await found(['x'])).toEqual(['x', 'x-a', 'x-b'])
      expect(await found(['x', 'a'])).toEqual(['x-a'])
      expect(await found([])).toEqual(['x', 'x-a', 'x-b', 'xa', 'y'])
    },
  },
  {
    title: 'takes case, accents and width for the same, and finds words of any script',
    async run(tools) {
      const memory = await tools.memory()
      await fill(memory, {
        french: 'Café au lait, très crémeux',
        german: 'Straße nach Köln',
        russian: 'любит зелёный чай',
        hindi: 'मुझे चाय पसंद है',
        chinese: '喜欢靠窗的座位',
        japanese: 'コーヒーが好きです',
        thai: 'ชอบกาแฟเย็น',
        wide: 'ＡＢＣ１２３',
        new: 'the 𞤀𞤣𞤤𞤢𞤥 script',
      })
      for (const [text, key] of [
        ['CAFE', 'french'],
        ['tres', 'french'],
        ['köln', 'german'],
        ['KOLN', 'german'],
        ['ЧАЙ', 'russian'],
        ['चाय', 'hindi'],
        ['座位', 'chinese'],
        ['窗', 'chinese'],
        ['コーヒー', 'japanese'],
        ['กาแฟ', 'thai'],
        ['abc123', 'wide'],
        ['𞤀𞤣𞤤𞤢𞤥', 'new'],
      ] as const)
        expect([text, await keysFor(memory, text)]).toEqual([text, [key]])
      // A pair that the text does not have.
      expect(await keysFor(memory, '位窗')).toEqual([])
    },
  },
  {
    title: 'takes nothing in a text for an operator and never fails for one',
    async run(tools) {
      const memory = await tools.memory()
      await fill(memory, { near: 'near the river', not: 'do not call', terms: 'terms and conditions', plain: 'tea' })
      for (const text of [
        '"',
        '""',
        '*',
        'NEAR(',
        'NEAR("a" "b", 5)',
        "'",
        '(',
        ')',
        '^',
        '-',
        '+',
        ':',
        'terms:',
        '{terms}:',
        'tea*',
        'te*',
        '"tea',
        'tea OR',
        'AND',
        'NOT',
        '\u0000',
        '\uD83D',
        'x'.repeat(100_000),
        '"; DROP TABLE entries; --',
      ])
        expect([text, await keysFor(memory, text)]).toEqual([
          text,
          {
            'NEAR(': ['near'],
            'NEAR("a" "b", 5)': ['near'],
            'terms:': ['terms'],
            '{terms}:': ['terms'],
            'tea*': ['plain'],
            '"tea': ['plain'],
            'tea OR': ['plain'],
            AND: ['terms'],
            NOT: ['not'],
          }[text] ?? [],
        ])
      expect(await keysFor(memory, Array.from({ length: 5000 }, (_, index) => `w${index}`).join(' '))).toEqual([])
      expect((await memory.list({ scope: [], now })).entries).toHaveLength(4)
    },
  },
  {
    title: 'follows what is written over and deleted',
    async run(tools) {
      const memory = await tools.memory()
      await fill(memory, { a: 'green tea', b: 'green apples' })
      await memory.put({ scope: ['s'], key: 'a', value: 'black coffee', now })
      expect(await keysFor(memory, 'green')).toEqual(['b'])
      expect(await keysFor(memory, 'coffee')).toEqual(['a'])
      await memory.delete({ scope: ['s'], key: 'b', now })
      expect(await keysFor(memory, 'green')).toEqual([])
    },
  },
  {
    title: 'gives hits page by page, and only those with a tag',
    async run(tools) {
      const memory = await tools.memory()
      for (let index = 0; index < 25; index++)
        await memory.put({
          scope: ['s'],
          key: `k${index}`,
          value: `word ${index}`,
          tags: index % 5 === 0 ? ['five'] : [],
          now,
        })
      const seen: string[] = []
      for (let after: string | null | undefined; after !== null;) {
        const page = await memory.search({
          scope: ['s'],
          text: 'word',
          limit: 10,
          now,
          ...(after !== undefined && { after }),
        })
        seen.push(...page.entries.map(({ key }) => key))
        after = page.next
      }
      expect(new Set(seen).size).toBe(25)
      expect(seen).toHaveLength(25)
      expect((await memory.search({ scope: [], text: 'word', tag: 'five', now })).entries).toHaveLength(5)
      expect((await memory.search({ scope: [], text: 'word', now })).entries).toHaveLength(10)
      expect((await memory.search({ scope: [], text: 'word', limit: 1000, now })).entries).toHaveLength(25)
    },
  },
]

async function fill(memory: MemoryStore, texts: { readonly [key: string]: string }): Promise<void> {
  for (const [key, text] of Object.entries(texts)) await memory.put({ scope: ['s'], key, value: null, text, now })
}

async function keysFor(memory: MemoryStore, text: string): Promise<readonly string[]> {
  return (await memory.search({ scope: ['s'], text, now })).entries.map(({ key }) => key)
}
