import { describe, expect, it } from 'vitest'
import { answer, beginning, calls, compileFixture, HandRun, type HandRunOptions } from '../../test/engine/hand-run.ts'
import type { GraphNotation } from '../../test/graphs/graph-fixture.ts'
import type { RunId } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { activeNodes, plan, type Plan } from './plan.ts'
import { requestDigest } from './request-digest.ts'

const small: GraphNotation = {
  input: ['n'],
  tools: { pay: 'unsafe' },
  nodes: {
    work: { kind: 'task', reads: ['n'], writes: ['n'] },
    look: { kind: 'gate', outcomes: ['good', 'bad'] },
    ask: { kind: 'approval', show: ['n'], edits: ['n'], writes: ['n'], expiresInMs: 1000 },
    pay: { kind: 'tool', writes: ['n'] },
  },
  edges: {
    work: { done: 'look' },
    look: { good: 'ask', bad: { to: 'work', limit: 3, otherwise: ':fail' } },
    ask: { approved: 'pay', rejected: ':fail', edited: 'pay', expired: ':end' },
    pay: { done: ':end' },
  },
  limits: { durationMs: 60_000, steps: 50 },
}

function startRun(notation: GraphNotation = small, options: HandRunOptions = {}): HandRun {
  const run = new HandRun(compileFixture(notation), options)
  run.start({ n: 1 })
  return run
}

/** A run that waits for its approval, step 2. */
function atApproval(): HandRun {
  const run = startRun()
  run.end(0, 'done', { patch: { n: 2 } })
  run.end(1, 'good')
  return run
}

/** A run in which nobody knows whether the tool of step 3 ran. */
function atUnknown(): HandRun {
  const run = atApproval()
  run.decide(2, 'approved')
  run.end(3, 'unknown')
  return run
}

describe('run.started', () => {
  it('makes the first checkpoint', () => {
    const run = startRun()
    expect(run.last).toMatchObject({
      sequence: 0,
      parent: null,
      status: 'running',
      decision: null,
      step: null,
      usage: null,
      left: { steps: 49, durationMs: 60_000 },
    })
    expect(run.snapshot).toMatchObject({
      value: 'work',
      context: { state: { n: 1 }, steps: 1, visits: { work: 1 }, startedAt: run.at },
    })
    expect(activeNodes(run.context)).toEqual(['work'])
  })

  it('is refused a second time, and anything before it', () => {
    const run = startRun()
    expect(run.start()).toMatchObject({ type: 'refused', reason: 'already-started' })
    expect(new HandRun(run.compiled).cancel()).toMatchObject({ type: 'refused', reason: 'not-started' })
  })

  it('takes an empty input, and one that is large', () => {
    const run = new HandRun(compileFixture({ nodes: { a: 'task' }, edges: { a: { done: ':end' } } }))
    expect(run.start({}).type).toBe('applied')
    const large = new HandRun(compileFixture({ state: ['list'], nodes: { a: 'task' }, edges: { a: { done: ':end' } } }))
    large.start({ list: Array.from({ length: 20_000 }, (_, id) => ({ id, text: 'ü\u{1F600}"\\\n' })) })
    large.end(0)
    expect(large.last.patch.map(([, path]) => path.join('.'))).not.toContain('context.state.list')
    expect(large.blobs.size).toBe(1)
  })
})

describe('effect.ended', () => {
  it('records step, attempt, times and usage', () => {
    const run = startRun()
    const asked = run.at
    run.end(0, 'done', { startedAt: asked + 3, usage: { costUsd: 0.5 } })
    expect(run.last.step).toEqual({
      index: 0,
      node: 'work',
      visit: 1,
      kind: 'task',
      attempt: 1,
      queuedAt: asked,
      startedAt: asked + 3,
      endedAt: run.at,
    })
    expect(run.last.usage).toEqual({ costUsd: 0.5 })
  })

  it('is stale when its step is not open, was never, or is at another attempt', () => {
    const run = startRun()
    run.end(0)
    expect(run.end(0).type).toBe('stale')
    expect(run.end(99).type).toBe('stale')
    expect(run.end(1, 'good', { attempt: 2 })).toMatchObject({
      type: 'stale',
      message: 'step 1 is at attempt 1, not 2',
    })
  })

  it('takes a duplicate end of visit 1 not for the end of visit 2', () => {
    const run = startRun()
    run.end(0)
    run.end(1, 'bad')
    expect(run.open).toEqual(['2:work:task/1'])
    const duplicate = run.events[1]
    expect(duplicate?.type === 'effect.ended' && run.feedWhole(duplicate).type).toBe('stale')
    expect(run.open).toEqual(['2:work:task/1'])
  })

  it('is stale for a step that waits for a person', () => {
    expect(atApproval().end(2, 'approved').type).toBe('stale')
    expect(atUnknown().end(3, 'done').type).toBe('stale')
  })

  it('fails a node that writes what it does not declare, and changes nothing (S2)', () => {
    for (const more of [{ patch: { n: 5, secret: 1 } }, { unset: ['secret'] }]) {
      const run = startRun()
      run.end(0, 'done', more)
      expect(run.context.ending?.error).toMatchObject({ code: 'WAYSTONE_NODE_WRITE_UNDECLARED' })
      expect(run.context.ending?.error?.message).toBe('node work wrote secret; it declares n')
      expect(run.state).toEqual({ n: 1 })
    }
  })

  it('does not merge what a failed, timed-out or unknown end brings', () => {
    const retry = { attempts: 1, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 }
    for (const outcome of ['failed', 'timeout', 'unknown']) {
      const run = new HandRun(
        compileFixture({
          nodes: { work: { kind: 'task', writes: ['n'], timeoutMs: 5, retry }, ask: 'approval' },
          edges: { work: { done: ':end', [outcome]: 'ask' }, ask: { approved: ':end', rejected: ':end' } },
        }),
      )
      run.start({ n: 1 })
      run.end(0, outcome, { patch: { n: 7 } })
      expect([run.state, run.open]).toEqual([{ n: 1 }, ['1:ask:approval/1']])
    }
  })

  it('settles only usage when the step was cancelled before (late)', () => {
    const run = startRun({
      nodes: { a: { kind: 'agent', tools: ['t'], writes: ['n'], maxOutputTokens: 5 } },
      edges: { a: { done: ':end' } },
    })
    run.cancel()
    const { value, context } = run.snapshot
    const planned = run.end(0, 'done', { ...answer({ n: 9 }), usage: { outputTokens: 3 } })
    expect(planned.type).toBe('late')
    expect(run.last).toMatchObject({
      status: 'cancelled',
      decision: null,
      usage: { outputTokens: 3, modelCalls: 1 },
      step: { index: 0 },
    })
    expect(run.snapshot.value).toEqual(value)
    expect(run.context).toEqual({
      ...context,
      closing: {},
      usage: { ...context.usage, outputTokens: 3, modelCalls: 1 },
    })
    expect(run.end(0).type).toBe('stale')
  })

  it('settles nothing with the end of an attempt before the one that was cancelled', () => {
    const retry = { attempts: 2, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 }
    const run = startRun({ nodes: { a: { kind: 'task', retry } }, edges: { a: { done: ':end' } } })
    run.end(0, 'failed', { error: { name: 'NodeError', code: 'X', message: 'x', retryable: true } })
    run.cancel()
    expect(run.end(0, 'done', { attempt: 1 })).toMatchObject({ type: 'stale' })
    expect(run.end(0, 'done', { attempt: 2 })).toMatchObject({ type: 'late' })
  })
})

describe('request.decided', () => {
  it('moves the run by the outcome and keeps the verdict', () => {
    const run = atApproval()
    run.decide(2, 'approved')
    expect(run.taken.at(-1)).toBe('ask.approved')
    expect(run.context.verdicts).toEqual({ ask: { outcome: 'approved', reasons: ['because'] } })
    expect(run.last.step).toMatchObject({ index: 2, kind: 'approval', node: 'ask' })
  })

  it('writes what a person edited', () => {
    const run = atApproval()
    run.decide(2, 'edited', { patch: { n: 40 } })
    expect(run.state).toEqual({ n: 40 })
  })

  it('is stale when nobody is asked, or no more', () => {
    const run = atApproval()
    run.decide(2, 'approved')
    expect(run.decide(2, 'approved')).toMatchObject({ type: 'stale' })
    expect(run.decide(3, 'approved')).toMatchObject({ type: 'stale' })
    expect(run.decide(77, 'approved')).toMatchObject({ type: 'stale' })
  })

  it.each<readonly [reason: string, outcome: string, more: JsonObject]>([
    ['outcome-not-offered', 'expired', {}],
    ['outcome-not-offered', 'constructor', {}],
    ['digest-mismatch', 'approved', { digest: 'of something else' }],
    ['write-undeclared', 'edited', { patch: { n: 1, secret: 2 } }],
  ])('is refused as %s and leaves the run as it was', (reason, outcome, more) => {
    const run = atApproval()
    expect(run.decide(2, outcome, more)).toMatchObject({ type: 'refused', reason })
    expect(run.open).toEqual(['2:ask:approval/1'])
    expect(run.decide(2, 'approved').type).toBe('applied')
  })

  it('is bound to the verdicts that are shown with it, its own and those its tool hears (H4)', () => {
    const gate = { kind: 'gate', outcomes: ['pass', 'again'] } as const
    const run = new HandRun(
      compileFixture({
        nodes: {
          begin: 'task',
          look: gate,
          ask: { kind: 'approval', hears: ['look'] },
          act: { kind: 'tool', hears: ['other'] },
          other: gate,
          meet: { kind: 'join' },
        },
        edges: {
          begin: { done: { fork: ['look', 'ask', 'other'], join: 'meet' } },
          look: { pass: 'meet', again: { to: 'look', limit: 3, otherwise: 'meet' } },
          ask: { approved: 'act', rejected: 'meet' },
          act: { done: 'meet' },
          other: { pass: 'meet', again: { to: 'other', limit: 3, otherwise: 'meet' } },
          meet: { done: ':end' },
        },
      }),
    )
    run.start()
    run.end(0)
    const digests = [requestDigest(run.compiled, run.context, 2)]
    for (const [step, reasons] of [
      [1, ['too long']],
      [3, ['too short']],
      [4, ['still too long']],
    ] as const) {
      run.end(step, 'again', { verdict: { outcome: 'again', reasons } })
      digests.push(requestDigest(run.compiled, run.context, 2))
    }
    expect(new Set(digests).size).toBe(4)
    expect(run.decide(2, 'approved', { digest: digests[2] ?? '' })).toMatchObject({ reason: 'digest-mismatch' })
    expect(run.decide(2, 'approved')).toMatchObject({ type: 'applied' })
  })

  it('is bound to visit and to what was shown: another visit has another digest', () => {
    const loop: GraphNotation = {
      ...small,
      edges: { ...small.edges, pay: { done: { to: 'ask', limit: 1, otherwise: ':end' } } },
    }
    const run = startRun(loop)
    run.end(0)
    run.end(1, 'good')
    run.decide(2, 'approved')
    const first = run.events.at(-1)
    run.end(3)
    expect(run.open).toEqual(['4:ask:approval/1'])
    const digest = first?.type === 'request.decided' ? first.payload.digest : ''
    expect(run.decide(4, 'approved', { digest })).toMatchObject({ type: 'refused', reason: 'digest-mismatch' })
  })

  it('says of an unknown outcome that it happened, and what it wrote', () => {
    const run = atUnknown()
    run.decide(3, 'happened', { patch: { n: 7 } })
    expect(run.last).toMatchObject({
      status: 'completed',
      usage: null,
      decision: { taken: 'pay.done', outcome: 'done' },
    })
    expect(run.state).toEqual({ n: 7 })
    expect(run.context.usage.toolCalls).toBe(1)
  })

  it('refuses an undeclared write also then', () => {
    expect(atUnknown().decide(3, 'happened', { patch: { secret: 7 } })).toMatchObject({
      type: 'refused',
      reason: 'write-undeclared',
    })
  })

  it('says that it did not happen: the same step again, as the next attempt', () => {
    const run = atUnknown()
    run.decide(3, 'did-not-happen')
    expect(run.context.open).toEqual({
      3: { node: 'pay', visit: 1, kind: 'tool', attempt: 2, since: run.at, reserved: { toolCalls: 1 } },
    })
    expect(run.last.commands).toEqual([{ type: 'effect', step: 3, node: 'pay', kind: 'tool', attempt: 2 }])
    run.end(3)
    expect(run.context.usage.toolCalls).toBe(2)
  })

  it('says that it failed', () => {
    const run = atUnknown()
    run.decide(3, 'failed', { reason: '' })
    expect(run.context.ending?.error).toMatchObject({
      code: 'WAYSTONE_NODE_DECLARED_FAILED',
      message: 'ada said that it failed',
    })
  })

  it('asks a node with outcomes of its own which of them it was', () => {
    const run = startRun({
      nodes: { a: { kind: 'task', outcomes: ['sent', 'bounced'] } },
      edges: { a: { sent: ':end', bounced: ':fail' } },
    })
    run.end(0, 'unknown')
    expect(run.decide(0, 'happened')).toMatchObject({
      type: 'refused',
      message: expect.stringContaining('it offers sent, bounced, did-not-happen, failed') as string,
    })
    run.decide(0, 'sent')
    expect(run.last).toMatchObject({ status: 'completed', decision: { taken: 'a.sent' } })
  })
})

describe('timer.due', () => {
  it('expires an approval at its time, not before', () => {
    const run = atApproval()
    const due = run.openStep(2).expiresAt ?? 0
    expect(run.timer('expire/2', due - 1).type).toBe('early')
    expect(run.timer('expire/2', due).type).toBe('applied')
    expect(run.taken.at(-1)).toBe('ask.expired')
    expect(run.context.verdicts['ask']).toEqual({ outcome: 'expired', reasons: [] })
  })

  it('is stale when it is not set: another step, one decided before, a name that never was', () => {
    const run = atApproval()
    for (const timer of ['expire/1', 'expire/22', 'expire/', 'constructor', ''])
      expect(run.timer(timer, run.at).type).toBe('stale')
    run.decide(2, 'approved')
    expect(run.timer('expire/2', run.at + 5000).type).toBe('stale')
  })

  it('ends the time of the run, cancels what runs, and settles it late', () => {
    const run = startRun()
    expect(run.timer('duration', run.at + 100).type).toBe('early')
    run.timer('duration', beginning + 70_000)
    expect(run.last).toMatchObject({ status: 'exhausted', left: { durationMs: 0 } })
    expect(run.last.decision).toMatchObject({
      node: 'work',
      taken: 'limits.exhausted',
      to: ':exhausted',
      limit: { name: 'durationMs', max: 60_000 },
    })
    expect(run.last.commands).toEqual([
      { type: 'cancelEffect', step: 0 },
      { type: 'clearTimer', timer: 'duration' },
    ])
    expect(run.end(0, 'done', { patch: { n: 9 } }).type).toBe('late')
    expect(run.state).toEqual({ n: 1 })
    expect(run.last.commands).toEqual([{ type: 'finish', status: 'exhausted' }])
  })

  it('ends the time of a run that waits or is held, and goes where limits lead, once', () => {
    const leading: GraphNotation = { ...small, limits: { durationMs: 60_000, exhausted: 'look' } }
    const run = startRun(leading)
    run.hold()
    run.timer('duration', beginning + 70_000)
    expect(run.open).toEqual(['1:look:gate/1'])
    expect(run.last).toMatchObject({
      status: 'held',
      commands: [
        { type: 'cancelEffect', step: 0 },
        { type: 'clearTimer', timer: 'duration' },
      ],
    })
    expect(run.timer('duration', run.at + 70_000).type).toBe('stale')
    run.release()
    expect(run.last.commands).toEqual([{ type: 'effect', step: 1, node: 'look', kind: 'gate', attempt: 1 }])
    expect(run.end(0).type).toBe('late')
  })

  it('stops the next step when the time is over and the timer is late', () => {
    const run = startRun()
    run.at = beginning + 70_000
    run.end(0)
    expect(run.last.decision).toMatchObject({ taken: 'limits.exhausted', limit: { name: 'durationMs' } })
  })
})

describe('operators', () => {
  it('hold once, release once', () => {
    const run = startRun()
    expect(run.release()).toMatchObject({ type: 'refused', reason: 'not-held' })
    run.hold()
    expect(run.context.held).toEqual({ by: 'op', reason: 'look', at: run.at })
    expect(run.hold()).toMatchObject({ type: 'refused', reason: 'already-held' })
    run.release()
    expect(run.context.held).toBeNull()
  })

  it('cancel a run: who and why are kept, running effects settle, then it finishes', () => {
    const run = startRun({ nodes: { a: { kind: 'agent', tools: ['t'] } }, edges: { a: { done: ':end' } } })
    run.end(0, 'done', calls(['c1', 't'], ['c2', 't']))
    run.end(1, 'done', { result: 1 })
    run.cancel()
    expect(run.context.ending).toEqual({ status: 'cancelled', at: run.at, by: 'op', reason: 'stop' })
    expect(run.last.decision).toMatchObject({ node: 'a', outcome: 'cancelled', taken: ':cancel', to: ':cancelled' })
    expect(Object.keys(run.context.closing)).toEqual(['2'])
    expect(run.end(2, 'failed').type).toBe('late')
    expect(run.last.commands).toEqual([{ type: 'finish', status: 'cancelled' }])
  })

  it('cancel nothing that has ended, and nothing else moves it (trap: a machine that is done still moves on a root event)', () => {
    const run = startRun()
    run.end(0)
    run.end(1, 'good')
    run.decide(2, 'rejected')
    expect(run.last.status).toBe('failed')
    const before = run.snapshot
    for (const planned of [
      run.cancel(),
      run.hold(),
      run.release(),
      run.timer('duration', run.at + 70_000),
      run.decide(2, 'approved'),
    ]) {
      expect(planned).toMatchObject({ type: 'refused', reason: 'run-ended' })
    }
    expect(run.end(2).type).toBe('stale')
    expect(run.snapshot).toBe(before)
  })
})

function fork(run: HandRun, patch: JsonObject = {}): HandRun {
  const forked = new HandRun(run.compiled, { runId: 'forked' })
  forked.at = run.at
  const from = { runId: run.runId, sequence: run.last.sequence, hash: 'hash' }
  forked.feed({
    type: 'run.forked',
    from: 'operator',
    payload: { from, snapshot: run.snapshot, patch, by: 'op', reason: 'try', tags: {} },
  })
  return forked
}

describe('run.forked', () => {
  it('goes on from a snapshot with keys set anew: usage and time begin anew, counts and steps go on', () => {
    const run = startRun()
    run.end(0, 'done', { usage: { costUsd: 1 } })
    run.end(1, 'bad')
    const forked = fork(run, { n: 9 })
    expect(forked.state).toEqual({ n: 9 })
    expect(forked.context).toMatchObject({
      steps: 3,
      taken: { 'look.bad': 1 },
      visits: { work: 2, look: 1 },
      usage: { costUsd: 0 },
      startedAt: forked.at,
    })
    expect(forked.last.commands).toEqual([
      { type: 'effect', step: 2, node: 'work', kind: 'task', attempt: 1 },
      { type: 'setTimer', timer: 'duration', at: forked.at + 60_000 },
    ])
    forked.end(2)
    expect(run.open).toEqual(['2:work:task/1'])
  })

  it('lets a run go on that was held, with a new hold possible', () => {
    const run = startRun()
    run.hold()
    const forked = fork(run)
    expect(forked.last).toMatchObject({
      status: 'running',
      commands: [{ type: 'effect', step: 0 }, { type: 'setTimer' }],
    })
    expect(forked.hold().type).toBe('applied')
  })

  it('asks a waiting approval again, expiring anew', () => {
    const run = atApproval()
    const forked = fork(run, { n: 3 })
    expect(forked.openStep(2)).toMatchObject({
      kind: 'approval',
      attempt: 1,
      since: forked.at,
      expiresAt: forked.at + 1000,
    })
    expect(forked.decide(2, 'approved').type).toBe('applied')
  })

  it('asks a person again about an outcome that is unknown', () => {
    const forked = fork(atUnknown())
    expect(forked.open).toEqual(['3:pay:resolve/1'])
    expect(forked.last.status).toBe('waiting')
    forked.decide(3, 'did-not-happen')
    expect(forked.open).toEqual(['3:pay:tool/2'])
  })

  it('begins attempts anew, at once', () => {
    const retry = { attempts: 2, backoffMs: 5000, factor: 1, maxBackoffMs: 5000, jitter: 0 }
    const run = startRun({ nodes: { a: { kind: 'task', retry } }, edges: { a: { done: ':end' } } })
    run.end(0, 'failed', { error: { name: 'NodeError', code: 'X', message: 'x', retryable: true } })
    const forked = fork(run)
    expect(forked.last.commands).toEqual([{ type: 'effect', step: 0, node: 'a', kind: 'task', attempt: 1 }])
  })

  it('goes on in the middle of a turn of an agent', () => {
    const run = startRun({ nodes: { a: { kind: 'agent', tools: ['t'] } }, edges: { a: { done: ':end' } } })
    run.end(0, 'done', calls(['c1', 't'], ['c2', 't']))
    run.end(1, 'done', { result: 1 })
    const forked = fork(run)
    expect(forked.last.commands).toEqual([{ type: 'effect', step: 2, node: 'a', kind: 'call', attempt: 1 }])
    forked.end(2, 'done', { result: 2 })
    expect(forked.taken).toEqual(['a:model'])
  })
})

describe('a run that is held', () => {
  it('takes decisions, ends and timers as ever', () => {
    const run = atApproval()
    run.hold()
    run.decide(2, 'approved')
    expect(run.last).toMatchObject({ status: 'held', decision: { taken: 'ask.approved' } })
    expect(run.last.commands).toEqual([{ type: 'clearTimer', timer: 'expire/2' }])
    expect(run.open).toEqual(['3:pay:tool/1'])
  })
})

describe('plan', () => {
  it('says loudly when an end leads nowhere in the machine', () => {
    const run = startRun()
    // A tools transition does not exist in a node without tools: only a broken compiler could ask for it.
    const broken: CompiledWorkflow = {
      ...run.compiled,
      runner: { ...run.compiled.runner, move: (snapshot: Snapshot) => snapshot },
    }
    const event: EngineEvent = {
      id: 'e',
      at: 1,
      type: 'effect.ended',
      from: 'effect',
      payload: { step: 0, attempt: 1, outcome: 'done', startedAt: 1 },
    }
    const work = (): Plan => plan(broken, { runId: 'r' as RunId, sequence: 1, parent: null }, run.snapshot, event)
    expect(work).toThrow('the machine took no transition at the end of step 0 of work, where work.done was decided')
  })

  it('freezes every snapshot it makes (S1)', () => {
    const run = atUnknown()
    for (const snapshot of run.snapshots) expect(isFrozenDeep(snapshot)).toBe(true)
    expect(() => Object.assign(run.context, { steps: 0 })).toThrow(TypeError)
    expect(() => Object.assign(run.state, { n: 0 })).toThrow(TypeError)
  })

  it('shares between two snapshots what a transition does not touch (S1)', () => {
    const run = new HandRun(compileFixture({ ...small, state: ['n', 'big'] }))
    run.start({ n: 1, big: [{ a: 1 }] })
    run.end(0, 'done', { patch: { n: 2 } })
    const [first, second] = run.snapshots
    expect(second?.context.state['big']).toBe(first?.context.state['big'])
    expect(second?.context.closing).toBe(first?.context.closing)
  })
})

function isFrozenDeep(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(isFrozenDeep)
}
