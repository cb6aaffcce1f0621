import { describe, expect, it } from 'vitest'
import { answer, beginning, calls, compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import type { GraphNotation, NodeNotation } from '../../test/graphs/graph-fixture.ts'
import type { AgentRecord } from '../graph/graph.ts'

const outcomes = ['done', 'failed', 'unknown', 'exhausted']
const retry = { attempts: 2, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 }
const retryable = { error: { name: 'NodeError', code: 'WAYSTONE_NODE_THREW', message: 'busy', retryable: true } }

function startAgent(
  limits: AgentRecord['limits'],
  {
    agent,
    graph,
    callCosts,
  }: {
    readonly agent?: Partial<Extract<NodeNotation, { readonly kind: 'agent' }>>
    readonly graph?: Partial<GraphNotation>
    readonly callCosts?: { readonly [node: string]: number }
  } = {},
): HandRun {
  const run = new HandRun(
    compileFixture({
      tools: { look: { effect: 'pure', retry }, pay: 'unsafe' },
      nodes: {
        a: {
          kind: 'agent',
          tools: ['look', 'pay'],
          writes: ['n'],
          outcomes,
          retry,
          ...(limits !== undefined && { limits }),
          ...agent,
        },
        help: 'approval',
      },
      edges: { a: { done: ':end', exhausted: 'help' }, help: { approved: 'a', rejected: ':fail' } },
      ...graph,
    }),
  )
  run.feed({
    type: 'run.started',
    from: 'caller',
    payload: { input: {}, tags: {}, ...(callCosts !== undefined && { callCosts }) },
  })
  return run
}

const before = (max: number): { readonly max: number; readonly check: 'before' } => ({ max, check: 'before' })

describe('a limit of an agent', () => {
  it('on model calls ends it as exhausted along its edge, with who hit what in the decision (B3)', () => {
    const run = startAgent({ modelCalls: before(1) })
    run.end(0, 'done', calls(['c1', 'look']))
    run.end(1, 'done', { result: 1 })
    expect(run.last.decision).toMatchObject({
      outcome: 'exhausted',
      taken: 'a.exhausted',
      to: 'help',
      candidates: [
        { edge: 'a:model', verdict: 'exhausted' },
        { edge: 'a.exhausted', verdict: 'taken' },
      ],
      limit: { name: 'modelCalls', used: 1, max: 1, node: 'a' },
    })
    expect(run.context.error).toMatchObject({
      code: 'WAYSTONE_NODE_LIMIT_REACHED',
      message: 'a has used 1 of the 1 that its limit modelCalls allows a visit',
    })
    expect(run.context.exhausted).toBeNull()
    run.decide(2, 'approved')
    expect(run.context.private['a']?.used).toMatchObject({ modelCalls: 0, toolCalls: 0 })
    run.end(3, 'done', answer({ n: 1 }))
    expect(run.last.status).toBe('completed')
  })

  it('on tool calls runs as many as it leaves, then ends it (B2)', () => {
    const run = startAgent({ toolCalls: before(3) })
    run.end(0, 'done', calls(['c1', 'look'], ['c2', 'look'], ['c3', 'look'], ['c4', 'look']))
    expect(run.open).toEqual(['1:a:call/1', '2:a:call/1', '3:a:call/1'])
    for (const step of [1, 2, 3]) run.end(step, 'done', { result: step })
    expect(run.last.decision).toMatchObject({ taken: 'a.exhausted', limit: { name: 'toolCalls', used: 3, node: 'a' } })
    expect(run.open).toEqual(['4:help:approval/1'])
  })

  it('stops what else it has open when an attempt may not be made again', () => {
    const run = startAgent({ toolCalls: before(2) })
    run.end(0, 'done', calls(['c1', 'look'], ['c2', 'look']))
    run.end(1, 'failed', retryable)
    expect(run.last.decision).toMatchObject({ taken: 'a.exhausted', limit: { used: 2 } })
    expect(run.last.commands).toContainEqual({ type: 'cancelEffect', step: 2 })
    expect(run.end(2, 'done', { result: 2 }).type).toBe('late')
    expect(run.context.usage.toolCalls).toBe(2)
  })

  it('on tokens and cost counts what was used and what a call sets aside', () => {
    const agent = { maxInputTokens: 100, maxOutputTokens: 50 }
    const tokens = startAgent({ tokens: before(299) }, { agent })
    tokens.end(0, 'done', { ...calls(['c1', 'look']), usage: { inputTokens: 100, outputTokens: 50 } })
    tokens.end(1, 'done', { result: 1 })
    expect(tokens.last.decision?.limit).toEqual({ name: 'tokens', used: 150, max: 299, node: 'a' })
    const cost = startAgent({ costUsd: before(0.3) }, { agent, callCosts: { a: 0.1 } })
    const priced = { usage: { inputTokens: 100, outputTokens: 50, costUsd: 0.1 } }
    cost.end(0, 'done', { ...calls(['c1', 'look']), ...priced })
    cost.end(1, 'done', { result: 1 })
    cost.end(2, 'done', { ...calls(['c2', 'look']), ...priced })
    cost.end(3, 'done', { result: 1 })
    // The third call may use up the rest to the last cent; a fourth may not be made.
    expect(cost.openStep(4).reserved).toMatchObject({ costUsd: 0.1 })
    cost.end(4, 'done', { ...calls(['c3', 'look']), ...priced })
    cost.end(5, 'done', { result: 1 })
    expect(cost.last.decision?.limit).toEqual({ name: 'costUsd', used: 0.3, max: 0.3, node: 'a' })
    expect(cost.context.usage.costUsd).toBe(0.3)
  })

  it('on time stops the call under way when it is over, also while a person is asked', () => {
    const run = startAgent({ durationMs: before(1_000) })
    expect(run.last.commands).toContainEqual({ type: 'setTimer', timer: 'limit/0', at: run.at + 1_000 })
    const since = run.at
    run.end(0, 'done', calls(['c1', 'pay'], ['c2', 'look']))
    expect(run.last.commands).toContainEqual({ type: 'clearTimer', timer: 'limit/0' })
    run.end(1, 'unknown')
    expect(run.timer('limit/2', since + 500).type).toBe('early')
    expect(run.timer('limit/2', since + 1_000).type).toBe('applied')
    expect(run.last.decision).toMatchObject({
      taken: 'a.exhausted',
      limit: { name: 'durationMs', used: 1_000, max: 1_000, node: 'a' },
    })
    expect(run.last).toMatchObject({ step: null, usage: null })
    expect(run.last.commands).toContainEqual({ type: 'cancelEffect', step: 2 })
    expect(run.open).toEqual(['3:help:approval/1'])
    expect(run.timer('limit/1', since + 2_000).type).toBe('stale')
    expect(run.end(2, 'done', { result: 1 }).type).toBe('late')
  })

  it('on time ends a model call as well, whose usage is settled when it comes', () => {
    const run = startAgent({ durationMs: before(1_000) })
    run.timer('limit/0', beginning + 1_010)
    expect(run.last.decision?.taken).toBe('a.exhausted')
    run.end(0, 'done', { ...answer({ n: 1 }), usage: { inputTokens: 7 } })
    expect(run.state).toEqual({})
    expect(run.context.usage).toMatchObject({ modelCalls: 1, inputTokens: 7 })
  })

  it('fails the run when nothing is routed, and comes before the limits of the workflow', () => {
    const run = startAgent(
      { modelCalls: before(1) },
      {
        graph: {
          edges: { a: { done: ':end', exhausted: ':fail' }, help: { approved: 'a', rejected: ':fail' } },
          limits: { modelCalls: 1, exhausted: 'help' },
        },
      },
    )
    run.end(0, 'failed', retryable)
    expect(run.context.ending).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_LIMIT_REACHED' } })
  })
})

describe('a limit on cost', () => {
  it('of the workflow is never passed by a call whose size is bounded: two branches of calls share it (B1, B2)', () => {
    const run = startAgent(undefined, {
      agent: { maxInputTokens: 100, maxOutputTokens: 50 },
      graph: { limits: { costUsd: 0.25 } },
      callCosts: { a: 0.1 },
    })
    expect(run.openStep(0).reserved).toEqual({ modelCalls: 1, inputTokens: 100, outputTokens: 50, costUsd: 0.1 })
    run.end(0, 'done', { ...calls(['c1', 'look']), usage: { inputTokens: 100, outputTokens: 50, costUsd: 0.1 } })
    run.end(1, 'done', { result: 1 })
    run.end(2, 'done', { ...calls(['c2', 'look']), usage: { inputTokens: 90, outputTokens: 50, costUsd: 0.09 } })
    run.end(3, 'done', { result: 1 })
    expect(run.last.decision?.limit).toEqual({ name: 'costUsd', used: 0.19, max: 0.25 })
    expect(run.last.status).toBe('exhausted')
  })

  it('charges a call that was lost at its cost, and a fork goes on under the recorded figures', () => {
    const run = startAgent(undefined, { graph: { limits: { costUsd: 1 } }, callCosts: { a: 0.1 } })
    run.end(0, 'lost')
    expect(run.context.usage).toMatchObject({ costUsd: 0.1, estimatedCalls: 1 })
    const fork = new HandRun(run.compiled, { runId: 'fork' })
    fork.feed({
      type: 'run.forked',
      from: 'operator',
      payload: {
        from: { runId: 'run', sequence: 0, hash: 'h' },
        snapshot: run.snapshots[0] ?? run.snapshot,
        patch: {},
        by: 'ada',
        reason: 'why not',
        tags: {},
      },
    })
    expect(fork.context.callCosts).toEqual({ a: 0.1 })
    expect(fork.openStep(0).reserved).toMatchObject({ costUsd: 0.1 })
  })
})
