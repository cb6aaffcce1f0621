import { expect } from 'vitest'
import {
  blob,
  codeOf,
  contents,
  created,
  event,
  id,
  newRun,
  nextCommit,
  owner,
  refusal,
  start,
  summary,
} from './fixtures.ts'
import type { ConformanceCase } from './store-harness.ts'

const runId = id('a')
const ended = summary({ status: 'completed', nodes: [] })
const now = start + 60_000

/** Deleting one run. */
export const deletionCases: readonly ConformanceCase[] = [
  {
    title: 'deletes everything of a run, and nothing of another (S5)',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('b', { key: 'other' }))
      const lease = await created(store, newRun('a', { key: 'mine' }))
      await store.deliver(runId, event('one'))
      await store.markStarted({ runId, fence: 1, step: 0, attempt: 1, at: start })
      await store.commit(nextCommit(runId, 1, { summary: ended }))
      await store.release(lease)
      const before = await contents(store, id('b'))
      expect(await store.deleteRun({ runId, now })).toEqual({ type: 'deleted', checkpoints: 2, blobs: 0 })
      expect(await store.row(runId)).toBeUndefined()
      expect(await store.load(runId)).toBeUndefined()
      expect(await store.checkpoints(runId, 0, 10)).toEqual([])
      expect(await store.keyframe(runId, 10)).toBeUndefined()
      expect(await store.inbox([runId])).toEqual(new Map())
      expect((await store.list({})).rows.map((row) => row.runId)).toEqual(['b'])
      expect(await store.claimable(now, 10)).toMatchObject([{ runId: 'b' }])
      const after = await contents(store, id('b'))
      expect(after).toMatchObject({ ...(before as object), log: [{ runId: 'b' }] })
      expect(await store.deleteRun({ runId, now })).toEqual({ type: 'missing' })
    },
  },
  {
    title: 'refuses to delete a run that is owned, or could still move, and changes nothing',
    async run(tools) {
      const store = await tools.store()
      const lease = await created(store, newRun('a'))
      const before = await contents(store, runId)
      expect(await store.deleteRun({ runId, now: start })).toEqual({ type: 'owned', lease })
      expect(await store.deleteRun({ runId, now: start, dead: 'somebody else' })).toEqual({ type: 'owned', lease })
      expect(await store.deleteRun({ runId, now: start, dead: 'ann' })).toEqual({
        type: 'not-ended',
        status: 'running',
      })
      expect(await store.deleteRun({ runId, now })).toEqual({ type: 'not-ended', status: 'running' })
      expect(await contents(store, runId)).toEqual(before)
      await store.commit(nextCommit(runId, 1, { summary: summary({ status: 'waiting' }) }))
      expect(await store.deleteRun({ runId, now })).toEqual({ type: 'not-ended', status: 'waiting' })
      await store.commit(nextCommit(runId, 2, { summary: ended }))
      expect(await store.deleteRun({ runId, now: start })).toMatchObject({ type: 'owned' })
      expect(await store.deleteRun({ runId, now })).toEqual({ type: 'deleted', checkpoints: 3, blobs: 0 })
    },
  },
  {
    title: 'deletes a run under the feet of its owner when forced, whose writes then fail',
    async run(tools) {
      const store = await tools.store()
      const lease = await created(store, newRun('a'))
      expect(await store.deleteRun({ runId, now: start, isForced: true })).toMatchObject({ type: 'deleted' })
      const unknown = 'WAYSTONE_STORE_RUN_UNKNOWN'
      expect(await codeOf(store.commit(nextCommit(runId, 1)))).toBe(unknown)
      expect(await codeOf(store.markStarted({ runId, fence: 1, step: 0, attempt: 1, at: start }))).toBe(unknown)
      expect(await codeOf(store.deliver(runId, event('late')))).toBe(unknown)
      expect(await codeOf(store.discard(runId, 1, [refusal('late')]))).toBe(unknown)
      expect(await store.renew([lease], now)).toEqual([runId])
      await store.release(lease)
      const acquired = await store.acquire({ runId, owner: owner('bob'), leaseMs: 1000, now })
      expect(acquired).toEqual({ type: 'missing' })
      expect(await store.after(0, 10)).toEqual([])
    },
  },
  {
    title: 'deletes large values with the last run that has them',
    async run(tools) {
      const store = await tools.store()
      const shared = blob('"shared"')
      const own = blob('"own"')
      await created(store, newRun('a', { blobs: [shared] }))
      await created(store, newRun('b', { blobs: [shared] }))
      await store.commit(nextCommit(runId, 1, { blobs: [own, shared] }))
      const forced = { now, isForced: true }
      expect(await store.deleteRun({ runId, ...forced })).toEqual({ type: 'deleted', checkpoints: 2, blobs: 1 })
      expect([await store.blob(own.hash), await store.blob(shared.hash)]).toEqual([undefined, '"shared"'])
      expect(await store.deleteRun({ runId: id('b'), ...forced })).toMatchObject({ blobs: 1 })
      expect(await store.blob(shared.hash)).toBeUndefined()
      await created(store, newRun('c', { blobs: [shared] }))
      expect(await store.blob(shared.hash)).toBe('"shared"')
    },
  },
  {
    title: 'gives no place in the log, and none in a listing, a second time',
    async run(tools) {
      const store = await tools.store()
      for (const name of ['x', 'y', 'a']) await created(store, newRun(name))
      await store.commit(nextCommit(runId, 1))
      const places = (await store.after(0, 100)).map(({ position }) => position)
      const { next } = await store.list({ limit: 2 })
      const last = places.at(-1) ?? 0
      await store.deleteRun({ runId, now, isForced: true })
      await created(store, newRun('b'))
      const [fresh, ...more] = await store.after(last, 100)
      expect(more).toEqual([])
      expect(fresh?.runId).toBe('b')
      expect(fresh?.position).toBeGreaterThan(last)
      await store.deleteRun({ runId: id('b'), now, isForced: true })
      await created(store, newRun('c'))
      expect((await store.after(fresh?.position ?? 0, 100)).map((one) => one.runId)).toEqual(['c'])
      expect((await store.after(0, 100)).map((one) => one.runId)).toEqual(['x', 'y', 'c'])
      expect((await store.list({ ...(next !== null && { after: next }) })).rows.map((row) => row.runId)).toEqual(['x'])
    },
  },
  {
    title: 'lets a key be used again after its run was deleted',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a', { key: 'k' }))
      await store.deleteRun({ runId, now, isForced: true })
      await created(store, newRun('b', { key: 'k' }))
      expect(await store.create(newRun('c', { key: 'k' }))).toEqual({ type: 'exists', runId: 'b' })
    },
  },
  {
    title: 'keeps a fork whose origin was deleted',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      await created(store, newRun('b', { forkedFrom: { runId, sequence: 0 } }))
      const before = await store.load(id('b'))
      await store.deleteRun({ runId, now, isForced: true })
      expect(await store.load(id('b'))).toEqual(before)
      expect((await store.row(id('b')))?.forkedFrom).toEqual({ runId: 'a', sequence: 0 })
    },
  },
  {
    title: 'tells another holder of the same data of a deletion',
    async run(tools) {
      const store = await tools.store()
      const other = await tools.reopen(store)
      await created(store, newRun('a'))
      expect(await other.row(runId)).toBeDefined()
      await other.commit(nextCommit(runId, 1))
      await store.deleteRun({ runId, now, isForced: true })
      await created(store, newRun('b'))
      expect(await codeOf(other.commit(nextCommit(runId, 2)))).toBe('WAYSTONE_STORE_RUN_UNKNOWN')
      expect(await codeOf(other.deliver(runId, event('late')))).toBe('WAYSTONE_STORE_RUN_UNKNOWN')
      expect((await other.checkpoints(id('b'), 0, 9)).map(({ sequence }) => sequence)).toEqual([0])
      expect(await other.row(runId)).toBeUndefined()
    },
  },
]
