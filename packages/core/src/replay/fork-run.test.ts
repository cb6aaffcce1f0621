import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { compileFixture, HandRun, throughText } from '../../test/engine/hand-run.ts'
import { driveRandomly } from '../../test/engine/random-script.ts'
import { forkingRuntime, storeOf } from '../../test/engine/stored-run.ts'
import type { GraphNotation } from '../../test/graphs/graph-fixture.ts'
import { randomGraph } from '../../test/graphs/random-graph.ts'
import type { JsonObject } from '../base/json.ts'
import type { Store } from '../checkpoint/store.ts'
import type { Slice } from '../graph/registry.ts'
import { auditRun } from './audit-run.ts'
import { forkRun, type ForkOptions } from './fork-run.ts'
import { readHistory, type History } from './history.ts'
import { replayRun } from './replay-run.ts'

const by = { by: 'op', reason: 'what if' }

/** triage → small amounts at once, others by the manager → refund. */
const refunds: GraphNotation = {
  input: ['amount'],
  guards: { isSmall: ['amount'] },
  tools: { refund: 'unsafe' },
  nodes: {
    triage: { kind: 'task', writes: ['note'] },
    manager: { kind: 'approval', show: ['amount', 'note'] },
    refund: { kind: 'tool', writes: ['note'] },
  },
  edges: {
    triage: { done: [{ when: 'isSmall', to: 'refund' }, 'manager'] },
    manager: { approved: 'refund', rejected: ':fail' },
    refund: { done: ':end' },
  },
  policies: [{ never: 'refund', without: 'manager.approved', given: '!isSmall' }],
}

const isSmall = ({ amount }: Slice): boolean => Number(amount) < 100

function refundRun(amount = 500): HandRun {
  const run = new HandRun(compileFixture(refunds, { guards: new Map([['isSmall', isSmall]]) }))
  run.start({ amount })
  run.end(0)
  if (amount >= 100) run.decide(1, 'approved')
  return run
}

interface Forked {
  readonly history: History
  readonly store: Store
}

async function fork(run: HandRun, options: Omit<ForkOptions, 'by' | 'reason'>): Promise<Forked> {
  const store = await storeOf(run)
  const runId = await forkRun(forkingRuntime(store, run.compiled), run.runId, { ...by, ...options })
  return { history: await readHistory(store, runId), store }
}

describe('forkRun', () => {
  it('makes a new run with a lineage and leaves the origin as it was (R4)', async () => {
    const run = refundRun()
    const { history, store } = await fork(run, { at: 1, patch: { amount: 900 }, tags: { try: '2' } })
    expect(history.row).toMatchObject({
      forkedFrom: { runId: 'run', sequence: 1 },
      sequence: 0,
      tags: { try: '2' },
      lease: null,
      key: null,
      status: 'waiting',
    })
    const { checkpoint, snapshot } = history.at(0)
    expect(checkpoint.parent).toEqual({ runId: 'run', sequence: 1, hash: run.stored[1]?.hash })
    expect(snapshot.context.state).toEqual({ amount: 900 })
    const origin = await readHistory(store, run.runId)
    expect(origin.checkpoints.map(({ sequence }) => origin.at(sequence).hash)).toEqual(
      run.stored.map(({ hash }) => hash),
    )
    expect(origin.at(1).snapshot.context.state).toEqual({ amount: 500 })
  })

  it('can be replayed, wherever it was made (R3)', async () => {
    let forks = 0
    for (let seed = 0; seed < 25; seed++) {
      const run = driveRandomly(new HandRun(compileFixture(randomGraph(seed, { limits: true }))), seed)
      for (const [at, { context }] of run.snapshots.entries()) {
        if (context.ending !== null) continue
        const { history, store } = await fork(run, { at, patch: { k1: 3 } })
        const replay = await replayRun(store, run.compiled, history.row.runId)
        expect(replay).toMatchObject({ divergence: null, checkpoints: 1 })
        expect(JSON.stringify(history.at(0).snapshot)).toBe(JSON.stringify(throughText(replay.snapshot)))
        forks += 1
      }
    }
    expect(forks).toBeGreaterThan(50)
  })

  it('goes on like any run, also a fork of a fork of a fork (R3, R4)', async () => {
    for (let seed = 0; seed < 40; seed++) {
      let run = driveRandomly(new HandRun(compileFixture(randomGraph(seed, { limits: true }))), seed + 300, {
        most: 12,
      })
      for (let generation = 0; generation < 3; generation++) {
        const open = [...run.snapshots.keys()].filter((at) => run.snapshots[at]?.context.ending === null)
        const { history } = await fork(run, { at: open[seed % open.length] ?? 0, patch: { k0: generation } })
        const next = new HandRun(run.compiled, { runId: `generation-${generation}` })
        next.feedWhole(history.at(0).checkpoint.event)
        driveRandomly(next, seed + generation, { most: 12 })
        const replay = await replayRun(await storeOf(next), compileFixture(run.compiled.graph), next.runId)
        expect(replay).toMatchObject({ divergence: null, checkpoints: next.checkpoints.length })
        run = next
      }
    }
  })

  it('points into the event for a state that is not set anew, however large', async () => {
    const big = Array.from({ length: 100 }, (_, id) => ({ id }))
    const run = new HandRun(
      compileFixture({ state: ['big', 'n'], nodes: { a: 'task' }, edges: { a: { done: ':end' } } }),
    )
    run.start({ big, n: 1 })
    const { history } = await fork(run, { at: 0, patch: { n: 2 } })
    expect(JSON.stringify(history.at(0).checkpoint.patch).length).toBeLessThan(1500)
    expect(history.at(0).snapshot.context.state).toEqual({ big, n: 2 })
  })

  it('goes on with limits of edges, and not with usage', async () => {
    const run = new HandRun(
      compileFixture({ nodes: { a: 'task' }, edges: { a: { done: { to: 'a', limit: 2, otherwise: ':end' } } } }),
    )
    run.start({})
    run.end(0, 'done', { usage: { costUsd: 1 } })
    run.end(1)
    const { history } = await fork(run, { at: 2 })
    expect(history.at(0).snapshot.context).toMatchObject({ taken: { 'a.done': 2 }, steps: 3, usage: { costUsd: 0 } })
  })

  it('refuses a run that has ended there, and a sequence that is not there', async () => {
    const run = refundRun()
    run.end(2)
    await expect(fork(run, { at: 3 })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_FORK',
      message: expect.stringContaining('fork it at 0 to 2') as string,
    })
    await expect(fork(run, { at: 4 })).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_SEQUENCE' })
  })

  it('names where something was still open last, when what was called off settles after the end', async () => {
    const run = new HandRun(
      compileFixture({
        nodes: { plan: 'task', a: 'task', b: 'task', meet: { kind: 'join' } },
        edges: {
          plan: { done: { fork: ['a', 'b'], join: 'meet' } },
          a: { done: 'meet' },
          b: { done: 'meet' },
          meet: { done: ':end' },
        },
      }),
    )
    run.start({})
    run.end(0)
    run.end(1, 'failed')
    run.end(2)
    expect(run.last.sequence).toBe(3)
    await expect(fork(run, { at: 3 })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_FORK',
      message: expect.stringContaining('fork it at 0 to 1') as string,
    })
  })

  it('checks a patch by the schemas of the state, and names everything that is wrong with it', async () => {
    const patch = { amount: 'much', nonsense: 1, constructor: 2 } as unknown as JsonObject
    await expect(fork(refundRun(), { at: 1, patch })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_FORK_PATCH',
      details: {
        problems: [
          expect.stringContaining('amount: ') as string,
          expect.stringContaining('nonsense: no such state key') as string,
          expect.stringContaining('constructor: no such') as string,
        ],
      },
    })
  })

  it('takes what the schema makes of a patch', async () => {
    const compiled = compileFixture(
      { state: ['text'], nodes: { a: 'task' }, edges: { a: { done: ':end' } } },
      { stateSchemas: new Map([['text', z.string().default('none')]]) },
    )
    const run = new HandRun(compiled)
    run.start({ text: 'x' })
    const { history } = await fork(run, { at: 0, patch: { text: 'y' } })
    expect(history.at(0).snapshot.context.state).toEqual({ text: 'y' })
  })

  it('refuses a patch of what an approval showed where the tool can run on it, and says what to do', async () => {
    const problem = { code: 'WAYSTONE_INPUT_FORK_POLICY', details: { tools: ['refund'] } }
    await expect(fork(refundRun(), { at: 2, patch: { amount: 900 } })).rejects.toMatchObject(problem)
    await expect(fork(refundRun(), { at: 2, patch: { note: 1 } })).rejects.toMatchObject(problem)
    // Not asked for: the guard was read on the amount before.
    await expect(fork(refundRun(50), { at: 1, patch: { amount: 900 } })).rejects.toMatchObject(problem)
  })

  it('refuses to run a tool once more on the yes that was for its run in the origin (H4)', async () => {
    const again = fork(refundRun(), { at: 2 })
    await expect(again).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_FORK_POLICY',
      message:
        "from sequence 2 tool refund can run in the fork on manager.approved of its origin, and that was for the origin's use of it; fork at sequence 1 or before, where somebody is asked again, or override the policy of refund",
      details: { tools: ['refund'] },
    })
    const { history, store } = await fork(refundRun(), { at: 2, override: ['refund'] })
    expect((await auditRun(store, history.row.runId)).policies).toMatchObject([{ uses: [0], violations: [0] }])
    // Nobody need be asked about small amounts, and so nobody was.
    expect((await fork(refundRun(50), { at: 1 })).history.last).toBe(0)
  })

  it('refuses it for a tool that asks by itself, without a policy', async () => {
    const { policies: _, ...unsaid } = refunds
    const approval = {
      when: 'always',
      role: null,
      reason: '',
      expiresInMs: null,
      canEdit: true,
      canAskBack: true,
    } as const
    const run = new HandRun(
      compileFixture(
        { ...unsaid, tools: { refund: { effect: 'unsafe', approval } } },
        { guards: new Map([['isSmall', isSmall]]) },
      ),
    )
    run.start({ amount: 500 })
    run.end(0)
    run.decide(1, 'approved')
    const problem = { code: 'WAYSTONE_INPUT_FORK_POLICY', details: { tools: ['refund'] } }
    await expect(fork(run, { at: 2 })).rejects.toMatchObject(problem)
    await expect(fork(run, { at: 2, patch: { note: 1 } })).rejects.toMatchObject(problem)
    expect((await fork(run, { at: 1, patch: { note: 1 } })).history.last).toBe(0)
  })

  it('allows it where the guard is read or the approval asked again', async () => {
    for (const at of [0, 1]) {
      const { history } = await fork(refundRun(), { at, patch: { amount: 900 } })
      expect(history.at(0).snapshot.context.state).toMatchObject({ amount: 900 })
    }
  })

  it('allows it by a recorded override, which the audit shows', async () => {
    const { history, store } = await fork(refundRun(), { at: 2, patch: { amount: 900 }, override: ['refund'] })
    const audit = await auditRun(store, history.row.runId)
    expect(audit.people).toMatchObject([{ by: 'op', reason: 'what if (overridden: refund)', outcome: 'run.forked' }])
    expect(audit.policies).toMatchObject([{ uses: [0], violations: [0] }])
  })

  it('refuses a run of a definition that the runtime does not know', async () => {
    const run = refundRun()
    const store = await storeOf(run)
    const other = { ...run.compiled, hashes: { graph: 'another', behaviour: 'x' } }
    await expect(forkRun(forkingRuntime(store, other), run.runId, { ...by, at: 1 })).rejects.toMatchObject({
      code: 'WAYSTONE_REPLAY_DEFINITION_UNKNOWN',
    })
  })
})
