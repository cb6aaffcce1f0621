import { sha256 } from '@waystone/core/store'
import { expect } from 'vitest'
import { blob, checkpoint, codeOf, contents, created, id, newRun, owner, start, summary } from './fixtures.ts'
import type { ConformanceCase } from './store-harness.ts'

/** Creating runs. */
export const creationCases: readonly ConformanceCase[] = [
  {
    title: 'creates a run with its first checkpoint, leased to its creator',
    async run(tools) {
      const store = await tools.store()
      const run = newRun('a', {
        tags: { team: 'blue', 'odd "tag"': "it's" },
        key: 'order 7',
        forkedFrom: { runId: id('z'), sequence: 4 },
        summary: summary({ status: 'waiting', nextDueAt: start + 9, requests: 2, errorCode: 'E', nodes: ['x', 'y'] }),
      })
      const lease = await created(store, run)
      expect(lease).toEqual({ runId: 'a', fence: 1, owner: owner('ann'), expiresAt: start + 5000 })
      const {
        checkpoint: first,
        blobs: _blobs,
        summary: shown,
        owner: _owner,
        leaseMs: _ms,
        at,
        graph: _graph,
        ...rest
      } = run
      expect(await store.row(run.runId)).toEqual({
        ...rest,
        ...shown,
        sequence: 0,
        createdAt: at,
        updatedAt: at,
        lease,
      })
      expect(await store.checkpoints(run.runId, 0, 0)).toEqual([{ ...first, position: 1 }])
    },
  },
  {
    title: 'gives the first run for a second start with the same workflow and key',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a', { key: 'k' }))
      const before = await contents(store, id('a'))
      expect(await store.create(newRun('b', { key: 'k', workflowVersion: 4 }))).toEqual({ type: 'exists', runId: 'a' })
      expect(await store.row(id('b'))).toBeUndefined()
      expect(await contents(store, id('a'))).toEqual(before)
      await created(store, newRun('c', { key: 'k', workflow: 'others' }))
      await created(store, newRun('d', { key: 'l' }))
    },
  },
  {
    title: 'gives one run for many starts with one key at once',
    async run(tools) {
      const store = await tools.store()
      const names = Array.from({ length: 20 }, (_, index) => `r${index}`)
      const answers = await Promise.all(names.map((name) => store.create(newRun(name, { key: 'same' }))))
      expect(answers.filter(({ type }) => type === 'created')).toHaveLength(1)
      expect((await store.list({})).rows).toHaveLength(1)
    },
  },
  {
    title: 'refuses a run id that is taken and writes nothing',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      const before = await contents(store, id('a'))
      const again = newRun('a', {
        workflow: 'others',
        checkpoint: checkpoint(id('a'), 0, '{"other":1}'),
        blobs: [blob('"big"')],
      })
      expect(await codeOf(store.create(again))).toBe('WAYSTONE_STORE_RUN_EXISTS')
      expect(await contents(store, id('a'))).toEqual(before)
      expect(await store.blob(sha256('"big"'))).toBeUndefined()
    },
  },
  {
    title: 'keeps a graph once per graph hash and behaviour hash',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a', { graph: '{"nodes":1}' }))
      await created(store, newRun('b', { graph: '{"nodes":1}' }))
      await created(store, newRun('c', { graph: '{"nodes":2}', behaviourHash: sha256('other') }))
      expect(await store.graph(sha256('graph'), sha256('behaviour'))).toBe('{"nodes":1}')
      expect(await store.graph(sha256('graph'), sha256('other'))).toBe('{"nodes":2}')
      expect(await store.graph(sha256('none'), sha256('other'))).toBeUndefined()
      expect((await store.row(id('c')))?.behaviourHash).toBe(sha256('other'))
    },
  },
  {
    title: 'knows nothing of a run that was never created',
    async run(tools) {
      const store = await tools.store()
      const none = id('none')
      expect(await store.row(none)).toBeUndefined()
      expect(await store.load(none)).toBeUndefined()
      expect(await store.keyframe(none, 3)).toBeUndefined()
      expect(await store.checkpoints(none, 0, 9)).toEqual([])
      expect(await store.inbox([none])).toEqual(new Map())
      expect(await store.blob(sha256('none'))).toBeUndefined()
      expect(await store.list({})).toEqual({ rows: [], next: null })
      expect(await store.after(0, 10)).toEqual([])
    },
  },
]
