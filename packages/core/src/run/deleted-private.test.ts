import { afterEach, describe, expect, it } from 'vitest'
import { tallies } from '../../test/groups/vault.ts'
import { viewOf } from '../../test/support/store-view.ts'
import type { RunId } from '../base/ids.ts'
import type { GroupStore } from '../checkpoint/group-store.ts'
import { createMemoryGroupStore } from '../checkpoint/memory-group-store.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { storeError } from '../errors/store-error.ts'
import { forkRun } from '../replay/fork-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

function runtimeWith(options: RuntimeOptions): Runtime {
  const runtime = createRuntime(options)
  open.push(runtime)
  return runtime
}

/** A group's store, and one process's view of it: something happens before it keeps values for the nth time. */
function interrupted(at: number, happens: (runId: RunId) => Promise<unknown>) {
  const whole = createMemoryGroupStore()
  let puts = 0
  const view: GroupStore = {
    name: whole.name,
    key: () => whole.key(),
    get: (runId, references) => whole.get(runId, references),
    forget: (runId) => whole.forget(runId),
    close: () => whole.close(),
    async put(runId, values) {
      if (++puts === at) await happens(runId)
      await whole.put(runId, values)
    },
  }
  return { whole, view, puts: () => puts }
}

describe('what a group keeps of a run that is deleted meanwhile', () => {
  it('is forgotten when the end of an effect comes after the deletion', async () => {
    const store = createMemoryStore()
    let deleted: unknown
    const { whole, view } = interrupted(3, async (runId) => {
      deleted = await runtimeWith({ store, groups: { vault: { store: whole } } }).delete(runId, { isForced: true })
    })
    const runtime = runtimeWith({ store, groups: { vault: { store: view } } })
    const run = await runtime.start(tallies(4), { input: { order: 'o' } })
    await expect(run.result()).rejects.toMatchObject({ code: expect.stringMatching(/^WAYSTONE_STORE_/) as string })
    expect(deleted).toMatchObject({ type: 'deleted' })
    expect(await whole.forget(run.runId)).toBe(0)
  })

  it('is forgotten when a decision is delivered after the deletion', async () => {
    const store = createMemoryStore()
    let isDeleting = false
    const { whole, view, puts } = interrupted(Number.POSITIVE_INFINITY, () => Promise.resolve())
    const own: GroupStore = {
      ...view,
      async put(runId, values) {
        if (isDeleting)
          await runtimeWith({ store, groups: { vault: { store: whole } } }).delete(runId, { isForced: true })
        await view.put(runId, values)
      },
    }
    const groups = { vault: { store: own } }
    const runtime = runtimeWith({ store, groups })
    const run = await runtime.start(tallies(2), { input: { order: 'o' } })
    await run.result()
    const [request] = await run.requests()
    const before = puts()
    isDeleting = true
    const other = runtimeWith({ store, groups, workflows: [tallies(2)] })
    const decided = (await other.open(run.runId)).decide(
      request ?? '',
      { outcome: 'approved', by: 'ada' },
      { isRecordedOnly: true },
    )
    await expect(decided).rejects.toMatchObject({ code: 'WAYSTONE_STORE_RUN_UNKNOWN' })
    expect(puts()).toBeGreaterThan(before)
    expect(await whole.forget(run.runId)).toBe(0)
  })

  it('is forgotten when the run is cancelled on its stored graph after the deletion', async () => {
    const store = createMemoryStore()
    const { whole, view, puts } = interrupted(1, (runId) =>
      runtimeWith({ store, groups: { vault: { store: whole } } }).delete(runId, { isForced: true }),
    )
    const first = runtimeWith({ store, groups: { vault: { store: whole } } })
    const begun = await first.start(tallies(8), { input: { order: 'o' } })
    await begun.result()
    await first.close()
    // It does not know the definition.
    const run = await runtimeWith({ store, groups: { vault: { store: view } } }).open(begun.runId)
    const by = { by: 'eve', reason: 'odd' }
    expect(await run.hold(by)).toMatchObject({ type: 'applied' })
    expect(puts()).toBe(0)
    // So long after the last keyframe that this checkpoint has one, which refers to what is private.
    await expect(run.cancel(by)).rejects.toMatchObject({ code: 'WAYSTONE_STORE_RUN_UNKNOWN' })
    expect(puts()).toBe(1)
    expect(await whole.forget(begun.runId)).toBe(0)
  })

  it('is forgotten when a fork of it cannot be made', async () => {
    const whole = createMemoryStore()
    let isFull = false
    const store = viewOf(whole, (method) => {
      if (method === 'create' && isFull) throw storeError('WAYSTONE_STORE_FULL', 'the disk is full')
    })
    const kept = new Set<RunId>()
    const own = createMemoryGroupStore()
    const group: GroupStore = {
      name: own.name,
      key: () => own.key(),
      get: (runId, references) => own.get(runId, references),
      forget: (runId) => own.forget(runId),
      close: () => own.close(),
      async put(runId, values) {
        kept.add(runId)
        await own.put(runId, values)
      },
    }
    const runtime = runtimeWith({ store, groups: { vault: { store: group } }, workflows: [tallies(2)] })
    const run = await runtime.start(tallies(2), { input: { order: 'o' } })
    const { sequence } = (await run.result()) as unknown as { readonly sequence: number }
    isFull = true
    const forked = forkRun(runtime, run.runId, { at: sequence, by: 'ada', reason: 'what if' })
    await expect(forked).rejects.toMatchObject({ code: 'WAYSTONE_STORE_FULL' })
    const others = [...kept].filter((runId) => runId !== run.runId)
    expect(others).toHaveLength(1)
    for (const runId of others) expect(await own.forget(runId)).toBe(0)
  })
})
