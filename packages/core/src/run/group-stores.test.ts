import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { labMark, tallies, vaultMark, vaults } from '../../test/groups/vault.ts'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { mortalView, viewOf } from '../../test/support/store-view.ts'
import { sha256 } from '../base/hash.ts'
import type { GroupStore } from '../checkpoint/group-store.ts'
import { createMemoryGroupStore } from '../checkpoint/memory-group-store.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { Store } from '../checkpoint/store.ts'
import { withGroupStores } from '../checkpoint/with-group-stores.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { storeError, type StoreError } from '../errors/store-error.ts'
import { auditRun } from '../replay/audit-run.ts'
import { blamePath } from '../replay/blame.ts'
import { forkRun } from '../replay/fork-run.ts'
import { readHistory } from '../replay/history.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Liveness } from './liveness.ts'
import type { RuntimeNotice } from './notice.ts'
import type { RunEvent } from './run-event.ts'
import type { Run, Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

function runtimeWith(options: RuntimeOptions = {}): Runtime {
  const runtime = createRuntime(options)
  open.push(runtime)
  return runtime
}

const yes = { outcome: 'approved', by: 'ada', reason: `fine, says ${vaultMark}` }
const dead: Liveness = { self: () => ({ host: 'here', pid: 1, processStartedAt: '1' }), stateOf: () => 'dead' }

/** A store that remembers everything that was ever written to it. */
function recorded(store: Store): { readonly store: Store; readonly written: readonly string[] } {
  const written: string[] = []
  const view = viewOf(store, (method, args) => {
    if (method !== 'blob' && method !== 'checkpoints') written.push(JSON.stringify([method, args]))
  })
  return { store: view, written }
}

/** The same of a group's store, without its key. */
function recordedGroup(store: GroupStore = createMemoryGroupStore()): {
  readonly store: GroupStore
  readonly written: string[]
} {
  const written: string[] = []
  return {
    written,
    store: {
      name: 'recorded',
      key: () => store.key(),
      async put(runId, values) {
        written.push(JSON.stringify(values))
        await store.put(runId, values)
      },
      get: (runId, references) => store.get(runId, references),
      forget: (runId) => store.forget(runId),
      close: () => store.close(),
    },
  }
}

const models = () => ({
  outside: scripted(says({ letter: 'Dear' }), says({ letter: 'Thank you' })),
  inside: scripted(
    asks(['score', { card: vaultMark }], ['transfer', { card: vaultMark }]),
    asks(['score', { card: vaultMark }]),
    says({ note: `noted ${vaultMark}` }),
  ),
})

const start = { input: { order: 'o-1' }, key: 'k-1' }

/** Goes through all of {@link vaults}, deciding and sending what it waits for. */
async function through(run: Run): Promise<void> {
  for (let result = await run.result(); result.status === 'waiting'; result = await run.result()) {
    const [request] = await run.requests()
    const taken = request === undefined ? null : await run.decide(request, yes)
    const [wait] = await run.waits()
    const message = { key: `${vaultMark} of o-1`, id: 'e-1', by: 'the bank', through: 'its hook' }
    const sent = wait === undefined ? taken : await run.send('confirmed', { by: `${vaultMark} bank` }, message)
    expect(sent).toMatchObject({ type: 'applied' })
  }
}

const insiders = /^(find|clerk|each|ponder|bank|allowed|measure)(\/|$)/

describe("a group's own store (M3)", () => {
  it('alone holds what is private to the group (byte search)', async () => {
    const { store, written } = recorded(createMemoryStore())
    const [vault, lab] = [recordedGroup(), recordedGroup()]
    const bound = models()
    const runtime = runtimeWith({
      store,
      models: bound,
      groups: { vault: { store: vault.store }, lab: { store: lab.store } },
    })
    const run = await runtime.start(vaults, start)
    await through(run)
    expect(await run.result()).toMatchObject({ status: 'completed', output: { paid: true, letter: 'Thank you' } })

    for (const text of written) {
      expect(text).not.toContain(vaultMark)
      expect(text).not.toContain(labMark)
    }
    expect(written.join('')).toContain('Thank you')
    expect(vault.written.join('')).toContain(vaultMark)
    expect(vault.written.join('')).not.toContain(labMark)
    expect(lab.written.join('')).toContain(labMark)
    expect(lab.written.join('')).not.toContain(vaultMark)
    expect(JSON.stringify(bound.outside.requests)).not.toContain(vaultMark)

    const events: RunEvent[] = []
    for await (const event of run.events()) events.push(event)
    const others = events.filter(
      (event) => event.type !== 'event.received' && !('node' in event && insiders.test(event.node ?? '')),
    )
    const told = others.filter((event) => event.type !== 'edge.taken' || !insiders.test(event.decision.node))
    expect(JSON.stringify(told)).not.toContain(vaultMark)
    expect(JSON.stringify(events)).toContain(vaultMark)
  })

  it('is read through, so that history, replay and audit know everything', async () => {
    const groups = { vault: { store: createMemoryGroupStore() }, lab: { store: createMemoryGroupStore() } }
    const runtime = runtimeWith({ models: models(), groups })
    const run = await runtime.start(vaults, start)
    await through(run)
    const history = await readHistory(runtime.store, run.runId)
    expect(history.withheld).toBeUndefined()
    expect(history.at(history.last).snapshot.context.state).toMatchObject({
      card: `${vaultMark} of o-1`,
      notes: [`item ${vaultMark}-m`],
      told: `told ${vaultMark} of o-1`,
      receipt: `receipt by ${vaultMark} bank`,
      sample: `sample ${labMark}`,
    })
    expect((await replayRun(runtime.store, vaults, run.runId)).divergence).toBeNull()
    expect(JSON.stringify(await auditRun(runtime.store, run.runId))).toContain(vaultMark)
  })

  it('fills keyframes with references only, and a run goes on from one', async () => {
    const memory = createMemoryStore()
    const { store, written } = recorded(memory)
    const own = recordedGroup()
    const groups = { vault: { store: own.store } }
    const first = runtimeWith({ store, groups })
    const run = await first.start(tallies(200), { input: { order: 'o-1' } })
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    await first.close()
    expect(written.filter((text) => text.includes('"keyframe":"'))).not.toHaveLength(0)
    for (const text of written) expect(text).not.toContain(vaultMark)
    // A growing list is kept in what was added: 200 items of 20 characters, not 200 lists.
    expect(own.written.join('').length).toBeLessThan(200_000)

    const second = runtimeWith({ store, groups, workflows: [tallies(200)] })
    const again = await second.open(run.runId)
    const [request] = await again.requests()
    await again.decide(request ?? '', { outcome: 'approved', by: 'ada' })
    expect(await again.result()).toMatchObject({ status: 'completed', output: { count: 200 } })
    expect((await replayRun(second.store, tallies(200), run.runId)).divergence).toBeNull()
  })

  it('says of a run that is deleted while it is read that it is not there, not that its values are lost', async () => {
    const store = createMemoryStore()
    const kept = createMemoryGroupStore()
    const lab = createMemoryGroupStore()
    const groups = { vault: { store: kept }, lab: { store: lab } }
    const runtime = runtimeWith({ store, groups, models: models(), workflows: [vaults], secrets: () => 'key' })
    const run = await runtime.start(vaults, start)
    await through(run)
    let isReading = true
    const cut: GroupStore = {
      name: 'cut',
      key: () => kept.key(),
      put: (runId, values) => kept.put(runId, values),
      get: async (runId, references) => {
        if (isReading) {
          isReading = false
          await runtime.delete(run.runId)
        }
        return await kept.get(runId, references)
      },
      forget: (runId) => kept.forget(runId),
      close: () => kept.close(),
    }
    const reader = withGroupStores(store, { vault: { store: cut }, lab: { store: lab } })
    await expect(readHistory(reader, run.runId)).rejects.toMatchObject({
      code: 'WAYSTONE_STORE_RUN_UNKNOWN',
      message: `run ${run.runId} was deleted while it was read`,
    })
    expect(isReading).toBe(false)
  })

  it('is left out where somebody only looks and it lacks values, which is said once; nothing else goes on without them', async () => {
    const lab = createMemoryGroupStore()
    const kept = createMemoryGroupStore()
    const store = createMemoryStore()
    const runtime = runtimeWith({ store, models: models(), groups: { vault: { store: kept }, lab: { store: lab } } })
    const run = await runtime.start(vaults, start)
    await through(run)
    const { output } = (await run.result()) as { readonly output: object }
    const key = await kept.key()
    const empty = withGroupStores(store, { vault: { store: createMemoryGroupStore({ key }) }, lab: { store: lab } })

    const missing: string[] = []
    const onMissing = (group: string, error: StoreError): void => void missing.push(`${group} ${error.code}`)
    const history = await readHistory(empty, run.runId, { onMissing })
    expect(history.withheld).toEqual(['vault'])
    expect(history.at(history.last).snapshot.context.state).toMatchObject({ ...output, card: 'private to group vault' })
    expect((await auditRun(empty, run.runId, { onMissing })).withheld).toEqual(['vault'])
    expect(missing).toEqual(['vault WAYSTONE_STORE_PRIVATE_MISSING', 'vault WAYSTONE_STORE_PRIVATE_MISSING'])

    const code = { code: 'WAYSTONE_STORE_PRIVATE_MISSING' }
    await expect(readHistory(empty, run.runId)).rejects.toMatchObject(code)
    await expect(replayRun(empty, vaults, run.runId)).rejects.toMatchObject(code)
  })

  it('has no say in who sent an event, and through what: that is to be seen with it and without (M3, O3)', async () => {
    const groups = { vault: { store: createMemoryGroupStore() }, lab: { store: createMemoryGroupStore() } }
    const store = createMemoryStore()
    const runtime = runtimeWith({ store, models: models(), groups })
    const run = await runtime.start(vaults, start)
    await through(run)
    const sent = { event: 'confirmed', by: 'the bank', through: 'its hook' }
    for (const [reading, seen] of [
      [runtime.store, { ...sent, key: `${vaultMark} of o-1` }],
      [store, { ...sent, key: null }],
    ] as const) {
      const { events } = await auditRun(reading, run.runId)
      expect(events).toMatchObject([{ ...seen, taken: { node: 'bank' } }])
      expect(blamePath(await readHistory(reading, run.runId), ['paid']).event).toMatchObject(seen)
    }
    expect((await replayRun(runtime.store, vaults, run.runId)).divergence).toBeNull()
  })

  it('gives equal values of two runs nothing in common that can be seen', async () => {
    const { store, written } = recorded(createMemoryStore())
    const groups = { vault: { store: createMemoryGroupStore() } }
    const runtime = runtimeWith({ store, groups })
    const references: string[][] = []
    for (const order of ['same', 'same']) {
      const run = await runtime.start(tallies(3), { input: { order } })
      await run.result()
      const texts = await store.checkpoints(run.runId, 0, 20)
      references.push(
        texts.flatMap(({ text }) => Array.from(text.matchAll(/"vault":\["([\w-]{43})"/g), ([, one]) => one ?? '')),
      )
    }
    const [one = [], two = []] = references
    expect(one.length).toBeGreaterThan(3)
    expect(one.filter((reference) => two.includes(reference))).toEqual([])
    expect(new Set(one).size).toBe(one.length)
    const plain = [`${vaultMark}-0`, JSON.stringify(`${vaultMark}-0`)].map(sha256)
    for (const text of written) for (const hash of plain) expect(text).not.toContain(hash)
  })

  it('is asked for before a run starts, and a run of it is left alone and said to be where it is not bound', async () => {
    const workflow = tallies(3)
    const store = createMemoryStore()
    await expect(runtimeWith({ store }).start(workflow, { input: { order: 'o' } })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_GROUPS_UNBOUND',
      message: expect.stringContaining('store of "vault"') as string,
    })
    const groups = { vault: { store: createMemoryGroupStore() } }
    const first = runtimeWith({ store, groups })
    const run = await first.start(workflow, { input: { order: 'o' } })
    await run.result()
    const [request] = await run.requests()
    await run.decide(request ?? '', { outcome: 'approved', by: 'ada' }, { isRecordedOnly: true })
    await first.close()

    const notices: RuntimeNotice[] = []
    const unbound = runtimeWith({ store, workflows: [workflow], onNotice: (notice) => void notices.push(notice) })
    unbound.work()
    await vi.waitFor(() => expect(notices).toContainEqual({ type: 'run.parked', runId: run.runId, groups: ['vault'] }))
    const parked = await unbound.open(run.runId)
    expect(await parked.status()).toMatchObject({ status: 'parked' })
    await expect(parked.resume()).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_GROUPS_UNBOUND' })
    for (const move of [
      () => parked.requests(),
      () => parked.patch({ state: { order: 'x' }, by: 'ada', reason: 'r' }),
      () => parked.cancel({ by: 'ada', reason: 'r' }),
      () => forkRun(unbound, run.runId, { at: 1, by: 'ada', reason: 'r' }),
      () => replayRun(unbound.store, workflow, run.runId),
      () => unbound.delete(run.runId),
    ])
      await expect(move()).rejects.toMatchObject({ code: 'WAYSTONE_STORE_PRIVATE' })
    expect((await store.row(run.runId))?.lease).toBeNull()

    const second = runtimeWith({ store, groups, workflows: [workflow] })
    second.work()
    expect(await (await second.open(run.runId)).result({ until: 'end' })).toMatchObject({
      status: 'completed',
      output: { count: 3 },
    })
  })

  it('leaves untold, without it, whether a policy held that private values decide about', async () => {
    const w = defineState({ paid: z.number().optional() })
    const vault = w.group('vault', {
      state: { sums: z.array(z.number()).optional() },
      exports: ['paid'],
      own: ['store'],
    })
    const pay = defineTool({
      name: 'pay',
      description: 'Pays.',
      effect: 'keyed',
      input: z.object({ usd: z.number() }),
      output: z.object({ usd: z.number() }),
      run: ({ usd }) => ({ usd }),
    })
    const n = w.nodes({
      price: vault.task({ effect: 'pure', writes: ['sums'], run: () => ({ sums: [20, 30] }) }),
      each: vault.map({
        over: 'sums',
        item: pay,
        input: (usd: number) => ({ usd }),
        maxItems: 2,
        approval: { when: ({ usd }) => usd > 100 && 'large' },
        writes: ['paid'],
        apply: (results) => ({ paid: results.length }),
      }),
    })
    const workflow = w.workflow('payments', {
      input: z.object({}),
      output: ['paid'],
      nodes: n,
      start: n.price,
      edges: { price: { done: n.each }, each: { done: END } },
    })
    const store = createMemoryStore()
    const groups = { vault: { store: createMemoryGroupStore() } }
    const run = await runtimeWith({ store, groups }).start(workflow, { input: {} })
    expect((await run.result()).output).toEqual({ paid: 2 })
    const known = await auditRun(withGroupStores(store, groups), run.runId)
    expect(known.policies).toMatchObject([{ uses: [expect.any(Number), expect.any(Number)], violations: [] }])
    expect(known.policies[0]?.untold).toBeUndefined()
    const unbound = await auditRun(store, run.runId)
    expect(unbound.policies).toMatchObject([{ violations: [], untold: known.policies[0]?.uses }])
  })

  it('keeps what it has of a run that is deleted by force where it is not bound, which is said', async () => {
    const store = createMemoryStore()
    const groups = { vault: { store: createMemoryGroupStore() }, lab: { store: createMemoryGroupStore() } }
    const run = await runtimeWith({ store, models: models(), groups }).start(vaults, start)
    await through(run)
    const unbound = runtimeWith({ store, groups: { lab: groups.lab } })
    expect(await unbound.delete(run.runId, { isForced: true })).toMatchObject({ type: 'deleted', kept: ['vault'] })
    expect(await groups.vault.store.forget(run.runId)).toBeGreaterThan(0)
    expect(await groups.lab.store.forget(run.runId)).toBe(0)
  })

  it('leaves gaps that say whose they are to who reads a run without it', async () => {
    const { store } = recorded(createMemoryStore())
    const groups = { vault: { store: createMemoryGroupStore() }, lab: { store: createMemoryGroupStore() } }
    const runtime = runtimeWith({ store, models: models(), groups })
    const run = await runtime.start(vaults, start)
    await through(run)
    const history = await readHistory(store, run.runId)
    expect(history.withheld).toEqual(['vault', 'lab'])
    for (let at = 0; at <= history.last; at++) history.at(at)
    expect(history.at(history.last).snapshot.context.state).toEqual({
      order: 'o-1',
      letter: 'Thank you',
      paid: true,
      card: 'private to group vault',
      marks: 'private to group vault',
      large: 'private to group vault',
      note: 'private to group vault',
      notes: 'private to group vault',
      told: 'private to group vault',
      receipt: 'private to group vault',
      sample: 'private to group lab',
    })
    const audit = await auditRun(store, run.runId)
    expect(audit.chain.isIntact).toBe(true)
    expect(audit.withheld).toEqual(['vault', 'lab'])
    expect(JSON.stringify([audit, history.checkpoints])).not.toContain(vaultMark)
    // Steps, kinds, times, outcomes and usage are nobody's secret.
    expect(history.checkpoints.flatMap(({ step }) => step?.node ?? [])).toContain('ponder/think')
    expect(history.at(history.last).snapshot.context.usage.modelCalls).toBe(5)

    const half = await readHistory(withGroupStores(store, { lab: groups.lab }), run.runId)
    expect(half.withheld).toEqual(['vault'])
    expect(half.at(half.last).snapshot.context.state).toMatchObject({
      card: 'private to group vault',
      sample: `sample ${labMark}`,
    })
    const reader = runtimeWith({ store })
    const told: RunEvent[] = []
    for await (const event of (await reader.open(run.runId)).events()) told.push(event)
    expect(told.at(-1)).toMatchObject({ type: 'run.status-changed', status: 'completed' })
    expect(JSON.stringify(told)).not.toContain(vaultMark)
  })

  it('loses nothing and repeats nothing when it fails or is gone for a while', async () => {
    let broken: 'put' | 'get' | 'key' | 'empty' | null = null
    const real = createMemoryGroupStore()
    const failing = (what: typeof broken): void => {
      if (broken === what) throw storeError('WAYSTONE_STORE_FULL', 'no room')
    }
    const moody: GroupStore = {
      name: 'moody',
      key: async () => (failing('key'), await real.key()),
      put: async (runId, values) => (failing('put'), await real.put(runId, values)),
      get: async (runId, references) =>
        broken === 'empty' ? new Map() : (failing('get'), await real.get(runId, references)),
      forget: (runId) => real.forget(runId),
      close: () => real.close(),
    }
    const store = createMemoryStore()
    const counted = { begun: 0 }
    const workflow = tallies(5, () => {
      counted.begun += 1
      if (counted.begun === 3) broken = 'put'
    })
    const runtime = runtimeWith({ store, groups: { vault: { store: moody } } })
    const run = await runtime.start(workflow, { input: { order: 'o' } })
    await expect(run.result()).rejects.toMatchObject({
      code: 'WAYSTONE_STORE_FULL',
      message: 'the store of group vault (moody) failed: no room',
    })
    const { sequence } = (await store.row(run.runId)) ?? { sequence: -1 }
    for (const [how, code] of [
      ['get', 'WAYSTONE_STORE_FULL'],
      ['empty', 'WAYSTONE_STORE_PRIVATE_MISSING'],
    ] as const) {
      broken = how
      await expect(run.resume()).rejects.toMatchObject({ code })
      expect(await store.row(run.runId)).toMatchObject({ sequence, status: 'running', lease: null })
    }
    broken = 'key'
    const other = runtimeWith({ store, workflows: [workflow], groups: { vault: { store: moody } } })
    await expect((await other.open(run.runId)).resume()).rejects.toMatchObject({ code: 'WAYSTONE_STORE_FULL' })
    broken = null
    await run.resume()
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    // The task whose end could not be kept is idempotent and ran once more; no other did.
    expect(counted.begun).toBe(6)
    const history = await readHistory(runtime.store, run.runId)
    expect(history.at(history.last).snapshot.context.state['marks']).toHaveLength(5)
  })

  it('holds only what nothing refers to when a process dies between the two', async () => {
    const store = createMemoryStore()
    const own = recordedGroup()
    let commits = 0
    const mortal = mortalView(store, (method, kill) => {
      if (method === 'commit' && ++commits === 3) kill()
    })
    const groups = { vault: { store: own.store } }
    const first = createRuntime({ store: mortal.store, groups, liveness: dead })
    const run = await first.start(tallies(4), { input: { order: 'o' } })
    await vi.waitFor(() => expect(commits).toBe(3))
    const kept = own.written.length
    expect(kept).toBeGreaterThan(0)
    const second = runtimeWith({ store, groups, liveness: dead, workflows: [tallies(4)] })
    const again = await second.open(run.runId)
    await again.resume()
    expect(await again.result()).toMatchObject({ status: 'waiting' })
    expect((await replayRun(second.store, tallies(4), run.runId)).divergence).toBeNull()
    expect(own.written.length).toBeGreaterThan(kept)
  })

  it('is followed by forks, patches and cancels', async () => {
    const { store, written } = recorded(createMemoryStore())
    const own = createMemoryGroupStore()
    const runtime = runtimeWith({ store, groups: { vault: { store: own } }, workflows: [tallies(3)] })
    const run = await runtime.start(tallies(3), { input: { order: 'o' } })
    await run.result()
    expect(
      await run.patch({ state: { card: `${vaultMark} patched`, order: 'shown' }, by: 'ada', reason: 'wrong card' }),
    ).toMatchObject({ type: 'applied' })
    expect(JSON.stringify(await run.requests())).toContain(`${vaultMark} patched`)
    const { sequence } = (await run.status()) as { sequence: number }
    const forked = await forkRun(runtime, run.runId, {
      at: sequence,
      patch: { card: `${vaultMark} forked` },
      by: 'ada',
      reason: 'what if',
    })
    expect(await run.cancel({ by: 'ada', reason: 'enough' })).toMatchObject({ type: 'applied' })
    expect(await run.result()).toMatchObject({ status: 'cancelled' })
    const fork = await runtime.open(forked)
    await fork.resume()
    const [request] = await fork.requests()
    expect(JSON.stringify(request)).toContain(`${vaultMark} forked`)
    await fork.decide(request ?? '', { outcome: 'approved', by: 'ada' })
    expect(await fork.result()).toMatchObject({ status: 'completed' })
    for (const one of [run.runId, forked])
      expect((await replayRun(runtime.store, tallies(3), one)).divergence).toBeNull()
    for (const text of written) expect(text).not.toContain(vaultMark)

    // A fork has its own: it stays when its origin is deleted.
    expect(await runtime.delete(run.runId)).toMatchObject({ type: 'deleted' })
    expect(await own.forget(run.runId)).toBe(0)
    const history = await readHistory(runtime.store, forked)
    expect(history.at(history.last).snapshot.context.state['card']).toBe(`${vaultMark} forked`)
    expect(await runtime.delete(forked)).toMatchObject({ type: 'deleted' })
    expect(await own.forget(forked)).toBe(0)
  })

  it('keeps what waits in an inbox, and remembers no decision beyond its run', async () => {
    const { store, written } = recorded(createMemoryStore())
    const groups = { vault: { store: createMemoryGroupStore() }, lab: { store: createMemoryGroupStore() } }
    const runtime = runtimeWith({ store, models: models(), groups })
    const run = await runtime.start(vaults, start)
    await run.result()
    const [request] = await run.requests()
    expect(request).toMatchObject({ kind: 'call', node: 'clerk' })
    expect(await run.decide(request ?? '', { ...yes, remember: { scope: 'workflow' } })).toMatchObject({
      type: 'refused',
      reason: 'not-remembered',
      message: expect.stringContaining('group vault') as string,
    })
    expect(await run.decide(request ?? '', { ...yes, remember: { scope: 'run' } }, { isRecordedOnly: true })).toEqual({
      type: 'delivered',
      eventId: expect.any(String) as string,
    })
    const inboxes = await store.inbox([run.runId])
    expect(JSON.stringify([...inboxes])).toContain('private to group vault')
    expect((await runtime.store.inbox([run.runId])).get(run.runId)).toMatchObject([{ payload: { reason: yes.reason } }])
    await run.resume()
    await through(run)
    expect(await run.result()).toMatchObject({ status: 'completed' })
    for (const text of written) expect(text).not.toContain(vaultMark)
  })

  it('tells whoever sends under an id that is taken nothing of the event before (M3)', async () => {
    const groups = { vault: { store: createMemoryGroupStore() }, lab: { store: createMemoryGroupStore() } }
    const run = await runtimeWith({ models: models(), groups }).start(vaults, start)
    await through(run)
    expect(await run.result()).toMatchObject({ status: 'completed' })
    expect(await run.send('confirmed', { by: 'eve' }, { key: 'x', id: 'e-1' })).toEqual({
      type: 'refused',
      reason: 'id-taken',
      message:
        'id "e-1" belongs to an event that came to the run before, with another key, payload; one id is for one event',
    })
  })

  it('keeps of an event that its schema refuses where it does not fit, and nothing that the schema says of it (M3)', async () => {
    const s = defineState({ order: z.string() })
    const group = s.group('vault', { state: { pin: z.string().optional() }, exports: [], own: ['store'] })
    const short = z.string().refine((text) => text.length < 5, { error: ({ input }) => `${String(input)} is no pin` })
    const shop = (toolCalls: number) => {
      const paid = s.event('paid', z.object({ pin: short, limits: z.record(z.string(), z.number()) }))
      const n = s.nodes({ bank: group.wait({ for: paid, writes: ['pin'], apply: ({ pin }) => ({ pin }) }) })
      return s.workflow('shop', {
        input: z.object({ order: z.string() }),
        output: [],
        nodes: n,
        start: n.bank,
        edges: { bank: { received: END } },
        limits: { toolCalls },
      })
    }
    const { store, written } = recorded(createMemoryStore())
    const groups = { vault: { store: createMemoryGroupStore() } }
    const payload = { pin: vaultMark, limits: { [vaultMark]: 'much' } }
    const first = runtimeWith({ store, groups })
    const begun = await first.start(shop(1), { input: { order: 'o-1' } })
    await begun.result()
    // Whoever sends it where its schema is known is told all, and nothing is stored.
    await expect(begun.send('paid', payload)).rejects.toThrow(`${vaultMark} is no pin`)
    await first.close()
    // A process that knows another definition knows no schema of this run's.
    const other = await runtimeWith({ store, groups, workflows: [shop(2)] }).open(begun.runId)
    expect(await other.send('paid', payload)).toMatchObject({ type: 'delivered' })
    const notices: RuntimeNotice[] = []
    const onNotice = (notice: RuntimeNotice): unknown => notices.push(notice)
    const run = await runtimeWith({ store, groups, workflows: [shop(1)], onNotice }).open(begun.runId)
    await run.resume()
    const message =
      'event "paid" carries what its schema does not allow at pin, limits[…]; more is private to group vault'
    await expect.poll(() => run.refused()).toMatchObject([{ reason: 'bad-payload', message }])
    expect(notices).toMatchObject([{ type: 'event.dropped', message }])
    for (const text of [...written, JSON.stringify(notices)]) expect(text).not.toContain(vaultMark)
  })
})
