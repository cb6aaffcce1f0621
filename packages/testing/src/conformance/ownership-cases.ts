import { expect } from 'vitest'
import { codeOf, created, event, id, newRun, nextCommit, owner, start, summary } from './fixtures.ts'
import type { ConformanceCase } from './store-harness.ts'

const runId = id('a')
const bob = owner('bob')
const leaseMs = 5000

/** Leases and fences: who may write a run. */
export const ownershipCases: readonly ConformanceCase[] = [
  {
    title: 'tells who holds a run that is leased',
    async run(tools) {
      const store = await tools.store()
      const lease = await created(store, newRun('a'))
      expect(await store.acquire({ runId, owner: bob, leaseMs, now: start + 4999 })).toEqual({ type: 'held', lease })
      expect(await store.acquire({ runId: id('none'), owner: bob, leaseMs, now: start })).toEqual({ type: 'missing' })
      expect((await store.row(runId))?.lease).toEqual(lease)
    },
  },
  {
    title: 'gives a run whose lease has run out under a new fence, and fences the old owner out',
    async run(tools) {
      const store = await tools.store()
      const old = await created(store, newRun('a'))
      const taken = await store.acquire({ runId, owner: bob, leaseMs, now: start + 5000 })
      const lease = { runId, fence: 2, owner: bob, expiresAt: start + 10_000 }
      expect(taken).toEqual({ type: 'acquired', lease })
      // The old owner was frozen and has thawed.
      expect(await codeOf(store.commit(nextCommit(runId, 1, { fence: old.fence })))).toBe('WAYSTONE_STORE_CONFLICT')
      const mark = { runId, fence: old.fence, step: 0, attempt: 1, at: start }
      expect(await codeOf(store.markStarted(mark))).toBe('WAYSTONE_STORE_CONFLICT')
      expect(await store.renew([old], start + 20_000)).toEqual([runId])
      await store.release(old)
      expect((await store.row(runId))?.lease).toEqual(lease)
      await store.commit(nextCommit(runId, 1, { fence: 2 }))
    },
  },
  {
    title: 'gives a run at once when its owner is named dead',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      const request = { runId, owner: bob, leaseMs, now: start + 1 }
      expect(await store.acquire({ ...request, dead: 'somebody else' })).toMatchObject({ type: 'held' })
      expect(await store.acquire({ ...request, dead: 'ann' })).toMatchObject({ type: 'acquired', lease: { fence: 2 } })
    },
  },
  {
    title: 'keeps the fence when the same owner acquires again',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      const again = await store.acquire({ runId, owner: owner('ann'), leaseMs, now: start + 2000 })
      expect(again).toMatchObject({ type: 'acquired', lease: { fence: 1, expiresAt: start + 7000 } })
      await store.commit(nextCommit(runId, 1))
    },
  },
  {
    title: 'extends leases and names those that are lost',
    async run(tools) {
      const store = await tools.store()
      const leases = [await created(store, newRun('a')), await created(store, newRun('b'))]
      await store.acquire({ runId: id('b'), owner: bob, leaseMs, now: start, dead: 'ann' })
      expect(await store.renew(leases, start + 8000)).toEqual(['b'])
      expect((await store.row(runId))?.lease?.expiresAt).toBe(start + 8000)
      expect((await store.row(id('b')))?.lease?.expiresAt).toBe(start + 5000)
    },
  },
  {
    title: 'gives a released run to anybody, under a new fence',
    async run(tools) {
      const store = await tools.store()
      const lease = await created(store, newRun('a'))
      await store.release(lease)
      expect((await store.row(runId))?.lease).toBeNull()
      await store.release(lease)
      expect(await store.acquire({ runId, owner: bob, leaseMs, now: start })).toMatchObject({
        type: 'acquired',
        lease: { fence: 2 },
      })
    },
  },
  {
    title: 'gives a free run to one of two owners who ask at once',
    async run(tools) {
      const store = await tools.store()
      await store.release(await created(store, newRun('a')))
      const answers = await Promise.all(
        ['bob', 'cy'].map((name) => store.acquire({ runId, owner: owner(name), leaseMs, now: start })),
      )
      expect(answers.map(({ type }) => type)).toEqual(['acquired', 'held'])
    },
  },
  {
    title: 'offers free runs that can go on, and no others',
    async run(tools) {
      const store = await tools.store()
      const kinds = {
        running: summary(),
        leased: summary(),
        waiting: summary({ status: 'waiting' }),
        'waiting, due': summary({ status: 'waiting', nextDueAt: start + 100 }),
        'waiting, due later': summary({ status: 'waiting', nextDueAt: start + 101 }),
        'waiting, asked': summary({ status: 'waiting' }),
        'held, asked': summary({ status: 'held' }),
        'completed, asked': summary({ status: 'completed' }),
        'cancelled, not settled': summary({ status: 'cancelled', nextDueAt: start }),
        failed: summary({ status: 'failed' }),
      }
      for (const [name, shown] of Object.entries(kinds)) {
        const lease = await created(store, newRun(name, { summary: shown }))
        if (name !== 'leased') await store.release(lease)
        if (name.endsWith('asked')) await store.deliver(id(name), event('e'))
      }
      const names = async (now: number, limit: number): Promise<readonly string[]> =>
        (await store.claimable(now, limit)).map((row) => row.runId)
      expect(await names(start + 100, 100)).toEqual([
        'running',
        'waiting, due',
        'waiting, asked',
        'held, asked',
        'cancelled, not settled',
      ])
      expect(await names(start + 100, 2)).toHaveLength(2)
      expect(await names(start + 6000, 100)).toContain('leased')
    },
  },
]
