import type { MemoryEntry, MemoryStore } from '@waystone/core/store'
import { expect } from 'vitest'
import { codeOf, start } from './fixtures.ts'
import type { MemoryCase } from './memory-harness.ts'

const scope = ['preferences', 'ann']
const now = start
const day = 86_400_000

/** Putting, getting, deleting, listing; revisions, expiry, repeats, bounds. */
export const memoryWritingCases: readonly MemoryCase[] = [
  {
    title: 'gives back what was put, whole',
    async run(tools) {
      const memory = await tools.memory()
      const value = { seat: 'aisle', list: [1, null, { deep: 'ü \uD83D\uDE00 \u0000 "' }] }
      const put = { scope, key: 'travel', value, text: 'aisle seats', tags: ['trip', 'seat', 'trip'] }
      const written = await memory.put({ ...put, expiresAt: now + day, now })
      expect(written.isNew).toBe(true)
      expect(await memory.get({ scope, key: 'travel', now })).toEqual({
        ...put,
        tags: ['trip', 'seat'],
        revision: written.revision,
        createdAt: now,
        updatedAt: now,
        expiresAt: now + day,
      } satisfies MemoryEntry)
      expect(await memory.get({ scope, key: 'Travel', now })).toBeUndefined()
      expect(await memory.get({ scope: ['preferences'], key: 'travel', now })).toBeUndefined()
      expect(await memory.get({ scope: ['preferences', 'ann', 'x'], key: 'travel', now })).toBeUndefined()
    },
  },
  {
    title: 'writes over an entry as a whole and keeps when it was created',
    async run(tools) {
      const memory = await tools.memory()
      const first = await memory.put({ scope, key: 'k', value: 1, tags: ['old'], expiresAt: now + day, now })
      const second = await memory.put({ scope, key: 'k', value: 2, now: now + 5 })
      expect(second.isNew).toBe(false)
      expect(second.revision).toBeGreaterThan(first.revision)
      expect(await memory.get({ scope, key: 'k', now: now + 5 })).toEqual({
        scope,
        key: 'k',
        value: 2,
        text: 'k 2',
        tags: [],
        revision: second.revision,
        createdAt: now,
        updatedAt: now + 5,
        expiresAt: null,
      })
    },
  },
  {
    title: 'writes over the revision that a write is for, and over no other',
    async run(tools) {
      const memory = await tools.memory()
      const { revision } = await memory.put({ scope, key: 'k', value: 1, ifRevision: 0, now })
      expect(await codeOf(memory.put({ scope, key: 'k', value: 2, ifRevision: 0, now }))).toBe(
        'WAYSTONE_STORE_REVISION',
      )
      const next = await memory.put({ scope, key: 'k', value: 3, ifRevision: revision, now })
      expect(await codeOf(memory.put({ scope, key: 'k', value: 4, ifRevision: revision, now }))).toBe(
        'WAYSTONE_STORE_REVISION',
      )
      expect(await codeOf(memory.delete({ scope, key: 'k', ifRevision: revision, now }))).toBe(
        'WAYSTONE_STORE_REVISION',
      )
      expect((await memory.get({ scope, key: 'k', now }))?.value).toBe(3)
      expect(await memory.delete({ scope, key: 'k', ifRevision: next.revision, now })).toBe(true)
      expect(await codeOf(memory.put({ scope, key: 'k', value: 5, ifRevision: next.revision, now }))).toBe(
        'WAYSTONE_STORE_REVISION',
      )
      // A new entry under the key is not taken for the one that was read before.
      expect((await memory.put({ scope, key: 'k', value: 6, now })).revision).toBeGreaterThan(next.revision)
    },
  },
  {
    title: 'lets one of two writers through that have read the same revision',
    async run(tools) {
      const memory = await tools.memory()
      const { revision } = await memory.put({ scope, key: 'count', value: 0, now })
      const codes = await Promise.all(
        [1, 2, 3, 4].map((value) => codeOf(memory.put({ scope, key: 'count', value, ifRevision: revision, now }))),
      )
      expect(codes.toSorted()).toEqual([...Array.from({ length: 3 }, () => 'WAYSTONE_STORE_REVISION'), 'it succeeded'])
    },
  },
  {
    title: 'does a write once under its id, whatever has been written since',
    async run(tools) {
      const memory = await tools.memory()
      const write = { scope, key: 'k', value: 'first', writeId: 'run/3#1', now }
      const written = await memory.put(write)
      await memory.put({ scope, key: 'k', value: 'later', now: now + 1 })
      expect(await memory.put({ ...write, value: 'again', ifRevision: 0, now: now + 2 })).toEqual(written)
      expect((await memory.get({ scope, key: 'k', now }))?.value).toBe('later')
      const gone = { scope, key: 'k', writeId: 'run/4#1', now: now + 3 }
      expect(await memory.delete(gone)).toBe(true)
      await memory.put({ scope, key: 'k', value: 'back', now: now + 4 })
      expect(await memory.delete({ ...gone, now: now + 29 * day })).toBe(true)
      expect((await memory.get({ scope, key: 'k', now }))?.value).toBe('back')
    },
  },
  {
    title: 'keeps no id of a write that was refused',
    async run(tools) {
      const memory = await tools.memory()
      const write = { scope, key: 'k', value: 1, writeId: 'w', now }
      expect(await codeOf(memory.put({ ...write, ifRevision: 7 }))).toBe('WAYSTONE_STORE_REVISION')
      expect((await memory.put(write)).isNew).toBe(true)
    },
  },
  {
    title: 'treats an expired entry as one that was never written',
    async run(tools) {
      const memory = await tools.memory()
      const { revision } = await memory.put({
        scope,
        key: 'k',
        value: 'short',
        text: 'short lived',
        expiresAt: now + 10,
        now,
      })
      expect(await memory.get({ scope, key: 'k', now: now + 9 })).toBeDefined()
      const later = now + 10
      expect(await memory.get({ scope, key: 'k', now: later })).toBeUndefined()
      expect((await memory.list({ scope, now: later })).entries).toEqual([])
      expect((await memory.search({ scope, text: 'short', now: later })).entries).toEqual([])
      expect(await codeOf(memory.put({ scope, key: 'k', value: 2, ifRevision: revision, now: later }))).toBe(
        'WAYSTONE_STORE_REVISION',
      )
      expect((await memory.put({ scope, key: 'k', value: 2, ifRevision: 0, now: later })).isNew).toBe(true)
      expect(await memory.get({ scope, key: 'k', now: later })).toMatchObject({ createdAt: later, expiresAt: null })
    },
  },
  {
    title: 'deletes an entry, and says when there is none',
    async run(tools) {
      const memory = await tools.memory()
      await memory.put({ scope, key: 'k', value: 'word', now })
      expect(await memory.delete({ scope, key: 'k', now })).toBe(true)
      expect(await memory.delete({ scope, key: 'k', now })).toBe(false)
      expect(await memory.get({ scope, key: 'k', now })).toBeUndefined()
      expect((await memory.search({ scope, text: 'word', now })).entries).toEqual([])
    },
  },
  {
    title: 'lists a scope and all below it in order, page by page',
    async run(tools) {
      const memory = await tools.memory()
      const places: readonly (readonly [readonly string[], string])[] = [
        [['a'], 'z'],
        [['a'], 'é'],
        [['a'], '\uFF5E'],
        [['a'], '\u{1F600}'],
        [['a', 'b'], '1'],
        [['a b'], '1'],
        [['ab'], '1'],
        [['b', 'a'], '1'],
      ]
      for (const [place, key] of places.toReversed())
        await memory.put({ scope: place, key, value: null, tags: ['t'], now })
      expect(await placesIn(memory, ['a'])).toEqual(places.slice(0, 5))
      expect(await placesIn(memory, [])).toEqual(places)
      expect(await placesIn(memory, ['a', 'b'])).toEqual(places.slice(4, 5))
      expect(await placesIn(memory, ['c'])).toEqual([])
      expect((await memory.list({ scope: [], tag: 't', now })).entries).toHaveLength(places.length)
      expect((await memory.list({ scope: [], tag: 'T', now })).entries).toEqual([])
    },
  },
  {
    title: 'refuses what is malformed or too large, and says what is allowed',
    async run(tools) {
      const memory = await tools.memory()
      const good = { scope, key: 'k', value: 1, now }
      for (const bad of [
        { scope: [] },
        { scope: Array.from({ length: 9 }, () => 'x') },
        { scope: ['a\u001Fb'] },
        { scope: [''] },
        { scope: ['x'.repeat(129)] },
        { key: '' },
        { key: 'a\nb' },
        { key: '\uD83D' },
        { key: 'x'.repeat(257) },
        { value: 'x'.repeat(65_600) },
        { text: 'x'.repeat(16_385) },
        { tags: [''] },
        { tags: Array.from({ length: 17 }, (_, index) => `t${index}`) },
        { expiresAt: Number.NaN },
        { ifRevision: -1 },
        { ifRevision: 1.5 },
        { writeId: '' },
      ])
        expect([bad, await codeOf(memory.put({ ...good, ...bad }))]).toEqual([bad, 'WAYSTONE_INPUT_MEMORY'])
      expect(await codeOf(memory.put({ ...good, value: new Date(0) as never }))).toBe('WAYSTONE_INPUT_NOT_JSON')
      expect(await codeOf(memory.list({ scope: [], after: 'x', now }))).toBe('WAYSTONE_INPUT_MEMORY')
      expect(await codeOf(memory.search({ scope: [], text: 'x', after: '-1', now }))).toBe('WAYSTONE_INPUT_MEMORY')
      expect((await memory.list({ scope: [], now })).entries).toEqual([])
    },
  },
]

/** Scopes and keys of everything in a scope, read two at a time. */
async function placesIn(memory: MemoryStore, scopeOf: readonly string[]): Promise<unknown> {
  const places: unknown[] = []
  for (let after: string | null | undefined; after !== null;) {
    const page = await memory.list({ scope: scopeOf, limit: 2, now, ...(after !== undefined && { after }) })
    places.push(...page.entries.map((entry) => [entry.scope, entry.key]))
    after = page.next
  }
  return places
}
