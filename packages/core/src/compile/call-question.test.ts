import { describe, expect, it } from 'vitest'
import { answer, calls, compileFixture, HandRun, throughText } from '../../test/engine/hand-run.ts'
import type { GraphNotation, NodeNotation } from '../../test/graphs/graph-fixture.ts'
import type { CallApprovalRecord } from '../graph/graph.ts'
import type { AgentCall, Snapshot } from '../snapshot/snapshot.ts'
import { plan } from './plan.ts'

const rule: CallApprovalRecord = {
  when: 'always',
  role: 'boss',
  reason: 'Money leaves the house.',
  expiresInMs: null,
  canEdit: true,
  canAskBack: true,
}

function startAgent(
  approval: Partial<CallApprovalRecord> = {},
  more: Partial<GraphNotation> & { readonly agent?: Partial<Extract<NodeNotation, { kind: 'agent' }>> } = {},
): HandRun {
  const { agent, ...notation } = more
  const run = new HandRun(
    compileFixture({
      input: ['n'],
      tools: { look: 'pure', pay: { effect: 'unsafe', approval: { ...rule, ...approval } } },
      nodes: { a: { kind: 'agent', tools: ['look', 'pay'], reads: ['n'], ...agent } },
      edges: { a: { done: ':end' } },
      ...notation,
    }),
  )
  run.start({ n: 1 })
  return run
}

function callsOf({ snapshot }: HandRun): readonly AgentCall[] {
  const last = snapshot.context.private['a']?.entries.at(-1)
  return last !== undefined && 'type' in last && last.type === 'results' ? last.calls : []
}

const effectOf = (step: number) => ({ type: 'effect', step, node: 'a', kind: 'call', attempt: 1 })

describe('a call that a person is asked about', () => {
  it('waits while the others run, and begins only with the yes (H1)', () => {
    const run = startAgent()
    run.end(0, 'done', calls(['c1', 'look'], ['c2', 'pay']))
    expect(run.open).toEqual(['1:a:call/1', '2:a:approval/1'])
    expect(run.last.commands).toEqual([effectOf(1)])
    expect([run.snapshot.value, run.last.status]).toEqual([{ a: 'tools' }, 'running'])
    run.end(1, 'done', { result: 'seen' })
    expect(run.last.commands).toEqual([])
    expect([run.snapshot.value, run.last.status]).toEqual([{ a: 'approval' }, 'waiting'])
    run.decide(2, 'approved')
    expect(run.last.commands).toEqual([effectOf(2)])
    expect([run.snapshot.value, run.last.status, run.open]).toEqual([{ a: 'tools' }, 'running', ['2:a:call/1']])
    run.end(2, 'done', { result: 'paid' })
    expect(run.taken).toEqual(['a:tools', 'a:person', 'a:tools', 'a:model'])
    expect(callsOf(run)).toEqual([
      { callId: 'c1', tool: 'look', step: 1, phase: 'done', result: 'seen' },
      { callId: 'c2', tool: 'pay', step: 2, phase: 'done', asks: '', result: 'paid' },
    ])
    run.end(3, 'done', answer())
    expect(run.last.status).toBe('completed')
    expect(run.context.usage.toolCalls).toBe(2)
  })

  it('makes `approval` the active state exactly while nothing runs and only people are awaited', () => {
    const run = startAgent()
    run.end(0, 'done', calls(['c1', 'pay'], ['c2', 'pay'], ['c3', 'look']))
    const seen = [run.snapshot.value]
    run.decide(2, 'approved')
    run.end(3, 'done', { result: 3 })
    seen.push(run.snapshot.value)
    run.end(2, 'unknown')
    seen.push(run.snapshot.value)
    run.decide(1, 'rejected')
    seen.push(run.snapshot.value)
    run.decide(2, 'did-not-happen')
    seen.push(run.snapshot.value)
    run.end(2, 'done', { result: 2, attempt: 2 })
    expect([...seen, run.snapshot.value]).toEqual([
      { a: 'tools' },
      { a: 'tools' },
      { a: 'approval' },
      { a: 'approval' },
      { a: 'tools' },
      { a: 'model' },
    ])
    expect(run.taken).toEqual(['a:tools', 'a:item', 'a:item', 'a:person', 'a:item', 'a:retry', 'a:model'])
  })

  it('takes mixed answers, and tells the model of each (H5)', () => {
    const run = startAgent({ expiresInMs: 1_000 })
    run.end(0, 'done', calls(['c1', 'pay'], ['c2', 'pay'], ['c3', 'pay'], ['c4', 'pay'], ['c5', 'pay']))
    expect([run.snapshot.value, run.last.status]).toEqual([{ a: 'approval' }, 'waiting'])
    expect(run.last.commands).toHaveLength(5)
    run.decide(1, 'approved')
    expect(run.last.commands).toEqual([{ type: 'clearTimer', timer: 'expire/1' }, effectOf(1)])
    run.decide(2, 'edited', { arguments: { usd: 5 }, reason: 'half will do' })
    run.decide(3, 'rejected', { reason: 'no receipt' })
    run.decide(4, 'asked', { reason: 'for whom?' })
    run.timer('expire/5', run.context.open[5]?.expiresAt ?? 0)
    run.end(1, 'done', { result: 'one' })
    run.end(2, 'done', { result: 'two' })
    expect(run.snapshot.value).toEqual({ a: 'model' })
    expect(callsOf(run)).toMatchObject([
      { phase: 'done', result: 'one' },
      { phase: 'done', result: 'two', arguments: { usd: 5 }, editReason: 'half will do' },
      { result: 'not run: a person rejected the call: no receipt', isError: true },
      {
        result:
          'not run: a person asks, before they decide; answer, and ask for the call again if it is still right: for whom?',
      },
      { result: 'not run: nobody approved the call in time', isError: true },
    ])
    expect(run.context.usage.toolCalls).toBe(2)
  })

  it('is not started by a second yes, and expires no more once it has been approved', () => {
    const run = startAgent({ expiresInMs: 1_000 })
    run.end(0, 'done', calls(['c1', 'pay']))
    const due = run.context.open[1]?.expiresAt ?? 0
    run.decide(1, 'approved')
    expect(run.decide(1, 'approved')).toMatchObject({ type: 'stale' })
    expect(run.decide(1, 'rejected')).toMatchObject({ type: 'stale' })
    expect(run.timer('expire/1', due)).toMatchObject({ type: 'stale' })
    expect(run.open).toEqual(['1:a:call/1'])
  })

  it('refuses a yes to other arguments than those asked about (H4)', () => {
    const run = startAgent()
    run.end(0, 'done', calls(['c1', 'pay']))
    const asked = run.snapshot
    const yes = { step: 1, outcome: 'approved', reason: '', by: 'ada', through: 'test' }
    run.decide(1, 'approved')
    const digest = String(Reflect.get(Object(run.events.at(-1)?.payload), 'digest'))
    const changed = JSON.parse(
      JSON.stringify(asked).replace('"arguments":{"call":"c1"}', '"arguments":{"usd":9}'),
    ) as Snapshot
    const position = { runId: run.runId, sequence: 2, parent: null }
    const decideOn = (snapshot: Snapshot) =>
      plan(run.compiled, position, throughText(snapshot), {
        id: 'x',
        at: 9,
        type: 'request.decided',
        from: 'person',
        payload: { ...yes, digest },
      })
    expect(decideOn(asked)).toMatchObject({ type: 'applied' })
    expect(decideOn(changed)).toMatchObject({ type: 'refused', reason: 'digest-mismatch' })
  })

  it('is asked about when a guard of the state holds, with the reading in the record, and in doubt (H1)', () => {
    const graph = { guards: { nAtLeast1: ['n'] } }
    const high = startAgent({ when: { guard: 'nAtLeast1' } }, graph)
    high.end(0, 'done', calls(['c1', 'pay'], ['c2', 'look']))
    expect(high.open).toEqual(['1:a:approval/1', '2:a:call/1'])
    expect(high.last.decision?.candidates).toEqual([
      { edge: 'a:tools', verdict: 'taken', guards: [{ guard: 'nAtLeast1', result: true, read: { n: 1 } }] },
    ])
    const low = startAgent({ when: { not: { guard: 'nAtLeast1' } } }, graph)
    low.end(0, 'done', calls(['c1', 'pay']))
    expect(low.open).toEqual(['1:a:call/1'])
    const fail = (): boolean => {
      throw new RangeError('no idea')
    }
    const doubt = new HandRun(compileFixture(low.compiled.graph, { guards: new Map([['nAtLeast1', fail]]) }))
    doubt.start({ n: 1 })
    doubt.end(0, 'done', calls(['c1', 'pay']))
    expect(doubt.open).toEqual(['1:a:approval/1'])
    expect(callsOf(doubt)[0]?.asks).toMatch(/^asked in doubt: .*no idea/)
  })

  it('is asked about unless the event says that its arguments are harmless (H1)', () => {
    const run = startAgent({ when: 'arguments' })
    run.end(0, 'done', {
      ...calls(['c1', 'pay'], ['c2', 'pay'], ['c3', 'pay']),
      askedCalls: { c1: false, c2: '250 USD is over 100' },
    })
    expect(run.open).toEqual(['1:a:call/1', '2:a:approval/1', '3:a:approval/1'])
    expect(callsOf(run).map(({ asks }) => asks)).toEqual([
      undefined,
      '250 USD is over 100',
      'nothing says that nobody need be asked',
    ])
  })

  it('sets its tool call aside while it waits, so that a yes is never too late for the limit', () => {
    const run = startAgent({}, { limits: { toolCalls: 2 } })
    run.end(0, 'done', calls(['c1', 'pay'], ['c2', 'pay']))
    expect(run.open).toEqual(['1:a:approval/1', '2:a:approval/1'])
    run.decide(1, 'rejected')
    run.decide(2, 'approved')
    run.end(2, 'done', { result: 2 })
    run.end(3, 'done', calls(['c3', 'pay'], ['c4', 'pay']))
    expect(run.open).toEqual(['4:a:approval/1'])
    run.decide(4, 'approved')
    run.end(4, 'done', { result: 4 })
    expect(run.last.decision?.taken).toBe('limits.exhausted')
    expect(run.context.ending).toMatchObject({ status: 'exhausted', limit: 'toolCalls' })
  })

  it('waits for its place once it is approved, where calls may not run side by side', () => {
    const run = startAgent({}, { agent: { maxParallelCalls: 1 } })
    run.end(0, 'done', calls(['c1', 'look'], ['c2', 'pay'], ['c3', 'look'], ['c4', 'pay']))
    expect(run.open).toEqual(['1:a:call/1', '2:a:approval/1', '3:a:approval/1'])
    run.decide(2, 'approved')
    expect([run.open, run.last.commands]).toEqual([['1:a:call/1', '2:a:approval/1', '3:a:approval/1'], []])
    expect(run.decide(2, 'rejected')).toMatchObject({ type: 'stale' })
    run.end(1, 'done', { result: 1 })
    expect([run.open, run.last.commands]).toEqual([['2:a:call/1', '3:a:approval/1'], [effectOf(2)]])
    run.decide(3, 'rejected')
    run.end(2, 'done', { result: 2 })
    expect(run.open).toEqual(['4:a:call/1'])
    run.end(4, 'done', { result: 4 })
    expect(run.taken).toEqual(['a:tools', 'a:item', 'a:item', 'a:item', 'a:item', 'a:model'])
  })

  it('that did not run does not count against the calls of its tool', () => {
    const run = startAgent({}, { agent: { toolRules: { pay: { maxCalls: 1 } } } })
    run.end(0, 'done', calls(['c1', 'pay']))
    run.decide(1, 'asked', { reason: 'why?' })
    run.end(2, 'done', calls(['c2', 'pay'], ['c3', 'pay']))
    expect(run.open).toEqual(['3:a:approval/1'])
    expect(callsOf(run)[1]).toMatchObject({ refused: 'maxCalls' })
  })

  it('is dropped with its agent when nobody knows what became of another one', () => {
    const run = startAgent(
      {},
      { edges: { a: { done: ':end', unknown: ':fail' } }, agent: { outcomes: ['done', 'unknown'] } },
    )
    run.end(0, 'done', calls(['c1', 'pay'], ['c2', 'pay'], ['c3', 'look']))
    run.decide(1, 'approved')
    run.end(1, 'unknown')
    expect(run.open).toEqual(['2:a:approval/1', '3:a:call/1'])
    run.end(3, 'done', { result: 3 })
    expect([run.last.decision?.taken, run.open]).toEqual(['a.unknown', []])
  })

  it('asks as its agent says, whatever the tool says', () => {
    const quiet = startAgent({}, { agent: { toolRules: { pay: { approval: null } } } })
    quiet.end(0, 'done', calls(['c1', 'pay']))
    expect(quiet.open).toEqual(['1:a:call/1'])
    const strict = startAgent({}, { agent: { toolRules: { look: { approval: { ...rule, expiresInMs: 50 } } } } })
    strict.end(0, 'done', calls(['c1', 'look']))
    expect(strict.context.open[1]).toMatchObject({ kind: 'approval', expiresAt: strict.at + 50 })
  })

  it('is dropped when the run is cancelled or out of time, and begins nothing while it is held', () => {
    const cancelled = startAgent()
    cancelled.end(0, 'done', calls(['c1', 'pay'], ['c2', 'look']))
    cancelled.cancel()
    expect(Object.keys(cancelled.context.closing)).toEqual(['2'])
    expect(cancelled.decide(1, 'approved')).toMatchObject({ type: 'refused', reason: 'run-ended' })

    const over = startAgent({}, { limits: { durationMs: 5_000 } })
    over.end(0, 'done', calls(['c1', 'pay']))
    over.timer('duration', over.at + 6_000)
    expect(over.context.ending).toMatchObject({ status: 'exhausted', limit: 'durationMs' })

    const held = startAgent()
    held.end(0, 'done', calls(['c1', 'pay']))
    held.hold()
    held.decide(1, 'approved')
    expect([held.last.commands, held.last.status]).toEqual([[], 'held'])
    held.release()
    expect(held.last.commands).toEqual([effectOf(1)])
  })

  it('is answered as not finished when its agent goes on in a later visit', () => {
    const run = startAgent(
      {},
      {
        agent: { memory: 'continue' },
        limits: { durationMs: 5_000, exhausted: 'a' },
      },
    )
    run.end(0, 'done', calls(['c1', 'pay']))
    run.timer('duration', run.at + 6_000)
    expect(run.snapshot.value).toEqual({ a: 'model' })
    expect(JSON.stringify(run.context.private['a']?.entries)).toContain(
      '"phase":"done","asks":"","result":"not finished"',
    )
    expect(run.decide(1, 'approved')).toMatchObject({ type: 'stale' })
  })

  it('ends with its reservation, not with an effect, when nobody runs it', () => {
    const run = startAgent()
    run.end(0, 'done', calls(['c1', 'pay']))
    expect(run.end(1, 'done')).toMatchObject({ type: 'stale' })
    run.decide(1, 'rejected')
    expect(run.context.usage.toolCalls).toBe(0)
    expect(run.last.step).toMatchObject({ index: 1, kind: 'approval', tool: 'pay' })
  })
})

describe('a fork', () => {
  it('asks again about a call that was approved: the yes was for one run of it', () => {
    const run = startAgent({ expiresInMs: 1_000 })
    run.end(0, 'done', calls(['c1', 'pay'], ['c2', 'look']))
    run.decide(1, 'edited', { arguments: { usd: 5 } })
    run.end(2, 'done', { result: 2 })
    expect(run.snapshot.value).toEqual({ a: 'tools' })
    const fork = new HandRun(run.compiled)
    const from = { runId: run.runId, sequence: 3, hash: 'h' }
    fork.feed({
      type: 'run.forked',
      from: 'operator',
      payload: { from, snapshot: run.snapshot, patch: {}, by: 'ada', reason: 'again', tags: {} },
    })
    expect(fork.open).toEqual(['1:a:approval/1'])
    expect([fork.snapshot.value, fork.last.status]).toEqual([{ a: 'approval' }, 'waiting'])
    expect(fork.last.commands).toEqual([{ type: 'setTimer', timer: 'expire/1', at: fork.at + 1_000 }])
    expect(callsOf(fork)).toMatchObject([{ phase: 'asked', arguments: { usd: 5 } }, { phase: 'done' }])
    fork.decide(1, 'approved')
    expect(fork.last.commands).toEqual([{ type: 'clearTimer', timer: 'expire/1' }, effectOf(1)])
  })
})
