import { describe, expect, it } from 'vitest'
import { beginning, calls, compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import { historyOf, storeOf } from '../../test/engine/stored-run.ts'
import type { CallApprovalRecord, DecidersRecord } from '../graph/graph.ts'
import { auditRun } from '../replay/audit-run.ts'
import { blamePath } from '../replay/blame.ts'
import { replayRun } from '../replay/replay-run.ts'
import { factsOf } from '../run/facts.ts'
import { requestsOf } from '../run/requests.ts'
import type { Request } from '../run/runtime.ts'

const two: DecidersRecord = {
  quorum: { need: 2, of: ['ada', 'bo', 'cy'], rejected: 'one' },
  delegates: [{ person: 'ada', by: ['dan', 'eve'] }],
}
const one: CallApprovalRecord = {
  when: 'always',
  role: 'clerk',
  reason: '',
  expiresInMs: null,
  canEdit: false,
  canAskBack: true,
}
const hour = 3_600_000

/** A board is asked, then money leaves. */
function asked(deciders: DecidersRecord, more: { readonly expiresInMs?: number } = {}): HandRun {
  const run = new HandRun(
    compileFixture({
      input: ['amount'],
      nodes: {
        board: {
          kind: 'approval',
          show: ['amount'],
          role: 'clerk',
          canAskBack: true,
          outcomes: outcomesOf(more),
          ...more,
          ...deciders,
        },
        pay: 'task',
      },
      edges: {
        board: {
          approved: 'pay',
          rejected: ':fail',
          asked: ':end',
          ...(more.expiresInMs === undefined ? {} : { expired: ':end' }),
        },
        pay: { done: ':end' },
      },
    }),
  )
  run.start({ amount: 500 })
  return run
}

function outcomesOf({ expiresInMs }: { readonly expiresInMs?: number }): readonly string[] {
  return ['approved', 'rejected', 'asked', ...(expiresInMs === undefined ? [] : ['expired'])]
}

function requestOf({ compiled, context, runId }: HandRun): Request | undefined {
  return requestsOf({ runId, compiled, context, openedAt: () => 0 })[0]
}

describe('a quorum', () => {
  it('of two of three approves with the second voice, each a checkpoint of its own (H6)', async () => {
    const run = asked(two)
    run.decide(0, 'approved', { by: 'ada', reason: 'small' })
    expect(run.last).toMatchObject({
      event: { payload: { by: 'ada' } },
      decision: { node: 'board', outcome: 'approved', taken: 'board:vote', to: null },
      step: null,
      status: 'waiting',
      commands: [],
    })
    expect(requestOf(run)?.quorum).toMatchObject({
      need: 2,
      of: ['ada', 'bo', 'cy'],
      votes: [{ outcome: 'approved', by: 'ada', reason: 'small' }],
    })
    expect(factsOf(run.last, { workflow: 'w', statusBefore: 'waiting' })).toMatchObject([
      { type: 'request.decided', node: 'board', by: 'ada', isPartial: true },
      { type: 'edge.taken' },
    ])
    run.decide(0, 'approved', { by: 'cy', reason: 'fine' })
    expect(run.last.decision).toMatchObject({ taken: 'board.approved', to: 'pay' })
    expect(run.context.verdicts['board']).toEqual({ outcome: 'approved', reasons: ['small', 'fine'] })
    const { people } = await auditRun(await storeOf(run), run.runId)
    expect(people).toMatchObject([
      { by: 'ada', node: 'board', outcome: 'approved', isPartial: true },
      { by: 'cy', node: 'board', outcome: 'approved' },
    ])
    expect(people[1]).not.toHaveProperty('isPartial')
    const { approvals } = blamePath(await historyOf(run), ['amount'])
    expect(approvals.map(({ by }) => by)).toEqual(['ada', 'cy'])
    expect(await replayRun(await storeOf(run), run.compiled, run.runId)).toMatchObject({ divergence: null })
  })

  it('hears nobody twice, and nobody who is not asked', () => {
    const run = asked(two)
    run.decide(0, 'approved', { by: 'ada' })
    expect(run.decide(0, 'approved', { by: 'ada' })).toMatchObject({ type: 'refused', reason: 'decided-before' })
    expect(run.decide(0, 'rejected', { by: 'ada' })).toMatchObject({ type: 'refused', reason: 'decided-before' })
    expect(run.decide(0, 'approved', { by: 'zoe' })).toMatchObject({ type: 'refused', reason: 'not-asked' })
    expect(run.context.open[0]?.votes).toHaveLength(1)
  })

  it('is rejected by one, or when it can no longer be reached', () => {
    const one = asked(two)
    one.decide(0, 'approved', { by: 'ada' })
    one.decide(0, 'rejected', { by: 'bo' })
    expect(one.last.decision?.taken).toBe('board.rejected')
    const most = asked({ quorum: { need: 2, of: ['ada', 'bo', 'cy'], rejected: 'unreachable' } })
    most.decide(0, 'rejected', { by: 'bo', reason: 'no' })
    most.decide(0, 'approved', { by: 'ada' })
    expect(most.last.status).toBe('waiting')
    most.decide(0, 'rejected', { by: 'cy', reason: 'never' })
    expect(most.last.decision?.taken).toBe('board.rejected')
    expect(most.context.verdicts['board']?.reasons).toEqual(['no', 'never'])
  })

  it('of anybody counts persons, and asks back at once', () => {
    const run = asked({ quorum: { need: 2, of: null, rejected: 'one' } })
    run.decide(0, 'approved', { by: 'zoe' })
    expect(run.decide(0, 'approved', { by: 'zoe' })).toMatchObject({ reason: 'decided-before' })
    run.decide(0, 'asked', { by: 'max' })
    expect(run.last.decision?.taken).toBe('board.asked')
  })

  it('counts no voice that was given to something else: no approval outlives a patch (H4)', () => {
    const run = asked(two)
    run.decide(0, 'approved', { by: 'ada' })
    run.patch({ amount: 900 })
    expect(requestOf(run)?.quorum?.votes).toEqual([])
    run.decide(0, 'approved', { by: 'bo' })
    expect(run.last.status).toBe('waiting')
    run.decide(0, 'approved', { by: 'ada' })
    expect(run.last.decision?.taken).toBe('board.approved')
  })

  it('is asked anew in a fork, and expires like any request', () => {
    const run = asked({ ...two, escalations: [{ afterMs: hour, role: 'director' }] }, { expiresInMs: 2 * hour })
    run.decide(0, 'approved', { by: 'ada' })
    const fork = new HandRun(run.compiled, { runId: 'fork' })
    fork.at = run.at
    fork.feed({
      type: 'run.forked',
      from: 'operator',
      payload: {
        from: { runId: 'run', sequence: 1, hash: 'h' },
        snapshot: run.snapshot,
        patch: {},
        by: 'op',
        reason: '',
        tags: {},
      },
    })
    expect(fork.context.open[0]).not.toHaveProperty('votes')
    expect(fork.context.open[0]?.escalatesAt).toBe(fork.at + hour)
    run.timer('expire/0', beginning + 3 * hour)
    expect(run.last.decision?.taken).toBe('board.expired')
  })

  it('holds for a call of an agent as well (H1, H6)', async () => {
    const approval: CallApprovalRecord = {
      ...one,
      ...two,
      escalations: [{ afterMs: hour, role: 'director' }],
    }
    const run = new HandRun(
      compileFixture({
        tools: { pay: { effect: 'unsafe', approval } },
        nodes: { clerk: { kind: 'agent', tools: ['pay'] } },
        edges: { clerk: { done: ':end' } },
      }),
    )
    run.start()
    run.end(0, 'done', calls(['c1', 'pay']))
    expect(requestOf(run)).toMatchObject({ kind: 'call', role: 'clerk', quorum: { need: 2, votes: [] } })
    run.decide(1, 'approved', { by: 'dan', for: 'ada' })
    expect(run.open).toEqual(['1:clerk:approval/1'])
    run.timer('escalate/1/1', run.at + 2 * hour)
    expect(requestOf(run)).toMatchObject({ role: 'director', quorum: { votes: [{ by: 'dan', for: 'ada' }] } })
    run.decide(1, 'approved', { by: 'bo' })
    expect(run.open).toEqual(['1:clerk:call/1'])
    expect(run.context.open[1]).not.toHaveProperty('votes')
    expect(run.context.open[1]).not.toHaveProperty('escalated')
    const { people } = await auditRun(await storeOf(run), run.runId)
    expect(people).toMatchObject([
      { by: 'dan', for: 'ada', node: 'clerk', tool: 'pay', arguments: {}, isPartial: true },
      { by: 'bo', node: 'clerk', tool: 'pay' },
    ])
  })
})

describe('a delegate', () => {
  it('decides for somebody and is recorded as such (H6)', async () => {
    const run = asked({ delegates: [{ person: 'ada', by: ['dan'] }] })
    expect(run.decide(0, 'approved', { by: 'eve', for: 'ada' })).toMatchObject({ reason: 'not-a-delegate' })
    expect(run.decide(0, 'approved', { by: 'dan', for: 'bo' })).toMatchObject({ reason: 'not-a-delegate' })
    run.decide(0, 'approved', { by: 'dan', for: 'ada' })
    expect(run.last.decision?.taken).toBe('board.approved')
    const { people } = await auditRun(await storeOf(run), run.runId)
    expect(people).toMatchObject([{ by: 'dan', for: 'ada', outcome: 'approved' }])
    expect(blamePath(await historyOf(run), ['amount']).approvals).toMatchObject([{ by: 'dan', for: 'ada' }])
  })

  it('has one voice, and so has whom they decide for', () => {
    const run = asked({ ...two, delegates: [...(two.delegates ?? []), { person: 'bo', by: ['dan'] }] })
    expect(run.decide(0, 'approved', { by: 'dan' })).toMatchObject({
      reason: 'not-asked',
      message: 'dan is not asked; asked are ada, bo, cy; dan may decide for ada, bo',
    })
    run.decide(0, 'approved', { by: 'dan', for: 'ada' })
    expect(run.decide(0, 'approved', { by: 'dan', for: 'bo' })).toMatchObject({ reason: 'decided-before' })
    expect(run.decide(0, 'approved', { by: 'ada' })).toMatchObject({ reason: 'decided-before' })
    expect(run.decide(0, 'approved', { by: 'eve', for: 'ada' })).toMatchObject({ reason: 'decided-before' })
    run.decide(0, 'approved', { by: 'bo' })
    expect(run.last.decision?.taken).toBe('board.approved')
  })
})

describe('an escalation', () => {
  const twice: DecidersRecord = {
    escalations: [
      { afterMs: hour, role: 'director' },
      { afterMs: 3 * hour, role: 'owner' },
    ],
  }

  it('makes a request one for the next role, level by level, on the clock (H6)', async () => {
    const run = asked(twice)
    const first = run.context.open[0]?.escalatesAt ?? 0
    expect(first).toBe(run.at + hour)
    expect(run.last.commands).toContainEqual({ type: 'setTimer', timer: 'escalate/0/1', at: first })
    expect(run.timer('escalate/0/1', first - 1)).toMatchObject({ type: 'early' })
    const digest = requestOf(run)?.digest
    run.timer('escalate/0/1', first)
    expect(run.last).toMatchObject({
      decision: { outcome: 'escalated', taken: 'board:escalate', to: null },
      status: 'waiting',
    })
    expect(run.last.commands).toEqual([
      { type: 'clearTimer', timer: 'escalate/0/1' },
      { type: 'setTimer', timer: 'escalate/0/2', at: first + 2 * hour },
    ])
    expect(requestOf(run)).toMatchObject({ role: 'director', escalatesAt: first + 2 * hour, digest })
    expect(factsOf(run.last, { workflow: 'w', statusBefore: 'waiting' })[0]).toEqual({
      type: 'request.escalated',
      step: 0,
      node: 'board',
      level: 1,
    })
    expect(run.timer('escalate/0/1', first)).toMatchObject({ type: 'stale' })
    run.timer('escalate/0/2', first + 2 * hour)
    expect(requestOf(run)).toMatchObject({ role: 'owner', escalatesAt: null })
    run.decide(0, 'approved', { by: 'olga' })
    expect(run.last.decision?.taken).toBe('board.approved')
    expect(await replayRun(await storeOf(run), run.compiled, run.runId)).toMatchObject({ divergence: null })
  })

  it('that has not been is cleared by the decision', () => {
    const run = asked(twice)
    run.decide(0, 'approved')
    expect(run.last.commands).toContainEqual({ type: 'clearTimer', timer: 'escalate/0/1' })
  })
})
