import { sha256 } from '@waystone/core/store'
import { expect } from 'vitest'
import {
  blob,
  checkpoint,
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

const usage = {
  modelCalls: 2,
  toolCalls: 1,
  inputTokens: 1200,
  outputTokens: 80,
  cachedTokens: 3,
  reasoningTokens: 4,
  costUsd: 0.001_234_567,
  estimatedCalls: 1,
}

/** Storing checkpoints: order, conflicts, batches, marks, blobs. */
export const commitCases: readonly ConformanceCase[] = [
  {
    title: 'stores a checkpoint and the summary that goes with it (R1)',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      const next = summary({
        status: 'waiting',
        nodes: ['a', 'b'],
        usage,
        steps: 7,
        nextDueAt: start + 60,
        requests: 1,
      })
      await store.commit(nextCommit(id('a'), 1, { summary: next, at: start + 5 }))
      expect(await store.row(id('a'))).toMatchObject({ ...next, sequence: 1, createdAt: start, updatedAt: start + 5 })
      await store.commit(nextCommit(id('a'), 2, { summary: summary({ status: 'failed', errorCode: 'X', nodes: [] }) }))
      expect(await store.row(id('a'))).toMatchObject({
        status: 'failed',
        errorCode: 'X',
        nodes: [],
        nextDueAt: null,
        sequence: 2,
      })
    },
  },
  {
    title: 'keeps texts to the letter',
    async run(tools) {
      const store = await tools.store()
      const odd = '{"text":"ä€𝄞 \\u0000 \\ud800 line\\u2028 \'quoted\' ; DROP TABLE runs","n":1e-7}'
      await created(store, newRun('a', { checkpoint: checkpoint(id('a'), 0, odd) }))
      await store.commit(nextCommit(id('a'), 1, { text: odd, blobs: [blob(odd)] }))
      const stored = await store.checkpoints(id('a'), 0, 1)
      expect(stored.map(({ text, hash }) => [text, hash])).toEqual([
        [odd, sha256(odd)],
        [odd, sha256(odd)],
      ])
      expect(await store.blob(sha256(odd))).toBe(odd)
    },
  },
  {
    title: 'refuses a sequence that is not the next and writes nothing',
    async run(tools) {
      const store = await tools.store()
      const runId = id('a')
      await created(store, newRun('a'))
      await store.commit(nextCommit(runId, 1))
      await store.deliver(runId, event('e'))
      const before = await contents(store, runId)
      for (const sequence of [0, 1, 3, 64]) {
        const commit = nextCommit(runId, sequence, { blobs: [blob('"lost"')], consumed: ['e'], text: '{"second":1}' })
        expect(await codeOf(store.commit(commit))).toBe('WAYSTONE_STORE_CONFLICT')
      }
      expect(await contents(store, runId)).toEqual(before)
      expect(await store.blob(sha256('"lost"'))).toBeUndefined()
    },
  },
  {
    title: 'refuses a fence that is not the run’s and writes nothing',
    async run(tools) {
      const store = await tools.store()
      const runId = id('a')
      await created(store, newRun('a'))
      const before = await contents(store, runId)
      expect(await codeOf(store.commit(nextCommit(runId, 1, { fence: 0 })))).toBe('WAYSTONE_STORE_CONFLICT')
      expect(await codeOf(store.commit(nextCommit(runId, 1, { fence: 2 })))).toBe('WAYSTONE_STORE_CONFLICT')
      expect(await codeOf(store.discard(runId, 2, [refusal('x')]))).toBe('WAYSTONE_STORE_CONFLICT')
      const mark = { runId, step: 0, attempt: 1, at: start }
      expect(await codeOf(store.markStarted({ ...mark, fence: 2 }))).toBe('WAYSTONE_STORE_CONFLICT')
      expect(await contents(store, runId)).toEqual(before)
    },
  },
  {
    title: 'refuses a commit to a run that is not there',
    async run(tools) {
      const store = await tools.store()
      expect(await codeOf(store.commit(nextCommit(id('none'), 1)))).toBe('WAYSTONE_STORE_RUN_UNKNOWN')
      const mark = { runId: id('none'), fence: 1, step: 0, attempt: 1, at: start }
      expect(await codeOf(store.markStarted(mark))).toBe('WAYSTONE_STORE_RUN_UNKNOWN')
    },
  },
  {
    title: 'stores what else was committed at once when one commit is refused',
    async run(tools) {
      const store = await tools.store()
      const names = ['a', 'b', 'c', 'd']
      for (const name of names) await created(store, newRun(name))
      const results = await Promise.all(
        names.map((name) =>
          codeOf(store.commit(nextCommit(id(name), name === 'b' ? 7 : 1, { fence: name === 'c' ? 9 : 1 }))),
        ),
      )
      expect(results).toEqual(['it succeeded', 'WAYSTONE_STORE_CONFLICT', 'WAYSTONE_STORE_CONFLICT', 'it succeeded'])
      expect((await store.list({})).rows.map(({ runId, sequence }) => `${runId}${sequence}`)).toEqual([
        'd1',
        'c0',
        'b0',
        'a1',
      ])
      expect((await store.after(4, 10)).map(({ runId, position }) => [runId, position])).toEqual([
        ['a', 5],
        ['d', 6],
      ])
    },
  },
  {
    title: 'stores several checkpoints of a run in one commit, all or none',
    async run(tools) {
      const store = await tools.store()
      const runId = id('a')
      await created(store, newRun('a'))
      await store.deliver(runId, event('e'))
      const [two, three] = [checkpoint(runId, 2), checkpoint(runId, 3)]
      const whole = { blobs: [blob('"kept"')], consumed: ['e'], summary: summary({ steps: 7 }) }
      const before = await contents(store, runId)
      const early = nextCommit(runId, 4, { ...whole, earlier: [two, three] })
      expect(await codeOf(store.commit(early))).toBe('WAYSTONE_STORE_CONFLICT')
      const stale = nextCommit(runId, 2, { ...whole, earlier: [checkpoint(runId, 1)], fence: 2 })
      expect(await codeOf(store.commit(stale))).toBe('WAYSTONE_STORE_CONFLICT')
      expect(await contents(store, runId)).toEqual(before)
      const frame = { ...two, keyframe: '{"whole":2}' }
      await store.commit(nextCommit(runId, 4, { ...whole, earlier: [checkpoint(runId, 1), frame, three] }))
      await store.commit(nextCommit(runId, 5))
      const stored = await store.checkpoints(runId, 0, 9)
      expect(stored.map(({ sequence, position }) => [sequence, position])).toEqual(
        [0, 1, 2, 3, 4, 5].map((at) => [at, at + 1]),
      )
      expect((await store.keyframe(runId, 4))?.sequence).toBe(2)
      expect((await store.load(runId))?.checkpoints.map(({ sequence }) => sequence)).toEqual([2, 3, 4, 5])
      expect(await store.row(runId)).toMatchObject({ sequence: 5, steps: 6 })
      expect((await store.inbox([runId])).get(runId) ?? []).toEqual([])
      expect(await store.blob(sha256('"kept"'))).toBe('"kept"')
    },
  },
  {
    title: 'lets only one of two commits at the same sequence through',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      const results = await Promise.all(
        ['{"left":1}', '{"right":1}'].map((text) => codeOf(store.commit(nextCommit(id('a'), 1, { text })))),
      )
      expect(results).toEqual(['it succeeded', 'WAYSTONE_STORE_CONFLICT'])
      expect((await store.checkpoints(id('a'), 1, 9)).map(({ text }) => text)).toEqual(['{"left":1}'])
    },
  },
  {
    title: 'takes commits of one run in the order they were made, without waiting in between',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      await Promise.all(Array.from({ length: 300 }, (_, index) => store.commit(nextCommit(id('a'), index + 1))))
      expect((await store.row(id('a')))?.sequence).toBe(300)
    },
  },
  {
    title: 'keeps marks of effects that were about to start (T5)',
    async run(tools) {
      const store = await tools.store()
      const runId = id('a')
      await created(store, newRun('a'))
      await store.markStarted({ runId, fence: 1, step: 4, attempt: 1, at: start + 1 })
      await store.markStarted({ runId, fence: 1, step: 4, attempt: 2, at: start + 2 })
      await store.markStarted({ runId, fence: 1, step: 4, attempt: 2, at: start + 3 })
      const loaded = await store.load(runId)
      expect(loaded?.marks).toEqual([
        { step: 4, attempt: 1, at: start + 1 },
        { step: 4, attempt: 2, at: start + 2 },
      ])
      expect(loaded?.row.sequence).toBe(0)
    },
  },
  {
    title: 'stores a blob once, whoever commits it',
    async run(tools) {
      const store = await tools.store()
      const big = blob(JSON.stringify('x'.repeat(70_000)))
      await created(store, newRun('a', { blobs: [big] }))
      await created(store, newRun('b', { blobs: [big, blob('"other"')] }))
      await store.commit(nextCommit(id('a'), 1, { blobs: [big, big] }))
      expect(await store.blob(big.hash)).toBe(big.text)
      expect(await store.blob(sha256('"other"'))).toBe('"other"')
    },
  },
  {
    title: 'takes values of 5 MB',
    async run(tools) {
      const store = await tools.store()
      const big = blob(JSON.stringify('y'.repeat(5_000_000)))
      await created(store, newRun('a'))
      await store.commit(nextCommit(id('a'), 1, { blobs: [big] }))
      await store.commit(nextCommit(id('a'), 2, { text: big.text }))
      expect((await store.blob(big.hash))?.length).toBe(5_000_002)
      expect((await store.checkpoints(id('a'), 2, 2))[0]?.hash).toBe(big.hash)
    },
  },
  {
    title: 'keeps a fork’s origin and refuses nothing of it',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      await created(store, newRun('b', { forkedFrom: { runId: id('a'), sequence: 0 }, owner: owner('bob') }))
      expect((await store.row(id('b')))?.forkedFrom).toEqual({ runId: 'a', sequence: 0 })
      expect((await store.row(id('a')))?.lease?.owner.id).toBe('ann')
    },
  },
]
