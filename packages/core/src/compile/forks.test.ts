import { describe, expect, it } from 'vitest'
import { HandRun, compileFixture } from '../../test/engine/hand-run.ts'
import type { GraphNotation, NodeNotation } from '../../test/graphs/graph-fixture.ts'

const lists = { notes: { merge: { rule: 'append', key: null }, schema: { type: 'array' } } } as const

/** `plan` forks into tasks a, b, c, which meet at `meet`. */
function threeBranches(join: Partial<Extract<NodeNotation, { kind: 'join' }>> = {}): GraphNotation {
  const writes = { kind: 'task', effect: 'pure', writes: ['notes'] } as const
  return {
    state: lists,
    nodes: { plan: 'task', a: writes, b: writes, c: writes, meet: { kind: 'join', ...join }, last: 'task' },
    edges: {
      plan: { done: { fork: ['a', 'b', 'c'], join: 'meet' } },
      a: { done: 'meet' },
      b: { done: 'meet' },
      c: { done: 'meet' },
      meet: {
        done: 'last',
        ...(join.failed === 'drop' ? { unsatisfied: ':end' } : {}),
        ...(join.deadlineMs ? { deadline: ':end' } : {}),
      },
      last: { done: ':end' },
    },
  }
}

function begin(notation: GraphNotation): HandRun {
  const run = new HandRun(compileFixture(notation))
  run.start()
  run.end(0)
  return run
}

describe('a fork', () => {
  it('starts the first node of every branch at once, steps in branch order (G7)', () => {
    const run = begin(threeBranches())
    expect(run.open).toEqual(['1:a:task/1', '2:b:task/1', '3:c:task/1'])
    expect(run.snapshot.value).toEqual({ ':fork:meet': { ':a': 'a', ':b': 'b', ':c': 'c' } })
    expect(run.last.decision).toMatchObject({ taken: 'plan.done', to: ':fork' })
    expect(run.context.forks?.['meet']).toEqual({
      step: 1,
      since: run.at,
      branches: { a: 'running', b: 'running', c: 'running' },
    })
  })

  it('waits for all, then goes on in the transition of the last; lists are in branch order (G7)', () => {
    const run = begin(threeBranches())
    run.end(3, 'done', { patch: { notes: ['c'] } })
    expect(run.last.decision).toMatchObject({
      taken: 'c.done',
      to: 'meet',
      arrival: { join: 'meet', branch: 'c', isFailure: false, joined: 1, needed: 3, fires: null },
    })
    run.end(1, 'done', { patch: { notes: ['a1', 'a2'] } })
    expect(run.state).toEqual({ notes: ['c', 'a1', 'a2'] })
    run.end(2, 'done', { patch: { notes: ['b'] } })
    expect(run.state).toEqual({ notes: ['a1', 'a2', 'b', 'c'] })
    expect(run.open).toEqual(['4:last:task/1'])
    expect(run.snapshot.value).toBe('last')
    expect(run.context.forks).toBeUndefined()
    expect(run.last.decision?.next).toEqual({
      node: 'meet',
      visit: 1,
      outcome: 'done',
      candidates: [{ edge: 'meet.done', verdict: 'taken' }],
      taken: 'meet.done',
      to: 'last',
      branches: { joined: ['a', 'b', 'c'], failed: [], left: [], moved: { notes: { from: 0, order: [1, 2, 3, 0] } } },
    })
  })

  it('has no lockstep: what follows in a branch begins when what is before it there has ended (G7)', () => {
    const run = begin({
      nodes: { plan: 'task', a: 'task', a2: 'task', a3: 'task', b: 'task', meet: { kind: 'join' } },
      edges: {
        plan: { done: { fork: ['a', 'b'], join: 'meet' } },
        a: { done: 'a2' },
        a2: { done: 'a3' },
        a3: { done: 'meet' },
        b: { done: 'meet' },
        meet: { done: ':end' },
      },
    })
    run.end(1)
    expect(run.open).toEqual(['2:b:task/1', '3:a2:task/1'])
    run.end(3)
    expect(run.open).toEqual(['2:b:task/1', '4:a3:task/1'])
    run.end(4)
    expect(run.open).toEqual(['2:b:task/1'])
    expect(run.last.status).toBe('running')
    run.end(2)
    expect(run.last.status).toBe('completed')
  })

  it('fires once: what comes after is late and writes nothing (G7, T7)', () => {
    const run = begin(threeBranches({ atLeast: 2 }))
    run.end(1, 'done', { patch: { notes: ['a'] } })
    run.end(3, 'done', { patch: { notes: ['c'] } })
    expect(run.open).toEqual(['4:last:task/1'])
    expect(run.last.commands).toEqual([
      { type: 'cancelEffect', step: 2 },
      { type: 'effect', step: 4, node: 'last', kind: 'task', attempt: 1 },
    ])
    expect(run.last.decision?.next?.branches).toEqual({ joined: ['a', 'c'], failed: [], left: ['b'] })
    expect(run.end(2, 'done', { patch: { notes: ['b'] } }).type).toBe('late')
    expect(run.state).toEqual({ notes: ['a', 'c'] })
    run.end(4)
    expect(run.last.status).toBe('completed')
  })

  it('lets losers finish when it says so', () => {
    const run = begin(threeBranches({ atLeast: 1, losers: 'finish' }))
    run.end(2)
    expect(run.last.commands.map(({ type }) => type)).toEqual(['leaveEffect', 'leaveEffect', 'effect'])
    expect(run.end(1, 'done', { patch: { notes: ['a'] } }).type).toBe('late')
    expect(run.state).toEqual({})
  })

  it('raises: a branch that fails fails the fork at once (R5)', () => {
    const run = begin(threeBranches())
    run.end(2, 'failed', { error: { name: 'NodeError', code: 'X', message: 'broken', retryable: false } })
    expect(run.last.status).toBe('failed')
    expect(run.last.decision).toMatchObject({
      arrival: { isFailure: true, fires: 'failed' },
      next: { outcome: 'failed' },
    })
    expect(run.context.ending?.error?.message).toBe('broken')
    expect(Object.keys(run.context.closing)).toEqual(['1', '3'])
  })

  it('keeps: a failure counts, and is told to whoever hears the join (R5)', () => {
    const run = begin(threeBranches({ failed: 'keep' }))
    run.end(1, 'done', { patch: { notes: ['a'] } })
    run.end(2, 'failed', { error: { name: 'NodeError', code: 'X', message: 'broken', retryable: false } })
    run.end(3, 'done', { patch: { notes: ['c'] } })
    expect(run.open).toEqual(['4:last:task/1'])
    expect(run.state).toEqual({ notes: ['a', 'c'] })
    expect(run.last.decision?.next?.branches?.failed).toMatchObject([{ branch: 'b', error: { message: 'broken' } }])
    expect(run.context.verdicts['meet']).toEqual({
      outcome: 'done',
      reasons: [{ branch: 'b', code: 'X', message: 'broken' }],
    })
  })

  it('drops: a failure does not count, and too few left fire unsatisfied at once (R6)', () => {
    const run = begin(threeBranches({ failed: 'drop', atLeast: 2 }))
    run.end(1, 'failed')
    expect(run.open).toEqual(['2:b:task/1', '3:c:task/1'])
    run.end(3, 'failed')
    expect(run.last.decision).toMatchObject({ arrival: { fires: 'unsatisfied' }, next: { outcome: 'unsatisfied' } })
    expect(run.last.status).toBe('completed')
  })

  it('fires at its deadline with whoever has joined', () => {
    const run = begin(threeBranches({ deadlineMs: 1000 }))
    const until = run.context.forks?.['meet']?.until ?? 0
    expect(run.last.commands.at(-1)).toEqual({ type: 'setTimer', timer: 'deadline/1', at: until })
    run.end(2, 'done', { patch: { notes: ['b'] } })
    expect(run.timer('deadline/1', until - 500).type).toBe('early')
    run.timer('deadline/1', until)
    expect(run.last.decision).toMatchObject({ node: 'meet', outcome: 'deadline', branches: { left: ['a', 'c'] } })
    expect(run.last.status).toBe('completed')
    expect(run.timer('deadline/1', until).type).toBe('refused')
  })
})
