import { expect } from 'vitest'
import { codeOf, contents, created, event, id, newRun, nextCommit, owner, start } from './fixtures.ts'
import type { ConformanceCase } from './store-harness.ts'

const runId = id('a')

/** Several holders of one store: watching, closing, two instances over the same data. */
export const sharingCases: readonly ConformanceCase[] = [
  {
    title: 'calls a watcher after a change, until it is ended',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      let calls = 0
      const told = Promise.withResolvers<void>()
      const end = store.watch(() => {
        calls += 1
        told.resolve()
      })
      await store.deliver(runId, event('e'))
      await told.promise
      end()
      end()
      const before = calls
      await store.deliver(runId, event('f'))
      await store.inbox([runId])
      expect(calls).toBe(before)
    },
  },
  {
    title: 'goes on for other watchers when one has ended',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      const told = Promise.withResolvers<void>()
      const end = store.watch(() => undefined)
      const endOther = store.watch(() => told.resolve())
      end()
      await store.commit(nextCommit(runId, 1))
      await told.promise
      endOther()
    },
  },
  {
    title: 'refuses everything after it was closed, and closes twice',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      await store.close()
      await store.close()
      expect(await codeOf(store.commit(nextCommit(runId, 1)))).toBe('WAYSTONE_STORE_CLOSED')
      expect(await codeOf(store.row(runId))).toBe('WAYSTONE_STORE_CLOSED')
      expect(await codeOf(store.create(newRun('b')))).toBe('WAYSTONE_STORE_CLOSED')
    },
  },
  {
    title: 'stores what was asked for before it was closed',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      const commit = store.commit(nextCommit(runId, 1))
      await Promise.all([store.close(), commit])
      const again = await tools.reopen(store)
      expect((await again.row(runId))?.sequence).toBe(1)
    },
  },
  {
    title: 'keeps everything over a restart',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a', { key: 'k', tags: { team: 'blue' } }))
      await store.commit(nextCommit(runId, 1))
      await store.markStarted({ runId, fence: 1, step: 3, attempt: 1, at: start })
      await store.deliver(runId, event('e'))
      const before = await contents(store, runId)
      await store.close()
      const again = await tools.reopen(store)
      expect(await contents(again, runId)).toEqual(before)
      expect(await again.create(newRun('b', { key: 'k' }))).toEqual({ type: 'exists', runId: 'a' })
      expect(await again.deliver(runId, event('e'))).toBe('duplicate')
    },
  },
  {
    title: 'shows one instance what another has stored, and tells its watchers',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      const other = await tools.reopen(store)
      const told = Promise.withResolvers<void>()
      const end = other.watch(() => told.resolve())
      await store.commit(nextCommit(runId, 1))
      await told.promise
      end()
      expect((await other.row(runId))?.sequence).toBe(1)
      await other.deliver(runId, event('e'))
      expect((await store.inbox([runId])).get(runId)).toEqual([event('e')])
    },
  },
  {
    title: 'fences one instance out when another has taken the run',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      await store.commit(nextCommit(runId, 1))
      const other = await tools.reopen(store)
      const taken = await other.acquire({ runId, owner: owner('bob'), leaseMs: 5000, now: start, dead: 'ann' })
      expect(taken).toMatchObject({ type: 'acquired', lease: { fence: 2 } })
      await other.commit(nextCommit(runId, 2, { fence: 2 }))
      expect(await codeOf(store.commit(nextCommit(runId, 2)))).toBe('WAYSTONE_STORE_CONFLICT')
      expect(await codeOf(store.commit(nextCommit(runId, 3)))).toBe('WAYSTONE_STORE_CONFLICT')
    },
  },
  {
    title: 'takes commits of two instances at once',
    async run(tools) {
      const store = await tools.store()
      const other = await tools.reopen(store)
      const drive = async (instance: typeof store, name: string): Promise<void> => {
        await created(instance, newRun(name))
        for (let sequence = 1; sequence <= 50; sequence++) await instance.commit(nextCommit(id(name), sequence))
      }
      await Promise.all([drive(store, 'a'), drive(other, 'b'), drive(store, 'c'), drive(other, 'd')])
      expect((await store.after(0, 1000)).map(({ position }) => position)).toEqual(
        Array.from({ length: 204 }, (_, index) => index + 1),
      )
    },
  },
]
