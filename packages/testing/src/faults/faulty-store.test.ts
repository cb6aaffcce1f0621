import { createMemoryStore } from '@waystone/core/store'
import { describe, expect, it } from 'vitest'
import { codeOf, created, id, newRun, nextCommit } from '../conformance/fixtures.ts'
import { describeStore } from '../conformance/store-conformance.ts'
import { faultsAt, faultyStore } from './faulty-store.ts'

const runId = id('a')

describe('faultyStore', () => {
  it('refuses the k-th call and does nothing (R2)', async () => {
    const store = faultyStore(createMemoryStore(), faultsAt({ method: 'commit', count: 2, fault: { type: 'fail' } }))
    await created(store, newRun('a'))
    await store.commit(nextCommit(runId, 1))
    expect(await codeOf(store.commit(nextCommit(runId, 2)))).toBe('WAYSTONE_STORE_FULL')
    expect((await store.row(runId))?.sequence).toBe(1)
    await store.commit(nextCommit(runId, 2))
    expect(store.calls.map(({ method, count }) => `${method} ${count}`)).toEqual([
      'create 1',
      'commit 1',
      'commit 2',
      'row 1',
      'commit 3',
    ])
  })

  it('tears a call: it is done and reported as failed', async () => {
    const store = faultyStore(createMemoryStore(), faultsAt({ method: 'commit', count: 1, fault: { type: 'tear' } }))
    await created(store, newRun('a'))
    expect(await codeOf(store.commit(nextCommit(runId, 1)))).toBe('WAYSTONE_STORE_FAILED')
    expect((await store.row(runId))?.sequence).toBe(1)
  })

  it('delays a call before it begins and before it is reported', async () => {
    const seen: string[] = []
    const memory = createMemoryStore()
    const note = async (when: string): Promise<void> => {
      seen.push(`${when} ${(await memory.row(runId))?.sequence}`)
    }
    const fault = { type: 'delay', before: () => note('before'), after: () => note('after') } as const
    const store = faultyStore(memory, faultsAt({ method: 'commit', count: 1, fault }))
    await created(store, newRun('a'))
    await store.commit(nextCommit(runId, 1))
    expect(seen).toEqual(['before 0', 'after 1'])
  })

  it('blocks a call until it is let go', async () => {
    const store = faultyStore(createMemoryStore(), faultsAt({ method: 'commit', count: 1, fault: { type: 'block' } }))
    await created(store, newRun('a'))
    const commit = store.commit(nextCommit(runId, 1))
    expect((await store.row(runId))?.sequence).toBe(0)
    store.unblock()
    await commit
    expect((await store.row(runId))?.sequence).toBe(1)
  })
})

const noFile = 'the store inside has no file'

describeStore('a faulty store without faults', {
  create: () => faultyStore(createMemoryStore(), () => undefined),
  unsupported: [
    { case: 'notices a stored checkpoint that was changed (O3)', reason: noFile },
    { case: 'stores what was asked for before it was closed', reason: noFile },
    { case: 'keeps everything over a restart', reason: noFile },
    { case: 'shows one instance what another has stored, and tells its watchers', reason: noFile },
    { case: 'fences one instance out when another has taken the run', reason: noFile },
    { case: 'takes commits of two instances at once', reason: noFile },
    { case: 'tells another holder of the same data of a deletion', reason: noFile },
  ],
})
