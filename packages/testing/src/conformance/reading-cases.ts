import { readCheckpoints, restoreAt, restoreRun, type RunFilter, type Store } from '@waystone/core/store'
import { expect } from 'vitest'
import { codeOf, created, id, newRun, nextCommit, RealRun, start, summary } from './fixtures.ts'
import type { ConformanceCase } from './store-harness.ts'

/** Reading runs, histories and the log. */
export const readingCases: readonly ConformanceCase[] = [
  {
    title: 'gives checkpoints of any range in order',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      await created(store, newRun('b'))
      for (let sequence = 1; sequence <= 150; sequence++) {
        await Promise.all([store.commit(nextCommit(id('a'), sequence)), store.commit(nextCommit(id('b'), sequence))])
      }
      const sequences = async (from: number, to: number): Promise<readonly number[]> =>
        (await store.checkpoints(id('a'), from, to)).map(({ sequence }) => sequence)
      expect(await sequences(0, 150)).toEqual(Array.from({ length: 151 }, (_, index) => index))
      expect(await sequences(62, 66)).toEqual([62, 63, 64, 65, 66])
      expect(await sequences(64, 64)).toEqual([64])
      expect(await sequences(-5, 0)).toEqual([0])
      expect(await sequences(149, 1000)).toEqual([149, 150])
      expect(await sequences(151, 1000)).toEqual([])
      expect(await sequences(5, 4)).toEqual([])
    },
  },
  {
    title: 'loads a run from its newest keyframe',
    async run(tools) {
      const store = await tools.store()
      const runId = id('a')
      await created(store, newRun('a'))
      for (let sequence = 1; sequence <= 9; sequence++) {
        const commit = nextCommit(runId, sequence)
        const keyframe = sequence === 3 || sequence === 6 ? `frame ${sequence}` : null
        await store.commit({ ...commit, checkpoint: { ...commit.checkpoint, keyframe } })
      }
      const loaded = await store.load(runId)
      expect(loaded?.checkpoints.map(({ sequence, keyframe }) => [sequence, keyframe])).toEqual([
        [6, 'frame 6'],
        [7, null],
        [8, null],
        [9, null],
      ])
      expect((await store.keyframe(runId, 5))?.sequence).toBe(3)
      expect((await store.keyframe(runId, 6))?.keyframe).toBe('frame 6')
      expect((await store.keyframe(runId, 2))?.sequence).toBe(0)
      expect((await store.keyframe(runId, 99))?.sequence).toBe(6)
    },
  },
  {
    title: 'restores every snapshot of a run that it stored (R1)',
    async run(tools) {
      const store = await tools.store()
      const real = new RealRun('a')
      await created(store, real.first())
      for (let step = 1; step <= 40; step++) {
        await store.commit(real.next(step === 20 ? 'z'.repeat(70_000) : `note ${step}`))
      }
      const loaded = await store.load(real.runId)
      if (loaded === undefined) return expect.unreachable()
      expect((await restoreRun(store, loaded)).snapshot).toEqual(real.snapshots.at(-1))
      for (const sequence of [0, 1, 19, 20, 21, 40]) {
        expect((await restoreAt(store, real.runId, sequence)).snapshot).toEqual(real.snapshots[sequence])
      }
      const stored = await store.checkpoints(real.runId, 0, 40)
      expect(await readCheckpoints(store, stored, loaded.row.graphHash)).toHaveLength(41)
      expect(await codeOf(restoreAt(store, real.runId, 41))).toBe('WAYSTONE_STORE_RUN_UNKNOWN')
    },
  },
  {
    title: 'notices a stored checkpoint that was changed (O3)',
    async run(tools) {
      for (const sequence of [0, 2, 5]) {
        const store = await tools.store()
        const real = new RealRun('a')
        await created(store, real.first())
        for (let step = 1; step <= 5; step++) await store.commit(real.next(`note ${step}`))
        await tools.corrupt(store, real.runId, sequence)
        expect(await codeOf(restore(store, real))).toBe('WAYSTONE_STORE_CORRUPT')
      }
    },
  },
  {
    title: 'lists runs newest first, page by page',
    async run(tools) {
      const store = await tools.store()
      for (let index = 0; index < 25; index++) await created(store, newRun(`r${index}`, { at: start + index }))
      const names: string[] = []
      let pages = 0
      for (let after: string | undefined; pages < 9;) {
        const page = await store.list({ limit: 10, ...(after === undefined ? {} : { after }) })
        names.push(...page.rows.map(({ runId }) => runId))
        pages += 1
        if (page.next === null) break
        after = page.next
      }
      expect(pages).toBe(3)
      expect(names).toEqual(Array.from({ length: 25 }, (_, index) => `r${24 - index}`))
      expect((await store.list({ limit: 25 })).next).toBeNull()
    },
  },
  {
    title: 'lists by workflow, key, status, tag and age',
    async run(tools) {
      const store = await tools.store()
      const waiting = summary({ status: 'waiting' })
      await created(store, newRun('old', { tags: { team: 'blue' }, key: 'k%' }))
      await created(store, newRun('new', { at: start + 10, tags: { team: 'red', 'a.b': '"x"' }, summary: waiting }))
      await created(
        store,
        newRun('other', { at: start + 20, workflow: 'others', summary: summary({ status: 'failed' }) }),
      )
      const names = async (filter: RunFilter): Promise<readonly string[]> =>
        (await store.list(filter)).rows.map(({ runId }) => runId)
      expect(await names({ workflow: 'letters' })).toEqual(['new', 'old'])
      expect(await names({ key: 'k%', workflow: 'letters' })).toEqual(['old'])
      expect(await names({ key: 'k%', workflow: 'others' })).toEqual([])
      expect(await names({ key: 'k' })).toEqual([])
      expect(await names({ status: ['waiting', 'failed'] })).toEqual(['other', 'new'])
      expect(await names({ status: [] })).toEqual([])
      expect(await names({ tag: { name: 'team', value: 'blue' } })).toEqual(['old'])
      expect(await names({ tag: { name: 'a.b', value: '"x"' } })).toEqual(['new'])
      expect(await names({ tag: { name: 'team', value: 'b%' } })).toEqual([])
      expect(await names({ since: start + 10 })).toEqual(['other', 'new'])
      expect(await names({ since: start + 10, workflow: 'letters', status: ['waiting'] })).toEqual(['new'])
    },
  },
  {
    title: 'gives the log of all runs by position, without gaps, while runs commit',
    async run(tools) {
      const store = await tools.store()
      const names = Array.from({ length: 20 }, (_, index) => `r${index}`)
      const seen: number[] = []
      let isDone = false
      const read = async (): Promise<void> => {
        const wasDone = isDone
        const entries = await store.after(seen.at(-1) ?? 0, 7)
        seen.push(...entries.map(({ position }) => position))
        // Stores may answer within the turn; the writers need turns of their own.
        await new Promise((resolve) => setImmediate(resolve))
        if (!wasDone || entries.length > 0) await read()
      }
      const reading = read()
      await Promise.all(
        names.map(async (name) => {
          await created(store, newRun(name))
          for (let sequence = 1; sequence <= 10; sequence++) await store.commit(nextCommit(id(name), sequence))
        }),
      )
      isDone = true
      await reading
      expect(seen).toEqual(Array.from({ length: 220 }, (_, index) => index + 1))
    },
  },
  {
    title: 'holds many runs',
    async run(tools) {
      const store = await tools.store()
      const names = Array.from({ length: 2000 }, (_, index) => `run ${index}`)
      await Promise.all(names.map((name) => store.create(newRun(name, { summary: summary({ status: 'waiting' }) }))))
      await Promise.all(names.map((name) => store.commit(nextCommit(id(name), 1))))
      expect((await store.list({ limit: 1000 })).rows).toHaveLength(1000)
      expect((await store.row(id('run 1234')))?.sequence).toBe(1)
      expect((await store.after(3999, 10)).map(({ position }) => position)).toEqual([4000])
    },
  },
]

async function restore(store: Store, real: RealRun): Promise<unknown> {
  const loaded = await store.load(real.runId)
  return loaded === undefined ? undefined : restoreRun(store, loaded)
}
