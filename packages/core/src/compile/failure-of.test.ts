import { describe, expect, it } from 'vitest'
import { compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import type { GraphNotation } from '../../test/graphs/graph-fixture.ts'

const error = { name: 'NodeError', code: 'WAYSTONE_NODE_THREW', message: 'no money on card-4242', retryable: true }
const retry = { attempts: 2, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 }

function begun(notation: GraphNotation): HandRun {
  const run = new HandRun(compileFixture(notation))
  run.start()
  run.end(0)
  return run
}

/** `a` and `b` beside each other up to `meet`, which waits 100 ms for both. */
function beside(
  a: object,
  more: { readonly meet?: object; readonly edges?: GraphNotation['edges'] } = {},
): GraphNotation {
  return {
    nodes: {
      plan: 'task',
      a: { kind: 'task', effect: 'pure', ...a },
      b: 'approval',
      meet: { kind: 'join', deadlineMs: 100, ...more.meet },
    },
    edges: {
      plan: { done: { fork: ['a', 'b'], join: 'meet' } },
      a: { done: 'meet' },
      b: { approved: 'meet', rejected: ':fail' },
      meet: { done: ':end', deadline: ':fail' },
      ...more.edges,
    },
  }
}

describe('what a run fails with', () => {
  it("is not an attempt beside it that is tried again: a join's deadline says what it is (R8)", () => {
    const run = begun(beside({ retry }))
    run.end(1, 'failed', { error })
    expect(run.open).toEqual(['1:a:task/2', '2:b:approval/1'])
    run.timer('deadline/1', run.at + 100)
    expect(run.last.decision).toMatchObject({ node: 'meet', outcome: 'deadline', failure: 'timeout' })
    expect(run.context.ending?.error).toEqual({
      name: 'NodeError',
      code: 'WAYSTONE_NODE_FAIL_TAKEN',
      message: 'meet.deadline led to FAIL, by edge meet.deadline of fixture',
      failure: 'timeout',
      retryable: false,
      details: { workflow: 'fixture', node: 'meet', outcome: 'deadline', edge: 'meet.deadline' },
    })
  })

  it('is nothing that was said inside of a group, of no attempt, in nothing that lasts (M3)', () => {
    const run = begun(beside({ retry, group: 'billing' }, { meet: { failed: 'keep' } }))
    run.end(1, 'failed', { error })
    expect(JSON.stringify(run.context)).not.toContain('card-4242')
    run.end(1, 'failed', { error: { ...error, retryable: false } })
    expect(JSON.stringify(run.context)).not.toContain('card-4242')
    run.timer('deadline/1', run.at + 100)
    expect(JSON.stringify(run.context)).not.toContain('card-4242')
    expect(run.context.ending?.error?.details).toMatchObject({
      failed: [
        {
          branch: 'a',
          code: 'WAYSTONE_NODE_THREW',
          message: 'node a of group billing failed; its own checkpoint says how',
        },
      ],
    })
  })

  it('is not an attempt that another model takes over', () => {
    const agent = { kind: 'agent', effect: 'idempotent', fallbacks: [{ model: 'other' }] }
    const run = begun(beside(agent))
    run.end(1, 'failed', { error: { ...error, retryable: false }, fallback: 'failure' })
    expect(run.openStep(1)).toMatchObject({ model: 1 })
    run.timer('deadline/1', run.at + 100)
    expect(run.context.ending?.error?.message).toContain('meet.deadline led to FAIL')
  })

  it('is the error of the branch that failed, where that is why', () => {
    const run = begun(beside({ retry: { ...retry, attempts: 1 } }))
    run.end(1, 'failed', { error })
    expect(run.context.ending?.error).toEqual(error)
    expect(run.last.decision?.next).toMatchObject({ outcome: 'failed', taken: 'meet.failed' })
  })

  it('names node, outcome and edge where only an edge says so, in a branch too', () => {
    const run = begun(beside({}))
    run.decide(2, 'rejected')
    expect(run.context.ending?.error).toMatchObject({
      code: 'WAYSTONE_NODE_FAIL_TAKEN',
      message: 'b.rejected led to FAIL, by edge b.rejected of fixture',
      details: { node: 'b', outcome: 'rejected', edge: 'b.rejected' },
    })
    expect(run.last.decision?.next?.branches?.failed).toMatchObject([
      { branch: 'b', error: { details: { edge: 'b.rejected' } } },
    ])
  })

  it('is not what failed beside it before: of a join that nobody can satisfy, all that failed are told', () => {
    const run = begun(
      beside(
        {},
        { meet: { failed: 'drop' }, edges: { meet: { done: ':end', deadline: ':end', unsatisfied: ':fail' } } },
      ),
    )
    run.end(1, 'failed', { error })
    expect(run.context.ending?.error).toMatchObject({
      failure: 'deadlock',
      message: 'meet.unsatisfied led to FAIL, by edge meet.unsatisfied of fixture',
      details: { failed: [{ branch: 'a', code: 'WAYSTONE_NODE_THREW', message: 'no money on card-4242' }] },
    })
  })

  it('names an edge whose limit was used up', () => {
    const run = new HandRun(
      compileFixture({
        nodes: { look: { kind: 'gate', outcomes: ['again'] } },
        edges: { look: { again: { to: 'look', limit: 1, otherwise: ':fail' } } },
      }),
    )
    run.start()
    run.end(0, 'again')
    run.end(1, 'again')
    expect(run.context.ending?.error?.message).toBe(
      'look.again led to FAIL, since edge look.again of fixture has been taken 1 of 1 times',
    )
  })

  it('is the limit that was hit, whatever failed beside it, also when time is over', () => {
    const limited = (limits: GraphNotation['limits']): HandRun =>
      begun({
        ...beside({}, { meet: { failed: 'keep', deadlineMs: null } }),
        limits: { ...limits, exhausted: ':fail' },
      })
    const timed = limited({ durationMs: 1_000 })
    timed.end(1, 'failed', { error })
    timed.timer('duration', timed.at + 1_000)
    expect(timed.context.ending?.error).toMatchObject({
      code: 'WAYSTONE_NODE_LIMIT_REACHED',
      message: 'limit durationMs (1000) of fixture was hit: limits.exhausted leads to FAIL',
      details: { limit: 'durationMs', max: 1000, edge: 'limits.exhausted' },
    })
  })
})
