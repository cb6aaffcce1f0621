import { describe, expect, it, vi } from 'vitest'
import { answer, calls, compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import type { GraphNotation } from '../../test/graphs/graph-fixture.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { nodeError } from '../errors/node-error.ts'
import type { Slice } from '../graph/registry.ts'

type Guards = { readonly [name: string]: (slice: Slice) => unknown }

function startRun(notation: GraphNotation, input: JsonObject = {}, guards: Guards = {}): HandRun {
  const run = new HandRun(compileFixture(notation, { guards: new Map(Object.entries(guards)) }))
  run.start(input)
  return run
}

const isBig = ({ n }: Slice): boolean => typeof n === 'number' && n > 2

describe('route', () => {
  it('takes the first edge whose guard holds, and says what it read (O3)', () => {
    const notation: GraphNotation = {
      guards: { isBig: ['n'], isOdd: ['n'] },
      nodes: { ask: { kind: 'task', writes: ['n'] }, odd: 'task', big: 'task' },
      edges: {
        ask: {
          done: [{ when: '!isBig', to: ':end' }, { when: 'isOdd', to: 'odd' }, { when: 'isBig', to: 'big' }, ':fail'],
        },
      },
    }
    const isOdd = ({ n }: Slice): boolean => Number(n) % 2 === 1
    const run = startRun(notation, {}, { isBig, isOdd })
    run.end(0, 'done', { patch: { n: 4 } })
    expect(run.last.decision).toEqual({
      node: 'ask',
      visit: 1,
      outcome: 'done',
      candidates: [
        { edge: 'ask.done.0', verdict: 'guard', guards: [{ guard: 'isBig', result: true, read: { n: 4 } }] },
        { edge: 'ask.done.1', verdict: 'guard', guards: [{ guard: 'isOdd', result: false, read: { n: 4 } }] },
        { edge: 'ask.done.2', verdict: 'taken', guards: [{ guard: 'isBig', result: true, read: { n: 4 } }] },
        { edge: 'ask.done.3', verdict: 'later' },
      ],
      taken: 'ask.done.2',
      to: 'big',
    })
    expect(run.open).toEqual(['1:big:task/1'])
  })

  it('takes the default when no guard holds', () => {
    const notation: GraphNotation = {
      nodes: { a: 'task', b: 'task' },
      edges: { a: { done: [{ when: 'isBig', to: ':fail' }, 'b'] } },
    }
    const run = startRun(notation, {}, { isBig: () => false })
    run.end(0)
    expect(run.taken).toEqual(['a.done.1'])
  })

  it('runs each guard at most once per plan, over the state after the patch', () => {
    const guard = vi.fn<(slice: Slice) => boolean>(({ n }) => n === 1)
    const notation: GraphNotation = {
      guards: { g: ['n'] },
      nodes: { a: { kind: 'task', writes: ['n'] }, b: 'task' },
      edges: {
        a: {
          done: [
            { when: '!g', to: ':fail' },
            { when: { all: [{ guard: 'g' }, { not: { guard: 'g' } }] }, to: ':fail' },
            { when: 'g', to: 'b' },
            ':fail',
          ],
        },
      },
    }
    const run = startRun(notation, {}, { g: guard })
    run.end(0, 'done', { patch: { n: 1 } })
    expect(run.taken).toEqual(['a.done.2'])
    // A HandRun plans every event twice.
    expect(guard).toHaveBeenCalledTimes(2)
  })

  it('ends a run that no edge fits as failed, and names each guard and its value (G2)', () => {
    const notation: GraphNotation = {
      guards: { isBig: ['n'], isOdd: ['n', 'name'] },
      nodes: { ask: { kind: 'task', writes: ['n'] } },
      edges: {
        ask: {
          done: [
            { when: 'isBig', to: ':end' },
            { when: { all: [{ not: { guard: 'isBig' } }, { guard: 'isOdd' }] }, to: ':end' },
          ],
        },
      },
    }
    const run = startRun(notation, { name: 'x'.repeat(150) }, { isBig: () => false, isOdd: () => false })
    run.end(0, 'done', { patch: { n: 2 } })
    expect(run.context.ending).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_NO_ROUTE' } })
    expect(run.context.ending?.error?.message).toMatchInlineSnapshot(
      `"no edge of ask.done could be taken; tried ask.done.0 (isBig: isBig=false of {"n":2}); ask.done.1 (!isBig && isOdd: isBig=false of {"n":2}, isOdd=false of {"n":2,"name":{"$state":"name"}}); allowed is a last edge without guard"`,
    )
    expect(run.last.decision).toMatchObject({ taken: ':no-route', to: ':fail' })
  })

  it('ends a run whose outcome has no edges at all', () => {
    const run = startRun({ nodes: { a: 'task' }, edges: { a: { done: ':end' } } })
    run.end(0, 'surprise')
    expect(run.context.ending?.error?.message).toContain(
      'no edge of a.surprise could be taken; tried none, since it has no edges',
    )
  })

  it.each<readonly [what: string, guard: () => unknown, message: string]>([
    [
      'throws',
      () => {
        throw new RangeError('oops')
      },
      'threw: oops',
    ],
    ['promises', () => Promise.resolve(true), 'returned a promise'],
  ])('fails a run whose guard %s, recorded as guard-error', (_what, guard, message) => {
    const notation: GraphNotation = {
      nodes: { a: { kind: 'task', writes: ['n'] } },
      edges: { a: { done: [{ when: 'fine', to: ':end' }, { when: 'bad', to: ':end' }, ':end'] } },
    }
    const run = startRun(notation, {}, { fine: () => false, bad: guard })
    run.end(0, 'done', { patch: { n: 1 } })
    expect(run.context.ending).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_GUARD_ERROR' } })
    expect(run.context.ending?.error?.message).toContain(message)
    expect(run.last.decision).toMatchObject({
      taken: ':guard-error',
      to: ':fail',
      candidates: [{ edge: 'a.done.0', verdict: 'guard' }],
    })
    expect(run.state).toEqual({ n: 1 })
  })

  it('fails a run whose reducer throws, and leaves the state as it was', () => {
    const notation: GraphNotation = {
      state: { n: { merge: { rule: 'reducer', name: 'bad', version: 1 } } },
      nodes: { a: { kind: 'task', writes: ['n'] } },
      edges: { a: { done: ':end' } },
    }
    for (const [reducer, code] of [
      [
        (): Json => {
          throw new RangeError('oops')
        },
        'WAYSTONE_NODE_REDUCER_ERROR',
      ],
      [(): unknown => new Date(0), 'WAYSTONE_INPUT_NOT_JSON'],
      [
        (): Json => {
          throw nodeError('WAYSTONE_NODE_THREW', 'mine', { details: { at: 1n } })
        },
        'WAYSTONE_NODE_THREW',
      ],
    ] as const) {
      const run = new HandRun(compileFixture(notation, { reducers: new Map([['n', reducer]]) }))
      run.start({ n: 1 })
      run.end(0, 'done', { patch: { n: 2 } })
      expect(run.context.ending).toMatchObject({ status: 'failed', error: { code } })
      expect(run.state).toEqual({ n: 1 })
      expect(run.taken).toEqual([':guard-error'])
    }
  })
})

const loop: GraphNotation = {
  nodes: { work: 'task', look: { kind: 'gate', outcomes: ['good', 'bad'] }, person: 'approval' },
  edges: {
    work: { done: 'look' },
    look: { good: ':end', bad: [{ to: 'work', limit: 2 }, 'person'] },
    person: { approved: ':end', rejected: ':fail' },
  },
}

/** Ends every open effect once, in order. */
function endAll(run: HandRun, outcome: (node: string) => string): void {
  for (const [index, step] of Object.entries(run.context.open)) run.end(Number(index), outcome(step.node))
}

const alwaysBad = (node: string): string => (node === 'look' ? 'bad' : 'done')

describe('edge limits', () => {
  it('let an edge be taken so often and then try the next one (G6)', () => {
    const run = startRun(loop)
    for (let count = 0; count < 6; count++) endAll(run, alwaysBad)
    expect(run.taken).toEqual(['work.done', 'look.bad.0', 'work.done', 'look.bad.0', 'work.done', 'look.bad.1'])
    expect(run.last.decision?.candidates).toEqual([
      { edge: 'look.bad.0', verdict: 'limit', limit: { used: 2, max: 2 } },
      { edge: 'look.bad.1', verdict: 'taken' },
    ])
  })

  it('take otherwise as often as it comes, without counting it (G6)', () => {
    const notation: GraphNotation = {
      nodes: { a: { kind: 'gate', outcomes: ['again'] }, b: { kind: 'gate', outcomes: ['back'] } },
      edges: { a: { again: { to: 'a', limit: 1, otherwise: 'b' } }, b: { back: 'a' } },
    }
    const run = startRun(notation)
    for (let count = 0; count < 6; count++) endAll(run, (node) => (node === 'a' ? 'again' : 'back'))
    expect(run.taken).toEqual([
      'a.again',
      'a.again:otherwise',
      'b.back',
      'a.again:otherwise',
      'b.back',
      'a.again:otherwise',
    ])
    expect(run.context.taken).toEqual({ 'a.again': 1 })
    expect(run.last.decision?.candidates).toEqual([
      { edge: 'a.again', verdict: 'otherwise', limit: { used: 1, max: 1 } },
    ])
  })

  it('never take an edge with limit 0', () => {
    const notation: GraphNotation = {
      nodes: { a: 'task' },
      edges: { a: { done: { to: 'a', limit: 0, otherwise: ':end' } } },
    }
    const run = startRun(notation)
    run.end(0)
    expect(run.taken).toEqual(['a.done:otherwise'])
  })

  it('are set back when the node they count per is entered, a node entered again by itself included', () => {
    const notation: GraphNotation = {
      nodes: { outer: 'task', inner: { kind: 'gate', outcomes: ['again'] } },
      edges: {
        outer: { done: 'inner' },
        inner: { again: [{ to: 'inner', limit: { max: 1, per: 'outer' } }, { to: 'outer', limit: 1 }, ':end'] },
      },
    }
    const run = startRun(notation)
    for (let count = 0; count < 7 && run.context.ending === null; count++)
      endAll(run, (node) => (node === 'inner' ? 'again' : 'done'))
    expect(run.taken).toEqual([
      'outer.done',
      'inner.again.0',
      'inner.again.1',
      'outer.done',
      'inner.again.0',
      'inner.again.2',
    ])
    expect(run.last.status).toBe('completed')
    const self: GraphNotation = {
      nodes: { a: 'task' },
      edges: { a: { done: { to: 'a', limit: { max: 1, per: 'a' }, otherwise: ':end' } } },
    }
    const forever = startRun(self)
    for (let count = 0; count < 5; count++) endAll(forever, () => 'done')
    expect(forever.taken).toEqual(Array.from({ length: 5 }, () => 'a.done'))
    expect(forever.context.visits).toEqual({ a: 6 })
  })

  it('end in no-route when nothing is left (G2)', () => {
    const run = startRun({ nodes: { a: 'task' }, edges: { a: { done: { to: 'a', limit: 1 } } } })
    run.end(0)
    run.end(1)
    expect(run.context.ending?.error?.message).toContain('tried a.done (taken 1 of 1 times)')
  })
})

describe('limits of the workflow', () => {
  const chain = (limits: GraphNotation['limits']): GraphNotation => ({
    nodes: { a: 'task', b: 'task', last: 'task' },
    edges: { a: { done: 'b' }, b: { done: 'b' }, last: { done: 'a' } },
    ...(limits !== undefined && { limits }),
  })

  it.each([
    [':exhausted', 'exhausted'],
    [':end', 'completed'],
    [':fail', 'failed'],
  ])('end the run when exhausted leads to %s', (exhausted, status) => {
    const run = startRun(chain({ steps: 2, exhausted }))
    run.end(0)
    run.end(1)
    expect(run.last.status).toBe(status)
    expect(run.last.decision).toEqual({
      node: 'b',
      visit: 1,
      outcome: 'done',
      candidates: [{ edge: 'b.done', verdict: 'exhausted' }],
      taken: 'limits.exhausted',
      to: exhausted,
      limit: { name: 'steps', used: 2, max: 2 },
    })
    expect(run.context.exhausted).toMatchObject({ limit: 'steps' })
    const { code, message } = run.context.ending?.error ?? {}
    expect(code).toBe(status === 'failed' ? 'WAYSTONE_NODE_LIMIT_REACHED' : undefined)
    expect(message).toBe(
      status === 'failed'
        ? 'limit steps (2) of fixture was hit, as b.done was to lead on: limits.exhausted leads to FAIL'
        : undefined,
    )
    expect(run.last.commands).toEqual([{ type: 'finish', status }])
  })

  it('lead to a node, once; from then on they stop nothing', () => {
    const run = startRun(chain({ steps: 2, exhausted: 'last' }))
    for (let step = 0; step < 5; step++) run.end(step)
    expect(run.taken).toEqual(['a.done', 'limits.exhausted', 'last.done', 'a.done', 'b.done'])
    expect(run.last.status).toBe('running')
    expect(run.last.left).toEqual({ steps: 0 })
  })

  it('lead into the very node that the run is in', () => {
    const notation: GraphNotation = {
      nodes: { a: 'task' },
      edges: { a: { done: 'a' } },
      limits: { steps: 1, exhausted: 'a' },
    }
    const run = startRun(notation)
    run.end(0)
    expect(run.open).toEqual(['1:a:task/1'])
    expect(run.context.visits).toEqual({ a: 2 })
    expect(run.last.commands).toEqual([{ type: 'effect', step: 1, node: 'a', kind: 'task', attempt: 1 }])
  })

  it('do not stand in the way of an end', () => {
    const run = startRun({ nodes: { a: 'task' }, edges: { a: { done: ':end' } }, limits: { steps: 1 } })
    run.end(0)
    expect(run.last.status).toBe('completed')
  })

  it('stop an agent between model and tools when no call may be made', () => {
    const notation: GraphNotation = {
      nodes: { a: { kind: 'agent', tools: ['t'] }, help: 'approval' },
      edges: { a: { done: ':end' }, help: { approved: ':end', rejected: ':fail' } },
      limits: { toolCalls: 0, exhausted: 'help' },
    }
    const run = startRun(notation)
    run.end(0, 'done', calls(['c1', 't'], ['c2', 't']))
    expect(run.taken).toEqual(['limits.exhausted'])
    expect(run.last.decision).toMatchObject({
      candidates: [{ edge: 'a:tools', verdict: 'exhausted' }],
      limit: { name: 'toolCalls', used: 0, max: 0 },
    })
    expect(run.open).toEqual(['1:help:approval/1'])
    expect(run.context.steps).toBe(2)
  })

  it('stop a retry, a repair and a next turn', () => {
    const agent: GraphNotation = {
      nodes: {
        a: { kind: 'agent', tools: ['t'], retry: { attempts: 3, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 } },
      },
      edges: { a: { done: ':end' } },
      limits: { modelCalls: 1 },
    }
    const error = { name: 'NodeError', code: 'X', message: 'x', retryable: true }
    const retry = startRun(agent)
    retry.end(0, 'failed', { error })
    const repair = startRun(agent)
    repair.end(0, 'done', { ...answer(), misfit: ['no'] })
    const turn = startRun(agent)
    turn.end(0, 'done', calls(['c1', 't']))
    turn.end(1, 'done', { result: 1 })
    expect([retry, repair, turn].map((run) => [run.last.status, run.last.decision?.candidates[0]?.edge])).toEqual([
      ['exhausted', 'a:retry'],
      ['exhausted', 'a:repair'],
      ['exhausted', 'a:model'],
    ])
  })
})

describe('implicit edges', () => {
  it('lead from failed and timeout to FAIL, with what failed', () => {
    for (const outcome of ['failed', 'timeout']) {
      const run = startRun({
        nodes: { a: { kind: 'task', effect: 'pure', timeoutMs: 5 } },
        edges: { a: { done: ':end' } },
      })
      const error = { name: 'NodeError', code: 'X', message: outcome, retryable: false }
      run.end(0, outcome, { error, patch: {} })
      expect(run.context.ending).toMatchObject({ status: 'failed', error })
    }
  })

  it('ask a person about an unknown outcome, in the node, with nothing set aside', () => {
    const run = startRun({ tools: { pay: 'unsafe' }, nodes: { pay: 'tool' }, edges: { pay: { done: ':end' } } })
    run.end(0, 'unknown')
    expect(run.last.decision).toMatchObject({
      taken: 'pay.unknown',
      to: ':person',
      candidates: [{ edge: 'pay.unknown', verdict: 'taken' }],
    })
    expect(run.context.open).toEqual({
      0: { node: 'pay', visit: 1, kind: 'resolve', attempt: 1, since: run.at, unknown: 'tool' },
    })
    expect(run.last.status).toBe('waiting')
    expect(run.last.commands).toEqual([])
    expect(run.snapshot.value).toBe('pay')
  })

  it('take the declared edge of an unknown outcome instead', () => {
    const notation: GraphNotation = {
      tools: { pay: 'unsafe' },
      nodes: { pay: 'tool', verify: 'approval' },
      edges: { pay: { done: ':end', unknown: 'verify' }, verify: { approved: ':end', rejected: ':fail' } },
    }
    const run = startRun(notation)
    run.end(0, 'unknown', { patch: {} })
    expect(run.open).toEqual(['1:verify:approval/1'])
  })
})

describe('names that plain objects answer to', () => {
  const names = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf'] as const

  it.each(names)('are ordinary names of nodes, keys, guards, tools and outcomes: %s', (name) => {
    const notation: GraphNotation = {
      state: { [name]: { merge: { rule: 'sum' }, optional: true } },
      guards: { [name]: [name] },
      tools: { [name]: 'pure' },
      nodes: {
        [name]: { kind: 'agent', tools: [name], reads: [name], writes: [name], memory: 'continue' },
        gate: { kind: 'gate', outcomes: [name], hears: [name] },
      },
      edges: {
        [name]: { done: [{ to: ':fail', when: name }, 'gate'] },
        gate: { [name]: { to: name, limit: { max: 1, per: name }, otherwise: ':end' } },
      },
    }
    const seen: Slice[] = []
    const run = startRun(notation, {}, { [name]: (slice) => seen.push(slice) > 99 })
    expect(run.context.visits).toEqual({ [name]: 1 })
    run.end(0, 'done', calls([name, name]))
    expect(run.context.open[1]?.tool).toBe(name)
    run.end(1, 'done', { result: 1 })
    run.end(2, 'done', answer())
    expect(seen).toEqual([{}, {}])
    run.end(3, name, { verdict: { outcome: name, reasons: [] } })
    expect(run.open).toEqual([`4:${name}:model/1`])
    run.end(4, 'done', answer({ [name]: 2 }))
    expect(run.state).toEqual({ [name]: 2 })
    expect(run.context.visits).toEqual({ [name]: 2, gate: 2 })
    run.end(5, name)
    expect(run.taken.at(-1)).toBe(`gate.${name}`)
    expect(run.snapshot.value).toEqual({ [name]: 'model' })
  })
})
