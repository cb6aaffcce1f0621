import { describe, expect, it } from 'vitest'
import { answer, calls, compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import type { GraphNotation, NodeNotation } from '../../test/graphs/graph-fixture.ts'
import type { JsonObject } from '../base/json.ts'
import type { RetryRecord } from '../graph/graph.ts'
import type { AgentMemory } from '../snapshot/snapshot.ts'

type Agent = Extract<NodeNotation, { readonly kind: 'agent' }>

const twice: RetryRecord = { attempts: 2, backoffMs: 100, factor: 1, maxBackoffMs: 100, jitter: 0 }
const retryable = { error: { name: 'NodeError', code: 'WAYSTONE_NODE_THREW', message: 'busy', retryable: true } }
const final = { error: { name: 'NodeError', code: 'WAYSTONE_NODE_THREW', message: 'broken', retryable: false } }

function startAgent(agent: Partial<Agent> = {}, more: Partial<GraphNotation> = {}): HandRun {
  const run = new HandRun(
    compileFixture({
      tools: { look: 'pure', pay: 'unsafe', slow: { effect: 'pure', retry: twice } },
      nodes: { a: { kind: 'agent', tools: ['look', 'pay', 'slow'], writes: ['n'], ...agent }, help: 'approval' },
      edges: { a: { done: ':end' }, help: { approved: ':end', rejected: ':fail' } },
      ...more,
    }),
  )
  run.start({})
  return run
}

function memoryOf(run: HandRun): AgentMemory {
  const memory = run.context.private['a']
  if (memory === undefined) throw new RangeError('the agent has no memory')
  return memory
}

function callsOf(run: HandRun): readonly unknown[] {
  const last = memoryOf(run).entries.at(-1)
  return last !== undefined && 'type' in last && last.type === 'results' ? last.calls : []
}

describe('a turn of an agent', () => {
  it('runs each tool call as a step of its own and asks the model again when the last has ended', () => {
    const run = startAgent()
    run.end(0, 'done', { ...calls(['c1', 'look'], ['c2', 'pay']), usage: { inputTokens: 10 } })
    expect(run.open).toEqual(['1:a:call/1', '2:a:call/1'])
    expect(run.snapshot.value).toEqual({ a: 'tools' })
    expect(run.last.commands).toEqual([
      { type: 'effect', step: 1, node: 'a', kind: 'call', attempt: 1 },
      { type: 'effect', step: 2, node: 'a', kind: 'call', attempt: 1 },
    ])
    run.end(2, 'done', { result: 'two' })
    expect(run.snapshot.value).toEqual({ a: 'tools' })
    expect(run.last.commands).toEqual([])
    run.end(1, 'done', { result: 'one' })
    expect(run.taken).toEqual(['a:tools', 'a:item', 'a:model'])
    expect(run.snapshot.value).toEqual({ a: 'model' })
    expect(callsOf(run)).toEqual([
      { callId: 'c1', tool: 'look', step: 1, phase: 'done', result: 'one' },
      { callId: 'c2', tool: 'pay', step: 2, phase: 'done', result: 'two' },
    ])
    run.end(3, 'done', answer({ n: 1 }))
    expect(run.last.status).toBe('completed')
    expect(run.state).toEqual({ n: 1 })
    expect(run.context.usage).toMatchObject({ modelCalls: 2, toolCalls: 2, inputTokens: 10, estimatedCalls: 1 })
    expect(memoryOf(run)).toMatchObject({ modelCalls: 2, repairs: 0 })
  })

  it('answers calls that cannot be run without running them', () => {
    const run = startAgent({ maxCallsPerTurn: 1 })
    run.end(0, 'done', {
      ...calls(['bad', 'look'], ['none', 'nonsense'], ['c1', 'look'], ['c2', 'look']),
      refusedCalls: { bad: { rule: 'arguments', message: 'the arguments do not fit' } },
    })
    expect(callsOf(run)).toEqual([
      {
        callId: 'bad',
        tool: 'look',
        phase: 'done',
        result: 'the arguments do not fit',
        isError: true,
        refused: 'arguments',
      },
      {
        callId: 'none',
        tool: 'nonsense',
        phase: 'done',
        result: 'there is no tool "nonsense"',
        isError: true,
        refused: 'unknown',
      },
      { callId: 'c1', tool: 'look', step: 1, phase: 'running' },
      {
        callId: 'c2',
        tool: 'look',
        phase: 'done',
        result: 'not run: at most 1 calls are allowed in one turn',
        isError: true,
        refused: 'maxCallsPerTurn',
      },
    ])
    expect(run.open).toEqual(['1:a:call/1'])
  })

  it('asks the model again at once when no call can be run, also an agent without tools', () => {
    for (const tools of [['look'], []]) {
      const run = startAgent({ tools })
      run.end(0, 'done', calls(['__proto__', 'nonsense'], ['constructor', 'toString']))
      expect(run.taken).toEqual(['a:model'])
      expect(run.open).toEqual(['1:a:model/1'])
      expect(callsOf(run)).toHaveLength(2)
    }
  })

  it('tells the model of a call that failed, and goes on', () => {
    const run = startAgent()
    run.end(0, 'done', calls(['c1', 'look']))
    run.end(1, 'failed', final)
    expect(callsOf(run)).toMatchObject([{ phase: 'done', result: 'broken', isError: true }])
    expect(run.open).toEqual(['2:a:model/1'])
  })

  it('ignores what a call would write', () => {
    const run = startAgent()
    run.end(0, 'done', calls(['c1', 'look']))
    run.end(1, 'done', { result: 1, patch: { n: 9 } })
    expect(run.state).toEqual({})
  })

  it('fails when the model calls are used up, however they were used', () => {
    const run = startAgent({ maxModelCalls: 2, retry: twice })
    run.end(0, 'failed', retryable)
    expect(run.open).toEqual(['0:a:model/2'])
    run.end(0, 'done', calls(['c1', 'look']))
    run.end(1, 'done', { result: 1 })
    expect(run.context.ending).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_MODEL_CALLS_USED_UP' } })
    expect(run.context.ending?.error?.message).toBe('a has used its 2 model calls without an answer')
    expect(run.last.decision).toMatchObject({ outcome: 'failed', taken: 'a.failed' })
  })

  it('believes no answer whose end is failed', () => {
    const run = startAgent()
    run.end(0, 'failed', { ...calls(['c1', 'look']), ...final })
    expect(run.context.ending).toMatchObject({ status: 'failed', error: final.error })
  })

  it('starts fresh when it is visited again, or goes on', () => {
    const edges: GraphNotation['edges'] = { a: { done: 'a' }, help: { approved: ':end', rejected: ':end' } }
    for (const memory of ['fresh', 'continue'] as const) {
      const run = startAgent({ memory, reads: ['n'] }, { edges })
      run.end(0, 'done', answer({ n: 1 }))
      const kinds = memoryOf(run).entries.map((entry) => ('role' in entry ? entry.role : entry.type))
      expect(kinds).toEqual(memory === 'fresh' ? [] : ['input', 'assistant', 'input'])
      expect(memoryOf(run)).toMatchObject({ modelCalls: 0, repairs: 0 })
    }
  })

  it('answers calls that a limit cut short before it goes on from them', () => {
    const run = startAgent(
      { memory: 'continue', retry: twice },
      {
        edges: { a: { done: ':end' }, help: { approved: 'a', rejected: ':end' } },
        limits: { toolCalls: 2, exhausted: 'help' },
      },
    )
    run.end(0, 'done', calls(['c1', 'slow'], ['c2', 'slow']))
    run.end(1, 'failed', retryable)
    expect(run.taken.at(-1)).toBe('limits.exhausted')
    run.decide(3, 'approved')
    const results = memoryOf(run).entries.find((entry) => 'type' in entry && entry.type === 'results')
    expect(results).toMatchObject({
      calls: [
        { phase: 'done', isError: true },
        { phase: 'done', isError: true },
      ],
    })
  })
})

describe('an answer that does not fit', () => {
  it('is repaired once, counted as a model call, and then fails the agent (bounded)', () => {
    const run = startAgent()
    run.end(0, 'done', { ...answer(), misfit: ['n: expected number'] })
    expect(run.taken).toEqual(['a:repair'])
    expect(memoryOf(run)).toMatchObject({ repairs: 1, modelCalls: 1 })
    expect(memoryOf(run).entries.at(-1)).toEqual({ type: 'repair', issues: ['n: expected number'] })
    run.end(1, 'done', { ...answer({ n: 1 }), misfit: ['still not'] })
    expect(run.context.ending?.error).toMatchObject({ code: 'WAYSTONE_NODE_OUTPUT_MISFIT' })
    expect(run.context.ending?.error?.message).toContain('after 1 repair: still not')
    expect(run.state).toEqual({})
  })

  it('is not repaired when the model may not be asked again', () => {
    const run = startAgent({ maxModelCalls: 1 })
    run.end(0, 'done', { ...answer(), misfit: ['no'] })
    expect(run.context.ending?.error).toMatchObject({ code: 'WAYSTONE_NODE_OUTPUT_MISFIT' })
  })

  it('may be repaired again in the next visit', () => {
    const run = startAgent({}, { edges: { a: { done: 'a' }, help: { approved: ':end', rejected: ':end' } } })
    run.end(0, 'done', { ...answer(), misfit: ['no'] })
    run.end(1, 'done', answer())
    run.end(2, 'done', { ...answer(), misfit: ['no'] })
    expect(run.taken).toEqual(['a:repair', 'a.done', 'a:repair'])
  })

  it('is repaired in the same way for a gate with a reviewer', () => {
    const reviewer = {
      model: 'm',
      instructions: '',
      maxModelCalls: 3,
      maxInputTokens: null,
      maxOutputTokens: 7,
      outputSchema: {},
      repairs: 1,
    }
    const run = new HandRun(
      compileFixture({
        nodes: { g: { kind: 'gate', outcomes: ['lost', 'pass'], reviewer } },
        edges: { g: { pass: ':end', lost: ':fail' } },
      }),
    )
    run.start({})
    expect(run.context.open[0]?.reserved).toEqual({ modelCalls: 1, outputTokens: 7 })
    run.end(0, 'done', { ...answer(), misfit: ['no'] })
    expect(run.taken).toEqual(['g:repair'])
    // An outcome of its own may be called like what the engine says of lost calls.
    run.end(1, 'lost', { ...answer(), verdict: { outcome: 'lost', reasons: [] } })
    expect(run.taken).toEqual(['g:repair', 'g.lost'])
  })
})

describe('attempts', () => {
  it('keep step and effect, count on, wait, and keep what was set aside', () => {
    const run = startAgent({ retry: twice, maxOutputTokens: 50 })
    run.end(0, 'failed', { ...retryable, usage: { inputTokens: 1 } })
    expect(run.context.open[0]).toEqual({
      node: 'a',
      visit: 1,
      kind: 'model',
      attempt: 2,
      since: run.at,
      notBefore: run.at + 100,
      reserved: { modelCalls: 1, outputTokens: 50 },
    })
    expect(run.last.commands).toEqual([
      { type: 'effect', step: 0, node: 'a', kind: 'model', attempt: 2, notBefore: run.at + 100 },
    ])
    expect(run.context.error).toBeNull()
    run.end(0, 'failed', retryable)
    expect(run.last.decision?.taken).toBe('a.failed')
    expect(run.context.ending?.error).toEqual(retryable.error)
    expect(run.context.usage).toMatchObject({ modelCalls: 2, outputTokens: 50, estimatedCalls: 1 })
  })

  it('are made of one call while others run', () => {
    const run = startAgent()
    run.end(0, 'done', calls(['c1', 'slow'], ['c2', 'look']))
    run.end(1, 'timeout', retryable)
    expect(run.open).toEqual(['1:a:call/2', '2:a:call/1'])
    expect(run.snapshot.value).toEqual({ a: 'tools' })
    expect(run.last.commands).toMatchObject([{ type: 'effect', step: 1, attempt: 2 }])
    run.end(2, 'done', { result: 2 })
    expect(run.end(1, 'done', { result: 1, attempt: 1 }).type).toBe('stale')
    run.end(1, 'done', { result: 1 })
    expect(run.taken).toEqual(['a:tools', 'a:retry', 'a:item', 'a:model'])
    expect(run.context.usage.toolCalls).toBe(3)
  })

  it('are not made for what will not help, nor beyond the policy', () => {
    const run = startAgent()
    run.end(0, 'done', calls(['c1', 'slow']))
    run.end(1, 'failed', final)
    expect(run.taken).toEqual(['a:tools', 'a:model'])
  })

  it('of a lost model call are made at once, whatever the policy, and charged at what was set aside', () => {
    const run = startAgent({ maxModelCalls: 2, maxOutputTokens: 70, retry: { ...twice, attempts: 1 } })
    run.end(0, 'lost')
    expect(run.context.open[0]).toMatchObject({ attempt: 2 })
    expect(run.context.open[0]?.notBefore).toBeUndefined()
    expect(run.context.usage).toMatchObject({ modelCalls: 1, outputTokens: 70, estimatedCalls: 1 })
    run.end(0, 'lost')
    expect(run.context.ending).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_MODEL_CALLS_USED_UP' } })
  })

  it('of a task count on over the same step, and end with the last failure', () => {
    const retry = { attempts: 3, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 }
    const run = new HandRun(compileFixture({ nodes: { a: { kind: 'task', retry } }, edges: { a: { done: ':end' } } }))
    run.start({})
    for (let attempt = 1; attempt <= 3; attempt++) run.end(0, 'failed', { ...retryable, attempt })
    expect(run.taken).toEqual(['a:retry', 'a:retry', 'a.failed'])
    expect(run.checkpoints.map(({ step }) => step?.attempt ?? null)).toEqual([null, 1, 2, 3])
    expect(run.context.steps).toBe(1)
  })
})

describe('a call whose outcome is unknown', () => {
  it('asks a person while the others go on, and goes on with the answer', () => {
    const run = startAgent()
    run.end(0, 'done', calls(['c1', 'pay'], ['c2', 'look']))
    run.end(1, 'unknown')
    expect(run.open).toEqual(['1:a:resolve/1', '2:a:call/1'])
    expect(run.last.status).toBe('running')
    expect(callsOf(run)).toMatchObject([{ phase: 'asked' }, { phase: 'running' }])
    run.end(2, 'done', { result: 2 })
    expect(run.last.status).toBe('waiting')
    run.decide(1, 'happened', { result: 'paid' })
    expect(run.taken).toEqual(['a:tools', 'a:item', 'a:person', 'a:model'])
    expect(callsOf(run)).toMatchObject([
      { phase: 'done', result: 'paid' },
      { phase: 'done', result: 2 },
    ])
    expect(run.context.usage.toolCalls).toBe(2)
  })

  it('is made again when it did not happen, under the same step, counted and set aside', () => {
    const run = startAgent()
    run.end(0, 'done', calls(['c1', 'pay']))
    run.end(1, 'unknown')
    run.decide(1, 'did-not-happen')
    expect(run.context.open[1]).toEqual({
      node: 'a',
      visit: 1,
      kind: 'call',
      attempt: 2,
      since: run.at,
      tool: 'pay',
      callId: 'c1',
      reserved: { toolCalls: 1 },
    })
    expect(run.last.commands).toEqual([{ type: 'effect', step: 1, node: 'a', kind: 'call', attempt: 2 }])
    expect(callsOf(run)).toMatchObject([{ phase: 'running' }])
    run.end(1, 'done', { result: 'paid' })
    expect(run.taken.at(-1)).toBe('a:model')
  })

  it('is not made again when the tool calls are used up', () => {
    const run = startAgent({}, { limits: { toolCalls: 1 } })
    run.end(0, 'done', calls(['c1', 'pay']))
    run.end(1, 'unknown')
    run.decide(1, 'did-not-happen')
    expect(run.last.decision).toMatchObject({
      taken: 'limits.exhausted',
      limit: { name: 'toolCalls', used: 1, max: 1 },
    })
  })

  it('is told to the model as failed when a person says so', () => {
    const run = startAgent()
    run.end(0, 'done', calls(['c1', 'pay']))
    run.end(1, 'unknown')
    run.decide(1, 'failed', { reason: 'the bank says no' })
    expect(callsOf(run)).toMatchObject([
      { phase: 'done', isError: true, result: 'ada said that it failed: the bank says no' },
    ])
    expect(run.open).toEqual(['2:a:model/1'])
  })

  it('ends the agent as unknown when there is an edge for it, once the others have ended', () => {
    const run = startAgent(
      { outcomes: ['done', 'unknown'] },
      { edges: { a: { done: ':end', unknown: 'help' }, help: { approved: ':end', rejected: ':end' } } },
    )
    run.end(0, 'done', calls(['c1', 'pay'], ['c2', 'look']))
    run.end(1, 'unknown')
    expect(callsOf(run)).toMatchObject([{ phase: 'done', isError: true, isUnknown: true }, { phase: 'running' }])
    run.end(2, 'done', { result: 2 })
    expect(run.last.decision).toMatchObject({ outcome: 'unknown', taken: 'a.unknown', to: 'help' })
    expect(run.context.error).toMatchObject({ code: 'WAYSTONE_NODE_OUTCOME_UNKNOWN' })
    expect(run.open).toEqual(['3:help:approval/1'])
  })
})

describe('reservations', () => {
  it('are all given back when a run has ended', () => {
    const run = startAgent({ maxOutputTokens: 9 }, { limits: { toolCalls: 9, modelCalls: 9 } })
    run.end(0, 'done', { ...calls(['c1', 'slow'], ['c2', 'pay']), usage: {} })
    run.end(1, 'failed', retryable)
    run.end(2, 'unknown')
    run.decide(2, 'did-not-happen')
    run.end(1, 'done', { result: 1 })
    run.end(2, 'done', { result: 1 })
    run.end(3, 'done', { ...answer(), usage: {} })
    const { open, closing, usage }: { open: JsonObject; closing: JsonObject; usage: unknown } = {
      open: run.context.open as unknown as JsonObject,
      closing: run.context.closing as unknown as JsonObject,
      usage: run.context.usage,
    }
    expect({ open, closing }).toEqual({ open: {}, closing: {} })
    expect(usage).toMatchObject({ modelCalls: 2, toolCalls: 4 })
    expect(run.last.left).toEqual({ modelCalls: 7, toolCalls: 5 })
  })
})
