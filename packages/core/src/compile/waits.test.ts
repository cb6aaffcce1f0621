import { describe, expect, it } from 'vitest'
import { HandRun, compileFixture } from '../../test/engine/hand-run.ts'
import type { GraphNotation } from '../../test/graphs/graph-fixture.ts'
import type { Json } from '../base/json.ts'
import { commandsFor } from './commands.ts'

/** Two waits for one event beside each other, then one more; `b` by the key that its state has. */
const pair: GraphNotation = {
  state: { who: { schema: { type: 'string' } } },
  input: ['who'],
  nodes: {
    plan: 'task',
    a: { kind: 'wait', events: ['ping'], expiresInMs: 1_000, writes: ['who'] },
    b: { kind: 'wait', events: ['ping', 'pong'], key: { stateKey: 'who' }, reads: ['who'] },
    meet: 'join',
    rest: { kind: 'wait' },
  },
  edges: {
    plan: { done: { fork: ['a', 'b'], join: 'meet' } },
    a: { received: 'meet', expired: 'meet' },
    b: { ping: 'meet', pong: 'meet' },
    meet: { done: 'rest' },
    rest: { done: ':end' },
  },
}

function begin(): HandRun {
  const run = new HandRun(compileFixture(pair))
  run.start({ who: 'bo' })
  run.end(0)
  return run
}

let sent = 0
function send(run: HandRun, event: string, more: { id?: string; key?: string; payload?: Json } = {}): string {
  const { id = `m-${++sent}`, key = null, payload = null } = more
  run.at += 10
  const { type } = run.feedWhole({
    id: `sent/${id}`,
    at: run.at,
    type: 'event.received',
    from: 'caller',
    payload: { message: { event, key, payload } },
  })
  return type
}

describe('an event from outside', () => {
  it('goes to the open wait with the lowest step that takes it', () => {
    const run = begin()
    run.end(2, 'begun', { output: { key: 'bo' } })
    expect(run.open).toEqual(['1:a:wait/1', '2:b:wait/1'])
    expect(send(run, 'ping', { key: 'bo' })).toBe('applied')
    expect(run.open).toEqual(['1:a:receive/1', '2:b:wait/1'])
    expect(run.last).toMatchObject({
      status: 'running',
      decision: { node: 'a', outcome: 'ping', taken: 'a:received', to: null },
      commands: [
        { type: 'clearTimer', timer: 'expire/1' },
        { type: 'effect', step: 1, node: 'a', kind: 'receive', attempt: 1 },
      ],
    })
    expect(send(run, 'ping', { key: 'bo' })).toBe('applied')
    expect(run.open).toEqual(['1:a:receive/1', '2:b:receive/1'])
  })

  it('is kept as a pointer into the stored event, and gone once its wait has ended', () => {
    const run = begin()
    const payload = { note: 'long enough to be found in the text of a checkpoint again' }
    send(run, 'pong', { id: 'one', key: 'bo', payload })
    expect(run.context.received).toEqual({ 'sent/one': { event: 'pong', key: 'bo', payload } })
    expect(run.last.decision).toBeNull()
    expect(run.last.status).toBe('running')
    expect(run.stored.at(-1)?.text.split(payload.note)).toHaveLength(2)
    run.end(2, 'begun', { output: { key: 'bo' } })
    expect(run.open).toEqual(['1:a:wait/1', '2:b:receive/1'])
    expect(run.stored.at(-1)?.text).not.toContain(payload.note)
    run.end(2, 'pong')
    expect(run.context).not.toHaveProperty('received')
  })

  it('is not for a wait with another key, and waits for one that comes later', () => {
    const run = begin()
    run.end(2, 'begun', { output: { key: 'bo' } })
    send(run, 'pong', { key: 'al' })
    expect(run.open).toEqual(['1:a:wait/1', '2:b:wait/1'])
    expect(run.last.status).toBe('waiting')
  })

  it('comes once by its id, also while it is kept', () => {
    const run = begin()
    expect(send(run, 'pong', { id: 'same', key: 'bo' })).toBe('applied')
    expect(send(run, 'pong', { id: 'same', key: 'bo' })).toBe('stale')
  })

  it('is refused when no wait ever takes it, and when 1,000 others wait for their wait', () => {
    const run = begin()
    expect(send(run, 'pang')).toBe('refused')
    expect(send(run, 'pong')).toBe('refused')
    expect(run.plans.slice(-2)).toMatchObject([{ reason: 'not-awaited' }, { reason: 'key-expected' }])
    const many = new HandRun(compileFixture(pair), { isUnchecked: true })
    many.start({ who: 'bo' })
    many.end(0)
    for (let index = 0; index < 1_000; index++) send(many, 'pong', { key: 'al' })
    expect(send(many, 'pong', { key: 'bo' })).toBe('refused')
    expect(many.plans.at(-1)).toMatchObject({ reason: 'too-many-kept' })
    // What a wait takes at once is not kept.
    expect(send(many, 'ping')).toBe('applied')
  })

  it('is refused by a run that has ended', () => {
    const run = begin()
    run.cancel()
    expect(send(run, 'ping')).toBe('refused')
    expect(run.plans.at(-1)).toMatchObject({ reason: 'run-ended' })
  })
})

describe('a wait', () => {
  it('ends by its timer, and takes no effect and no event after that', () => {
    const run = begin()
    expect(run.last.commands).toContainEqual({ type: 'setTimer', timer: 'expire/1', at: run.at + 1_000 })
    expect(run.end(1).type).toBe('stale')
    expect(run.timer('expire/1', run.at + 10).type).toBe('early')
    run.timer('expire/1', run.at + 2_000)
    expect(run.last).toMatchObject({ step: { kind: 'wait', node: 'a' }, decision: { outcome: 'expired' } })
    send(run, 'ping', { key: 'al' })
    expect(run.open).toEqual(['2:b:prepare/1'])
    expect(run.last.decision).toBeNull()
  })

  it('needs nothing but its timer of whoever takes the run over', () => {
    const run = begin()
    run.end(2, 'begun', { output: { key: 'bo' } })
    const { expiresAt } = run.openStep(1)
    expect(commandsFor(run.compiled, run.snapshot)).toEqual([{ type: 'setTimer', timer: 'expire/1', at: expiresAt }])
  })

  it('is closed with the run; what was taken over settles', () => {
    const run = begin()
    send(run, 'ping')
    run.cancel()
    expect(run.open).toEqual([])
    expect(run.last.commands).toEqual([
      { type: 'cancelEffect', step: 1 },
      { type: 'cancelEffect', step: 2 },
    ])
    expect(run.context).not.toHaveProperty('received')
    expect(run.end(1, 'received').type).toBe('late')
  })

  it('waits for time only when it has no event, and ends done', () => {
    const run = begin()
    send(run, 'ping')
    run.end(1, 'received', { patch: { who: 'cy' } })
    run.end(2, 'begun', { output: { key: 'bo' } })
    send(run, 'ping', { key: 'bo' })
    run.end(2, 'ping')
    expect(run.open).toEqual(['3:rest:wait/1'])
    expect(run.state).toEqual({ who: 'cy' })
    run.timer('expire/3', run.at + 60_000)
    expect(run.context.ending).toMatchObject({ status: 'completed' })
  })
})
