import { describe, expect, it } from 'vitest'
import { compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import { driveRandomly } from '../../test/engine/random-script.ts'
import { historyOf, storeOf } from '../../test/engine/stored-run.ts'
import type { GraphNotation } from '../../test/graphs/graph-fixture.ts'
import { randomGraph } from '../../test/graphs/random-graph.ts'
import type { Slice } from '../graph/registry.ts'
import { auditRun } from '../replay/audit-run.ts'
import { blamePath } from '../replay/blame.ts'
import { replayRun } from '../replay/replay-run.ts'
import { factsOf } from '../run/facts.ts'
import { requestDigest } from './request-digest.ts'

/** write → manager → pack → refund, small amounts without the manager. */
const refunds: GraphNotation = {
  input: ['amount'],
  state: ['amount', 'note?'],
  guards: { isSmall: ['amount'] },
  tools: { refund: 'unsafe' },
  nodes: {
    write: { kind: 'task', writes: ['note'] },
    manager: { kind: 'approval', show: ['amount'] },
    pack: { kind: 'task', effect: 'pure', reads: ['amount'] },
    refund: { kind: 'tool', reads: ['amount'] },
  },
  edges: {
    write: { done: [{ when: 'isSmall', to: 'pack' }, 'manager'] },
    manager: { approved: 'pack', rejected: ':fail' },
    pack: { done: 'refund' },
    refund: { done: ':end' },
  },
  policies: [{ never: 'refund', without: 'manager.approved', given: '!isSmall' }],
}

const guards = new Map([['isSmall', ({ amount }: Slice): boolean => Number(amount) < 100]])

function started(amount = 500): HandRun {
  const run = new HandRun(compileFixture(refunds, { guards }))
  run.start({ amount })
  return run
}

/** At the manager, who has been asked and has not answered. */
function asked(): HandRun {
  const run = started()
  run.end(0)
  return run
}

/** The manager has said yes. */
function approved(): HandRun {
  const run = asked()
  run.decide(1, 'approved')
  return run
}

describe('a patch of the state', () => {
  it('is a checkpoint of its own, with who, why and what changed (H7)', async () => {
    const run = asked()
    expect(run.patch({ amount: 400, note: 'typing error' })).toMatchObject({ type: 'applied' })
    expect(run.state).toEqual({ amount: 400, note: 'typing error' })
    expect(run.last).toMatchObject({
      event: { type: 'run.patch', from: 'operator', payload: { by: 'op', reason: 'wrong' } },
      decision: null,
      step: null,
      commands: [],
      status: 'waiting',
      patch: [
        ['set', ['context', 'state', 'amount'], { v: 400 }],
        ['set', ['context', 'state', 'note'], { v: 'typing error' }],
      ],
    })
    expect(factsOf(run.last, { workflow: 'w', statusBefore: 'waiting' })).toEqual([
      { type: 'run.patched', by: 'op', reason: 'wrong', keys: ['amount', 'note'] },
      { type: 'state.changed', keys: ['amount', 'note'], node: null },
    ])
    run.patch({}, { unset: ['note'] })
    expect(run.state).toEqual({ amount: 400 })
    const history = await historyOf(run)
    expect(blamePath(history, ['amount'])).toMatchObject({ writer: { type: 'patch', by: 'op' }, sequence: 2 })
    const audit = await auditRun(await storeOf(run), run.runId)
    expect(audit.people.at(-1)).toMatchObject({ outcome: 'run.patch', by: 'op', reason: 'wrong' })
    expect(audit.transitions.at(-1)).toMatchObject({ actor: 'op', event: 'run.patch' })
    expect(await replayRun(await storeOf(run), run.compiled, run.runId)).toMatchObject({ divergence: null })
  })

  it('gives an open request another digest: what was decided on the old one is refused (H4)', () => {
    const run = asked()
    const digest = requestDigest(run.compiled, run.context, 1) ?? ''
    run.patch({ amount: 400 })
    expect(run.decide(1, 'approved', { digest })).toMatchObject({ type: 'refused', reason: 'digest-mismatch' })
    expect(run.decide(1, 'approved')).toMatchObject({ type: 'applied' })
  })

  it('gives a request another digest whose yes runs a tool with what it changes (H4)', () => {
    const run = new HandRun(
      compileFixture({
        state: ['amount', 'address', 'note?'],
        input: ['amount', 'address'],
        nodes: {
          manager: { kind: 'approval', reads: ['amount'] },
          refund: { kind: 'tool', reads: ['amount', 'address'] },
          answer: { kind: 'tool', reads: ['note'] },
        },
        edges: {
          manager: { approved: 'refund', rejected: ':end' },
          refund: { done: 'answer' },
          answer: { done: ':end' },
        },
      }),
    )
    run.start({ amount: 500, address: 1 })
    const digest = requestDigest(run.compiled, run.context, 0) ?? ''
    run.patch({ note: 'x' })
    expect(requestDigest(run.compiled, run.context, 0)).toBe(digest)
    run.patch({ address: 2 })
    expect(run.decide(0, 'approved', { digest })).toMatchObject({ type: 'refused', reason: 'digest-mismatch' })
    expect(run.decide(0, 'approved')).toMatchObject({ type: 'applied' })
  })

  it('leaves a request alone that does not show it', () => {
    const run = asked()
    const digest = requestDigest(run.compiled, run.context, 1)
    run.patch({ note: 'x' })
    expect(requestDigest(run.compiled, run.context, 1)).toBe(digest)
  })

  it('is taken while the run runs and while it is held, and starts nothing', () => {
    const running = started()
    expect(running.patch({ amount: 50 })).toMatchObject({ type: 'applied', commands: [] })
    running.end(0)
    expect(running.open).toEqual(['1:pack:task/1'])
    const held = asked()
    held.hold()
    expect(held.patch({ amount: 400 })).toMatchObject({ type: 'applied', commands: [] })
    expect(held.last.status).toBe('held')
  })

  it('is refused when a yes to what it changes is still relied on (H4)', async () => {
    const run = approved()
    const refused = run.patch({ amount: 900 })
    expect(refused).toMatchObject({ type: 'refused', reason: 'policy-broken' })
    expect(refused).toHaveProperty('message', expect.stringContaining('tool refund can run without manager.approved'))
    expect(run.state).toEqual({ amount: 500 })
    expect(run.patch({ note: 'harmless' })).toMatchObject({ type: 'applied' })
    expect(run.patch({ amount: 900 }, { override: ['other'] })).toMatchObject({ reason: 'policy-broken' })
    expect(run.patch({ amount: 900 }, { override: ['refund'] })).toMatchObject({ type: 'applied' })
    expect(factsOf(run.last, { workflow: 'w', statusBefore: 'running' })[0]).toMatchObject({ override: ['refund'] })
    run.end(2)
    const audit = await auditRun(await storeOf(run), run.runId)
    expect(audit.people.at(-1)).toMatchObject({ reason: 'wrong (overridden: refund)' })
    // Overridden is not approved: the audit says so.
    expect(audit.policies[0]).toMatchObject({ violations: [run.last.sequence] })
  })

  it('is refused where a guard that let a tool pass reads it', () => {
    const run = started(50)
    run.end(0)
    expect(run.patch({ amount: 900 })).toMatchObject({ type: 'refused', reason: 'policy-broken' })
  })

  it('leaves an effect its input that must not be repeated, whatever is overridden', () => {
    const run = approved()
    run.end(2)
    expect(run.open).toEqual(['3:refund:tool/1'])
    expect(run.patch({ amount: 900 }, { override: ['refund'] })).toMatchObject({
      type: 'refused',
      reason: 'effect-under-way',
    })
    run.end(3, 'unknown')
    expect(run.patch({ amount: 900 }, { override: ['refund'] })).toMatchObject({ type: 'applied' })
  })

  it('does not outlive a yes to a call of an agent that has not ended (H4)', () => {
    const run = new HandRun(
      compileFixture({
        input: ['amount', 'note'],
        tools: {
          pay: {
            effect: 'unsafe',
            approval: {
              when: 'always',
              role: null,
              reason: '',
              expiresInMs: null,
              canEdit: true,
              canAskBack: true,
            },
          },
        },
        nodes: { clerk: { kind: 'agent', tools: ['pay'], reads: ['amount'] } },
        edges: { clerk: { done: ':end' } },
      }),
    )
    run.start({ amount: 5, note: 1 })
    const calls = [{ id: 'a', name: 'pay', arguments: {} }]
    run.end(0, 'done', { message: { role: 'assistant', content: [], calls } })
    run.patch({ amount: 6 })
    expect(run.decide(1, 'approved')).toMatchObject({ type: 'applied' })
    expect(run.open).toEqual(['1:clerk:call/1'])
    expect(run.patch({ amount: 7 })).toMatchObject({ type: 'refused', reason: 'approval-outlived' })
    expect(run.patch({ note: 7 })).toMatchObject({ type: 'applied' })
    expect(run.patch({ amount: 7 }, { override: ['pay'] })).toMatchObject({ type: 'applied' })
  })

  it('is refused for keys the state does not have, and when the run has ended or not begun', () => {
    const run = asked()
    expect(run.patch({ nothing: 1 })).toMatchObject({ type: 'refused', reason: 'write-undeclared' })
    run.cancel()
    expect(run.patch({ amount: 1 })).toMatchObject({ type: 'refused', reason: 'run-ended' })
    const fresh = new HandRun(compileFixture(refunds, { guards }))
    expect(fresh.patch({ amount: 1 })).toMatchObject({ type: 'refused', reason: 'not-started' })
  })

  it('of a list that branches add to leaves what is there in its place', () => {
    const writes = { kind: 'task', effect: 'pure', writes: ['notes'] } as const
    const run = new HandRun(
      compileFixture({
        state: { notes: { merge: { rule: 'append', key: null }, schema: { type: 'array' } } },
        nodes: { plan: 'task', a: writes, b: writes, c: writes, meet: 'join' },
        edges: {
          plan: { done: { fork: ['a', 'b', 'c'], join: 'meet' } },
          a: { done: 'meet' },
          b: { done: 'meet' },
          c: { done: 'meet' },
          meet: { done: ':end' },
        },
      }),
    )
    run.start()
    run.end(0)
    run.end(3, 'done', { patch: { notes: ['c'] } })
    run.patch({ notes: ['x', 'y', 'z'] })
    run.end(2, 'done', { patch: { notes: ['b'] } })
    run.end(1, 'done', { patch: { notes: ['a'] } })
    expect(run.state).toEqual({ notes: ['x', 'y', 'z', 'a', 'b'] })
  })

  it('comes at any moment of random runs, which replay to the byte (R3)', async () => {
    let patched = 0
    for (let seed = 0; seed < 60; seed++) {
      const run = driveRandomly(new HandRun(compileFixture(randomGraph(seed, { limits: true }))), seed, { most: 6 })
      if (run.context.ending !== null) continue
      const planned = run.patch({ k0: seed }, { override: Object.keys(run.compiled.graph.tools) })
      if (planned.type === 'applied') patched += 1
      driveRandomly(run, seed + 1, { most: 6 })
      const replay = await replayRun(await storeOf(run), compileFixture(run.compiled.graph), run.runId)
      expect(replay).toMatchObject({ divergence: null, checkpoints: run.checkpoints.length })
    }
    expect(patched).toBeGreaterThan(10)
  })
})
