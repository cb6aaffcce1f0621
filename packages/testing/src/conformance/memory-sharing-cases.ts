import { expect } from 'vitest'
import { codeOf, start } from './fixtures.ts'
import type { MemoryCase } from './memory-harness.ts'

const scope = ['s']
const now = start

/** Several holders of one memory: closing, restarts, two instances over the same entries. */
export const memorySharingCases: readonly MemoryCase[] = [
  {
    title: 'refuses everything after it was closed, and closes twice',
    async run(tools) {
      const memory = await tools.memory()
      await memory.put({ scope, key: 'k', value: 1, now })
      await memory.close()
      await memory.close()
      for (const call of [
        memory.put({ scope, key: 'k', value: 2, now }),
        memory.get({ scope, key: 'k', now }),
        memory.delete({ scope, key: 'k', now }),
        memory.list({ scope, now }),
        memory.search({ scope, text: 'k', now }),
      ])
        expect(await codeOf(call)).toBe('WAYSTONE_STORE_CLOSED')
    },
  },
  {
    title: 'keeps everything over a restart (S5)',
    async run(tools) {
      const memory = await tools.memory()
      const write = { scope, key: 'k', value: 'tea', writeId: 'w', now }
      const written = await memory.put(write)
      const before = await memory.list({ scope, now })
      await memory.close()
      const again = await tools.reopen(memory)
      expect(await again.list({ scope, now })).toEqual(before)
      expect((await again.search({ scope, text: 'tea', now })).entries).toEqual(before.entries)
      expect(await again.put({ ...write, value: 'coffee' })).toEqual(written)
      expect((await again.put({ scope, key: 'k', value: 'water', now })).revision).toBeGreaterThan(written.revision)
    },
  },
  {
    title: 'stores what was asked for before it was closed',
    async run(tools) {
      const memory = await tools.memory()
      const put = memory.put({ scope, key: 'k', value: 1, now })
      await Promise.all([memory.close(), put])
      expect(await (await tools.reopen(memory)).get({ scope, key: 'k', now })).toBeDefined()
    },
  },
  {
    title: 'lets two instances write at once, and one of them at a revision',
    async run(tools) {
      const memory = await tools.memory()
      const other = await tools.reopen(memory)
      let tries = 0
      const add = async (instance: typeof memory): Promise<void> => {
        for (let added = 0; added < 25; tries++) {
          const entry = await instance.get({ scope, key: 'sum', now })
          const value = Number(entry?.value ?? 0) + 1
          const code = await codeOf(instance.put({ scope, key: 'sum', value, ifRevision: entry?.revision ?? 0, now }))
          if (code === 'it succeeded') added += 1
          else expect(code).toBe('WAYSTONE_STORE_REVISION')
        }
      }
      await Promise.all([add(memory), add(other)])
      expect((await memory.get({ scope, key: 'sum', now }))?.value).toBe(50)
      expect(tries).toBeGreaterThanOrEqual(50)
      const written = await memory.put({ scope, key: 'once', value: 1, writeId: 'w', now })
      expect(await other.put({ scope, key: 'once', value: 2, writeId: 'w', now })).toEqual(written)
    },
  },
]
