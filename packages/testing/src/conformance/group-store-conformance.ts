import type { GroupStore, RunId } from '@waystone/core/store'
import { expect } from 'vitest'
import { codeOf } from './fixtures.ts'
import { describeSuite, type Harness, type SuiteCase } from './harness.ts'

/** What the conformance suite needs of a group's own store. */
export type GroupStoreHarness = Harness<GroupStore>

interface GroupStoreTools {
  /** A fresh store; closed after the case. */
  store(): Promise<GroupStore>
  /** See {@link Harness.reopen}. */
  reopen(store: GroupStore): Promise<GroupStore>
}

type GroupStoreCase = SuiteCase<GroupStoreTools>

const [one, two] = ['run-1' as RunId, 'run-2' as RunId]
const value = (name: string, text = JSON.stringify([name])) => ({ reference: name, text })

const keeping: readonly GroupStoreCase[] = [
  {
    title: 'gives back what it was given, by run and reference, and nothing else',
    async run(tools) {
      const store = await tools.store()
      await store.put(one, [value('a'), value('b', JSON.stringify('ü 😀 \u0000'))])
      await store.put(two, [value('a', '"of another run"')])
      expect(new Map(await store.get(one, ['b', 'a', 'missing']))).toEqual(
        new Map([
          ['a', '["a"]'],
          ['b', JSON.stringify('ü 😀 \u0000')],
        ]),
      )
      expect([...(await store.get(two, ['a', 'b']))]).toEqual([['a', '"of another run"']])
      expect((await store.get(one, [])).size).toBe(0)
    },
  },
  {
    title: 'keeps the first text of a reference, however often it is put',
    async run(tools) {
      const store = await tools.store()
      await store.put(one, [value('a', '"first"')])
      await store.put(one, [value('a', '"second"'), value('b')])
      expect((await store.get(one, ['a', 'b'])).get('a')).toBe('"first"')
      await store.put(one, [])
    },
  },
  {
    title: 'keeps large values, and many at once',
    async run(tools) {
      const store = await tools.store()
      const text = JSON.stringify('x'.repeat(1_000_000))
      const values = Array.from({ length: 500 }, (_, index) => value(`many-${index}`))
      await store.put(one, [value('large', text), ...values])
      const found = await store.get(one, ['large', ...values.map(({ reference }) => reference)])
      expect(found.get('large')).toBe(text)
      expect(found.size).toBe(501)
    },
  },
  {
    title: 'forgets one run, and says how many values it had (S5)',
    async run(tools) {
      const store = await tools.store()
      await store.put(one, [value('a'), value('b')])
      await store.put(two, [value('a')])
      expect(await store.forget(one)).toBe(2)
      expect(await store.forget(one)).toBe(0)
      expect((await store.get(one, ['a', 'b'])).size).toBe(0)
      expect((await store.get(two, ['a'])).size).toBe(1)
      await store.put(one, [value('a', '"again"')])
      expect((await store.get(one, ['a'])).get('a')).toBe('"again"')
    },
  },
  {
    title: 'has one key, which no other store has',
    async run(tools) {
      const [store, other] = [await tools.store(), await tools.store()]
      const [key, again, its] = await Promise.all([store.key(), store.key(), other.key()])
      expect(key.length).toBeGreaterThanOrEqual(32)
      expect(again).toBe(key)
      expect(its).not.toBe(key)
    },
  },
  {
    title: 'refuses everything after it was closed, and closes twice',
    async run(tools) {
      const store = await tools.store()
      await store.put(one, [value('a')])
      await store.close()
      await store.close()
      for (const call of [store.key(), store.put(one, [value('b')]), store.get(one, ['a']), store.forget(one)])
        expect(await codeOf(call)).toBe('WAYSTONE_STORE_CLOSED')
    },
  },
]

const sharing: readonly GroupStoreCase[] = [
  {
    title: 'keeps its key and its values over a restart',
    async run(tools) {
      const store = await tools.store()
      const key = await store.key()
      await store.put(one, [value('a')])
      await store.close()
      const again = await tools.reopen(store)
      expect(await again.key()).toBe(key)
      expect((await again.get(one, ['a'])).get('a')).toBe('["a"]')
    },
  },
  {
    title: 'lets two instances make the key and write at once',
    async run(tools) {
      const store = await tools.store()
      const other = await tools.reopen(store)
      const [key, its] = await Promise.all([store.key(), other.key()])
      expect(its).toBe(key)
      const names = Array.from({ length: 50 }, (_, index) => `v-${index}`)
      await Promise.all(
        names.flatMap((name) => [store.put(one, [value(name)]), other.put(one, [value(name), value(`other ${name}`)])]),
      )
      expect((await store.get(one, names)).size).toBe(50)
      expect(await other.forget(one)).toBe(100)
      expect((await store.get(one, names)).size).toBe(0)
    },
  },
]

/**
 * Registers vitest tests that hold a group's own store to the whole contract of the port `GroupStore`.
 *
 * @param name - of the store, for titles
 * @example
 * describeGroupStore('my store', { create: () => createMyGroupStore(), unsupported: [] })
 */
export function describeGroupStore(name: string, harness: GroupStoreHarness): void {
  describeSuite({
    title: `${name} keeps the contract of GroupStore`,
    groups: { 'keeping values': keeping, 'sharing a store': sharing },
    harness,
    tools: (instances): GroupStoreTools => ({
      store: () => instances.create(),
      reopen: (store) => instances.reopen(store),
    }),
  })
}
