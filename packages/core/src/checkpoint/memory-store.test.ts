import { describe, expect, it } from 'vitest'
import { sha256 } from '../base/hash.ts'
import type { RunId } from '../base/ids.ts'
import { noUsage } from '../snapshot/usage.ts'
import { createMemoryStore } from './memory-store.ts'
import type { NewRun } from './store.ts'

const runId = 'a' as RunId
const run: NewRun = {
  runId,
  workflow: 'w',
  workflowVersion: 1,
  graphHash: 'g',
  behaviourHash: 'b',
  graph: '{}',
  key: null,
  tags: {},
  forkedFrom: null,
  owner: { id: 'ann', host: 'here', pid: 1, processStartedAt: '' },
  leaseMs: 1000,
  checkpoint: { runId, sequence: 0, text: '{}', hash: sha256('{}'), keyframe: null },
  blobs: [],
  summary: { status: 'running', nodes: [], usage: noUsage, steps: 0, nextDueAt: null, requests: 0, errorCode: null },
  at: 0,
}

// The whole contract is held by the conformance suite, in packages/testing.
describe('createMemoryStore', () => {
  it('takes effect in the order of the calls, before they are answered', async () => {
    const store = createMemoryStore()
    const created = store.create(run)
    const found = store.row(runId)
    expect([await created, (await found)?.sequence]).toEqual([expect.objectContaining({ type: 'created' }), 0])
  })

  it('refuses a run that it holds', async () => {
    const store = createMemoryStore()
    await store.create(run)
    await expect(store.create(run)).rejects.toMatchObject({ code: 'WAYSTONE_STORE_RUN_EXISTS' })
  })

  it('refuses everything once closed', async () => {
    const store = createMemoryStore()
    await store.close()
    await expect(store.list({})).rejects.toMatchObject({ code: 'WAYSTONE_STORE_CLOSED' })
  })

  it('gives events back as what came over a wire, not as the object that was delivered', async () => {
    const store = createMemoryStore()
    await store.create(run)
    const event = { id: 'e', at: 1, type: 'run.hold', from: 'operator', payload: { by: 'ops', reason: '' } } as const
    await store.deliver(runId, event)
    const [found] = (await store.inbox([runId])).get(runId) ?? []
    expect(found).toEqual(event)
    expect(found).not.toBe(event)
  })
})
