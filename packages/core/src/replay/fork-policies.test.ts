import { describe, expect, it } from 'vitest'
import { compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import { answering, forkingRuntime, storeOf } from '../../test/engine/stored-run.ts'
import type { GraphNotation } from '../../test/graphs/graph-fixture.ts'
import type { Store } from '../checkpoint/store.ts'
import type { Slice } from '../graph/registry.ts'
import { auditRun, type AuditPolicy } from './audit-run.ts'
import { forkRun, type ForkOptions } from './fork-run.ts'

const by = { by: 'op', reason: 'what if' }
const isBig = ({ total }: Slice): boolean => Number(total) > 1000
const registry = { guards: new Map([['isBig', isBig]]) }

/** total → big ones by the manager → packing → issue, which only big ones need a yes for. */
const desk: GraphNotation = {
  input: ['total'],
  guards: { isBig: ['total'] },
  tools: { issue: 'unsafe' },
  nodes: {
    sum: { kind: 'task', reads: ['total'] },
    manager: { kind: 'approval', show: ['total'] },
    pack: { kind: 'task' },
    issue: { kind: 'tool', writes: ['ticket'] },
  },
  edges: {
    sum: { done: [{ when: 'isBig', to: 'manager' }, 'pack'] },
    manager: { approved: 'pack', rejected: ':fail' },
    pack: { done: 'issue' },
    issue: { done: ':end' },
  },
  policies: [{ never: 'issue', without: 'manager.approved', given: 'isBig' }],
}

/** Asked at 1, approved at 2; packing is open then. */
function deskRun(total = 1500, runId = 'run'): HandRun {
  const run = new HandRun(compileFixture(desk, registry), { runId })
  run.start({ total })
  run.end(0)
  if (total > 1000) run.decide(1, 'approved')
  return run
}

interface Forked {
  readonly store: Store
  readonly runId: string
}

async function fork(run: HandRun, options: Omit<ForkOptions, 'by' | 'reason'>, store?: Store): Promise<Forked> {
  const where = store ?? (await storeOf(run))
  return { store: where, runId: await forkRun(forkingRuntime(where, run.compiled), run.runId, { ...by, ...options }) }
}

async function policyOf({ store, runId }: Forked): Promise<Omit<AuditPolicy, 'policy'> | undefined> {
  const [found] = (await auditRun(store, runId)).policies
  if (found === undefined) return undefined
  const { policy: _, ...rest } = found
  return rest
}

describe('a fork after the yes', () => {
  it('is refused before the tool is under way too, and says where it can be made (H4)', async () => {
    await expect(fork(deskRun(), { at: 2 })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_FORK_POLICY',
      message:
        "from sequence 2 tool issue can run in the fork on manager.approved of its origin, and that was for the origin's use of it; fork at sequence 1 or before, where somebody is asked again, or override the policy of issue",
      details: { tools: ['issue'] },
    })
    const run = deskRun()
    run.end(2)
    await expect(fork(run, { at: 3 })).rejects.toMatchObject({
      message: expect.stringContaining('at sequence 1 or') as string,
    })
  })

  it('is made where the approval is asked again, or before', async () => {
    for (const at of [0, 1]) expect((await fork(deskRun(), { at })).runId).toMatch(/./)
  })

  it('is made where the policy is not meant, as the guard was read', async () => {
    expect((await fork(deskRun(900), { at: 1 })).runId).toMatch(/./)
  })

  it('is refused where what the guard had read is changed since: by the patch of the fork, or in the origin', async () => {
    const refused = { code: 'WAYSTONE_INPUT_FORK_POLICY', details: { tools: ['issue'] } }
    await expect(fork(deskRun(), { at: 2, patch: { total: 900 } })).rejects.toMatchObject(refused)
    await expect(fork(deskRun(900), { at: 1, patch: { total: 1500 } })).rejects.toMatchObject(refused)
    const run = deskRun()
    run.hold()
    run.patch({ total: 900 })
    await expect(fork(run, { at: 4 })).rejects.toMatchObject(refused)
  })

  it('is made on a recorded override, and the audit says so instead of held', async () => {
    const run = deskRun()
    run.end(2)
    const found = { uses: [0], violations: [0], overridden: [0] }
    expect(await policyOf(await fork(run, { at: 3, override: ['issue'] }))).toEqual(found)
  })

  it('of a fork is refused as well, and leads back to the run where somebody was asked', async () => {
    const run = deskRun()
    const { store, runId } = await fork(run, { at: 2, override: ['issue'] })
    const again = forkRun(forkingRuntime(store, run.compiled), runId, { ...by, at: 0 })
    await expect(again).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_FORK_POLICY',
      message: expect.stringContaining('fork run run, its own origin, at sequence 1 or before') as string,
    })
  })
})

describe('a fork in branches', () => {
  const meeting: GraphNotation = {
    tools: { issue: 'unsafe' },
    nodes: {
      begin: 'task',
      manager: 'approval',
      pack: 'task',
      both: 'join',
      issue: 'tool',
    },
    edges: {
      begin: { done: { fork: ['manager', 'pack'], join: 'both' } },
      manager: { approved: 'both', rejected: ':fail' },
      pack: { done: 'both' },
      both: { done: 'issue' },
      issue: { done: ':end' },
    },
    policies: [{ never: 'issue', without: 'manager.approved' }],
  }

  it('is made while the approval is open beside others, and refused once its branch has joined', async () => {
    const run = new HandRun(compileFixture(meeting))
    run.start({})
    run.end(0)
    expect((await fork(run, { at: 1 })).runId).toMatch(/./)
    run.decide(1, 'approved')
    await expect(fork(run, { at: 2 })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_FORK_POLICY',
      message: expect.stringContaining('fork at sequence 1 or before') as string,
    })
  })
})

describe('the audit of a fork whose origin is gone', () => {
  const without = (store: Store, runId: string): Store =>
    answering(store, { row: async (id) => (id === runId ? undefined : store.row(id)) })

  it('cannot tell where a guard had been read in the origin: it held before, and it is not broken by the deletion', async () => {
    const run = deskRun(900)
    run.end(1)
    // The tool is under way there, and the fork begins it.
    const forked = await fork(run, { at: 2 })
    expect(await policyOf(forked)).toEqual({ uses: [0], violations: [] })
    expect(await policyOf({ ...forked, store: without(forked.store, run.runId) })).toEqual({
      uses: [0],
      violations: [],
      untold: [0],
    })
  })

  it('says what the fork itself shows: an override, a yes of its own', async () => {
    const run = deskRun()
    const forked = await fork(run, { at: 1 })
    const policy = { uses: [], violations: [] }
    expect(await policyOf({ ...forked, store: without(forked.store, run.runId) })).toEqual(policy)
  })
})
