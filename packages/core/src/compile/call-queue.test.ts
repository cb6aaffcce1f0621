import { describe, expect, it } from 'vitest'
import { answer, calls, compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import type { GraphNotation, NodeNotation } from '../../test/graphs/graph-fixture.ts'

const four = calls(['c1', 'look'], ['c2', 'look'], ['c3', 'look'], ['c4', 'look'])

function startAgent(
  limits: GraphNotation['limits'],
  agent: Partial<Extract<NodeNotation, { readonly kind: 'agent' }>> = {},
): HandRun {
  const run = new HandRun(
    compileFixture({
      tools: { look: 'pure', pay: 'unsafe' },
      nodes: { a: { kind: 'agent', tools: ['look', 'pay'], writes: ['n'], ...agent }, help: 'approval' },
      edges: { a: { done: ':end' }, help: { approved: ':end', rejected: ':fail' } },
      ...(limits !== undefined && { limits }),
    }),
  )
  run.start({})
  return run
}

function phases(run: HandRun): readonly string[] {
  const last = run.context.private['a']?.entries.at(-1)
  return last !== undefined && 'type' in last && last.type === 'results' ? last.calls.map(({ phase }) => phase) : []
}

describe('tool calls of one answer', () => {
  it('that race for what a limit leaves run in order as far as it goes; then the limit takes its edge (B2)', () => {
    const run = startAgent({ toolCalls: 3, exhausted: 'help' })
    run.end(0, 'done', four)
    expect(phases(run)).toEqual(['running', 'running', 'running', 'queued'])
    expect(run.open).toEqual(['1:a:call/1', '2:a:call/1', '3:a:call/1'])
    run.end(2, 'done', { result: 2 })
    run.end(1, 'done', { result: 1 })
    expect(run.taken).toEqual(['a:tools', 'a:item', 'a:item'])
    expect(run.open).toEqual(['3:a:call/1'])
    run.end(3, 'done', { result: 3 })
    expect(run.last.decision).toMatchObject({
      taken: 'limits.exhausted',
      candidates: [{ edge: 'a:item', verdict: 'exhausted' }],
      limit: { name: 'toolCalls', used: 3, max: 3 },
    })
    expect(run.open).toEqual(['4:help:approval/1'])
    expect(run.context.usage.toolCalls).toBe(3)
  })

  it('count as steps before they are opened', () => {
    const run = startAgent({ steps: 3 })
    run.end(0, 'done', four)
    expect(phases(run)).toEqual(['running', 'running', 'queued', 'queued'])
    run.end(1, 'done', { result: 1 })
    run.end(2, 'done', { result: 2 })
    expect(run.last.status).toBe('exhausted')
    expect(run.context.ending).toMatchObject({ limit: 'steps' })
  })

  it('run no more side by side than maxParallelCalls says, each opened when one before has ended', () => {
    const run = startAgent(undefined, { maxParallelCalls: 2 })
    run.end(0, 'done', four)
    expect(phases(run)).toEqual(['running', 'running', 'queued', 'queued'])
    expect(run.last.commands.map((command) => command.type === 'effect' && command.step)).toEqual([1, 2])
    run.end(2, 'done', { result: 2 })
    expect(phases(run)).toEqual(['running', 'done', 'running', 'queued'])
    expect(run.last.commands).toEqual([{ type: 'effect', step: 3, node: 'a', kind: 'call', attempt: 1 }])
    run.end(1, 'done', { result: 1 })
    run.end(4, 'done', { result: 4 })
    expect(run.open).toEqual(['3:a:call/1'])
    run.end(3, 'done', { result: 3 })
    expect(phases(run)).toEqual(['done', 'done', 'done', 'done'])
    expect(run.open).toEqual(['5:a:model/1'])
    run.end(5, 'done', answer({ n: 1 }))
    expect(run.last.status).toBe('completed')
  })

  it('give their place to the next also when they fail, and while a person is asked about one', () => {
    const run = startAgent(undefined, { maxParallelCalls: 1 })
    run.end(0, 'done', calls(['c1', 'pay'], ['c2', 'look'], ['c3', 'look']))
    run.end(1, 'unknown')
    expect(phases(run)).toEqual(['asked', 'running', 'queued'])
    run.end(2, 'failed', {
      error: { name: 'NodeError', code: 'WAYSTONE_NODE_THREW', message: 'broken', retryable: false },
    })
    expect(phases(run)).toEqual(['asked', 'done', 'running'])
    run.end(3, 'done', { result: 3 })
    expect(run.last.status).toBe('waiting')
    run.decide(1, 'did-not-happen')
    expect(phases(run)).toEqual(['running', 'done', 'done'])
    run.end(1, 'done', { result: 1 })
    expect(run.open).toEqual(['4:a:model/1'])
  })

  it('are not opened any more when the agent is about to end because nobody knows what became of one', () => {
    const run = new HandRun(
      compileFixture({
        tools: { pay: 'unsafe' },
        nodes: { a: { kind: 'agent', tools: ['pay'], maxParallelCalls: 2 } },
        edges: { a: { done: ':end', unknown: ':end' } },
      }),
    )
    run.start({})
    run.end(0, 'done', calls(['c1', 'pay'], ['c2', 'pay'], ['c3', 'pay']))
    run.end(1, 'unknown')
    expect(phases(run)).toEqual(['done', 'running', 'queued'])
    run.end(2, 'done', { result: 2 })
    expect(run.taken.at(-1)).toBe('a.unknown')
    expect(run.context.steps).toBe(3)
  })

  it('that still wait are told so when an agent that continues comes back', () => {
    const run = new HandRun(
      compileFixture({
        tools: { look: 'pure' },
        nodes: { a: { kind: 'agent', tools: ['look'], memory: 'continue' } },
        edges: { a: { done: ':end' } },
        limits: { toolCalls: 1, exhausted: 'a' },
      }),
    )
    run.start({})
    run.end(0, 'done', calls(['c1', 'look'], ['c2', 'look']))
    run.end(1, 'done', { result: 1 })
    expect(run.taken.at(-1)).toBe('limits.exhausted')
    const results = run.context.private['a']?.entries.find((entry) => 'type' in entry && entry.type === 'results')
    expect(results).toMatchObject({
      calls: [
        { phase: 'done', result: 1 },
        { phase: 'done', result: 'not finished', isError: true },
      ],
    })
  })
})
