import { describe, expect, it } from 'vitest'
import { answer, calls, compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import type { GraphNotation } from '../../test/graphs/graph-fixture.ts'
import { commandsFor } from './commands.ts'

function startRun(notation: GraphNotation): HandRun {
  const run = new HandRun(compileFixture(notation))
  run.start({})
  return run
}

const agent: GraphNotation = {
  nodes: {
    a: { kind: 'agent', tools: ['t'], retry: { attempts: 2, backoffMs: 50, factor: 1, maxBackoffMs: 50, jitter: 0 } },
  },
  edges: { a: { done: ':end' } },
}

const asking: GraphNotation = {
  nodes: { ask: { kind: 'approval', expiresInMs: 1000 }, next: 'task' },
  edges: { ask: { approved: 'next', rejected: ':end', expired: ':end' }, next: { done: 'ask' } },
}

describe('commands of a transition', () => {
  it('start what it opened, and the clock of the run', () => {
    const run = startRun({ ...agent, limits: { durationMs: 5000 } })
    expect(run.last.commands).toEqual([
      { type: 'effect', step: 0, node: 'a', kind: 'model', attempt: 1 },
      { type: 'setTimer', timer: 'duration', at: run.at + 5000 },
    ])
  })

  it('ask nobody and start nothing for a person, but set the expiry', () => {
    const run = startRun(asking)
    expect(run.last.commands).toEqual([{ type: 'setTimer', timer: 'expire/0', at: run.at + 1000 }])
  })

  it('clear the expiry of what has been decided, and set that of the next visit under its own name', () => {
    const run = startRun(asking)
    run.decide(0, 'approved')
    expect(run.last.commands).toEqual([
      { type: 'clearTimer', timer: 'expire/0' },
      { type: 'effect', step: 1, node: 'next', kind: 'task', attempt: 1 },
    ])
    run.end(1)
    expect(run.last.commands).toEqual([{ type: 'setTimer', timer: 'expire/2', at: run.at + 1000 }])
  })

  it('abort what is cancelled and finish only when all of it has settled', () => {
    const run = startRun({ ...agent, limits: { durationMs: 5000 } })
    run.end(0, 'done', calls(['c1', 't'], ['c2', 't']))
    run.cancel()
    expect(run.last.commands).toEqual([
      { type: 'cancelEffect', step: 1 },
      { type: 'cancelEffect', step: 2 },
      { type: 'clearTimer', timer: 'duration' },
    ])
    run.end(2)
    expect(run.last.commands).toEqual([])
    run.end(1)
    expect(run.last.commands).toEqual([{ type: 'finish', status: 'cancelled' }])
  })

  it('abort nothing that only waits for a person', () => {
    const run = startRun(asking)
    run.cancel()
    expect(run.last.commands).toEqual([
      { type: 'clearTimer', timer: 'expire/0' },
      { type: 'finish', status: 'cancelled' },
    ])
  })

  it('clear the clock of the run when a limit of the workflow was hit, and when the run ends', () => {
    const run = startRun({
      nodes: { a: 'task', b: 'task' },
      edges: { a: { done: 'a' }, b: { done: ':end' } },
      limits: { steps: 1, durationMs: 5000, exhausted: 'b' },
    })
    run.end(0)
    expect(run.last.commands).toContainEqual({ type: 'clearTimer', timer: 'duration' })
    run.end(1)
    expect(run.last.commands).toEqual([{ type: 'finish', status: 'completed' }])
  })
})

describe('hold and release', () => {
  it('withhold what a held run would start, and start all of it on release', () => {
    const run = startRun(agent)
    run.hold()
    expect(run.last).toMatchObject({ status: 'held', decision: null, step: null, commands: [] })
    run.end(0, 'done', calls(['c1', 't'], ['c2', 't']))
    expect(run.last).toMatchObject({ status: 'held', commands: [] })
    run.release()
    expect(run.last.status).toBe('running')
    expect(run.last.commands).toEqual(commandsFor(run.compiled, run.snapshot))
    expect(run.last.commands).toEqual([
      { type: 'effect', step: 1, node: 'a', kind: 'call', attempt: 1 },
      { type: 'effect', step: 2, node: 'a', kind: 'call', attempt: 1 },
    ])
  })

  it('withhold attempts too, and remember when they may begin', () => {
    const run = startRun(agent)
    run.hold()
    run.end(0, 'failed', { error: { name: 'NodeError', code: 'X', message: 'x', retryable: true } })
    const notBefore = run.at + 50
    expect(run.last.commands).toEqual([])
    run.release()
    expect(run.last.commands).toEqual([{ type: 'effect', step: 0, node: 'a', kind: 'model', attempt: 2, notBefore }])
  })

  it('go on setting timers, so that an approval expires while the run is held', () => {
    const run = startRun({
      ...asking,
      edges: { ...asking.edges, ask: { approved: ':end', rejected: ':end', expired: 'next' } },
    })
    run.hold()
    expect(run.timer('expire/0', run.at + 1000).type).toBe('applied')
    expect(run.last).toMatchObject({ status: 'held', commands: [{ type: 'clearTimer', timer: 'expire/0' }] })
    run.release()
    expect(run.last.commands).toEqual([{ type: 'effect', step: 1, node: 'next', kind: 'task', attempt: 1 }])
  })

  it('let a held run end, finish and be cancelled', () => {
    const ended = startRun(agent)
    ended.hold()
    ended.end(0, 'done', answer())
    expect(ended.last).toMatchObject({ status: 'completed', commands: [{ type: 'finish', status: 'completed' }] })
    expect(ended.release()).toMatchObject({ type: 'refused', reason: 'run-ended' })
    const cancelled = startRun(agent)
    cancelled.hold()
    cancelled.cancel()
    expect(cancelled.last).toMatchObject({ status: 'cancelled', commands: [{ type: 'cancelEffect', step: 0 }] })
    cancelled.end(0, 'unknown')
    expect(cancelled.last.commands).toEqual([{ type: 'finish', status: 'cancelled' }])
  })
})

describe('commandsFor', () => {
  it('asks for everything that is open, also attempts, timers and the clock of the run', () => {
    const run = startRun({ ...asking, limits: { durationMs: 9000 } })
    const began = run.at
    expect(commandsFor(run.compiled, run.snapshot)).toEqual([
      { type: 'setTimer', timer: 'expire/0', at: began + 1000 },
      { type: 'setTimer', timer: 'duration', at: began + 9000 },
    ])
    const retried = startRun(agent)
    retried.end(0, 'failed', { error: { name: 'NodeError', code: 'X', message: 'x', retryable: true } })
    expect(commandsFor(retried.compiled, retried.snapshot)).toEqual(retried.last.commands)
  })

  it('asks for nothing when the run has ended', () => {
    const run = startRun(agent)
    run.cancel()
    expect(commandsFor(run.compiled, run.snapshot)).toEqual([])
  })
})
