import { describe, expect, it } from 'vitest'
import { HandRun, compileFixture } from '../../test/engine/hand-run.ts'
import { graphFixture, type GraphNotation } from '../../test/graphs/graph-fixture.ts'
import { escalationOutcome } from '../graph/handoff.ts'
import type { EffectEnd } from '../snapshot/event.ts'

const writes = { kind: 'task', effect: 'pure', writes: ['notes'] } as const

/** `plan` forks into a and b; a leads to c and d, b to d and e; all meet at `meet`. */
const crossing: GraphNotation = {
  state: { notes: { merge: { rule: 'append', key: null }, schema: { type: 'array' } } },
  nodes: {
    plan: 'task',
    a: writes,
    b: writes,
    c: writes,
    d: writes,
    e: writes,
    meet: { kind: 'join' },
    last: 'task',
  },
  edges: {
    plan: { done: { fork: ['a', 'b'], join: 'meet' } },
    a: { done: { fork: ['c', 'd'], join: 'meet' } },
    b: { done: { fork: ['d', 'e'], join: 'meet' } },
    c: { done: 'meet' },
    d: { done: 'meet' },
    e: { done: 'meet' },
    meet: { done: 'last' },
    last: { done: ':end' },
  },
}

function begin(notation: GraphNotation): HandRun {
  const run = new HandRun(compileFixture(notation))
  run.start()
  run.end(0)
  return run
}

function statuses(run: HandRun): string {
  return Object.entries(run.context.forks?.['meet']?.branches ?? {})
    .map(([name, status]) => `${name} ${status}`)
    .join(', ')
}

function node(run: HandRun, name: string): number {
  const found = Object.entries(run.context.open).find(([, step]) => step.node === name)
  if (found === undefined) throw new RangeError(`${name} is not open; open are ${run.open.join(', ')}`)
  return Number(found[0])
}

describe('branches that meet before their join', () => {
  it('begin when all that may lead to them have ended, without lockstep (G7)', () => {
    const run = begin(crossing)
    expect(run.open).toEqual(['1:a:task/1', '2:b:task/1'])
    expect(run.last.decision?.starts).toEqual(['a', 'b'])
    expect(statuses(run)).toBe('a running, b running, c idle, d idle, e idle')
    run.end(1, 'done', { patch: { notes: ['a'] } })
    expect(run.open).toEqual(['2:b:task/1', '3:c:task/1'])
    expect(run.last.decision?.starts).toEqual(['c'])
    run.end(3, 'done', { patch: { notes: ['c'] } })
    expect(run.last.decision?.arrival).toMatchObject({ branch: 'c', joined: 1, fires: null })
    run.end(2, 'done', { patch: { notes: ['b'] } })
    expect(run.last.decision?.starts).toEqual(['d', 'e'])
    expect(statuses(run)).toBe('a ended, b ended, c joined, d running, e running')
    run.end(node(run, 'e'), 'done', { patch: { notes: ['e'] } })
    run.end(node(run, 'd'), 'done', { patch: { notes: ['d'] } })
    expect(run.last.decision?.next?.branches).toMatchObject({ joined: ['c', 'd', 'e'], left: [] })
    expect(run.state).toEqual({ notes: ['a', 'b', 'c', 'd', 'e'] })
    expect(run.open).toEqual(['6:last:task/1'])
    expect(run.snapshot.value).toBe('last')
    expect(run.context.forks).toBeUndefined()
    run.end(6)
    expect(run.last.status).toBe('completed')
  })

  it('are skipped when no branch leads to them, and what follows them too; the join waits for the rest', () => {
    const gate = { kind: 'gate', outcomes: ['left', 'right'] } as const
    const run = begin({
      nodes: { plan: 'task', a: gate, b: gate, c: 'task', d: 'task', e: 'task', f: 'task', meet: { kind: 'join' } },
      edges: {
        plan: { done: { fork: ['a', 'b'], join: 'meet' } },
        a: { left: 'c', right: 'd' },
        b: { left: 'd', right: 'e' },
        c: { done: 'meet' },
        d: { done: 'f' },
        e: { done: 'meet' },
        f: { done: 'meet' },
        meet: { done: ':end' },
      },
    })
    run.end(1, 'left')
    run.end(2, 'right')
    expect(statuses(run)).toBe('a ended, b ended, c running, d skipped, e running, f skipped')
    run.end(3)
    run.end(4)
    expect(run.last.status).toBe('completed')
    expect(run.last.decision?.next?.branches).toEqual({
      joined: ['c', 'e'],
      failed: [],
      left: [],
      skipped: ['d', 'f'],
    })
  })

  it('hold a fork of their own, and loops, each as one of them', () => {
    const run = begin({
      nodes: {
        plan: 'task',
        a: 'task',
        x: 'task',
        y: 'task',
        inner: { kind: 'join' },
        b: { kind: 'gate', outcomes: ['good', 'again'] },
        d: 'task',
        meet: { kind: 'join' },
      },
      edges: {
        plan: { done: { fork: ['a', 'b'], join: 'meet' } },
        a: { done: { fork: ['x', 'y'], join: 'inner' } },
        x: { done: 'inner' },
        y: { done: 'inner' },
        inner: { done: 'd' },
        b: { good: 'd', again: { to: 'b', limit: 2, otherwise: 'd' } },
        d: { done: 'meet' },
        meet: { done: ':end' },
      },
    })
    run.end(node(run, 'a'))
    run.end(node(run, 'b'), 'again')
    run.end(node(run, 'x'))
    run.end(node(run, 'b'), 'good')
    expect(statuses(run)).toBe('a running, b ended, d idle')
    run.end(node(run, 'y'))
    expect(run.open).toEqual([`${run.context.steps - 1}:d:task/1`])
    run.end(node(run, 'd'))
    expect(run.last.status).toBe('completed')
  })

  it('keep: what only a failed branch leads to is skipped; raise: the join fires (R5)', () => {
    const failing = (failed: 'keep' | 'raise' | 'drop'): HandRun => {
      const run = begin({
        ...crossing,
        nodes: { ...crossing.nodes, meet: { kind: 'join', failed } },
        edges: { ...crossing.edges, meet: { done: 'last', ...(failed === 'drop' && { unsatisfied: ':end' }) } },
      })
      run.end(1, 'failed')
      return run
    }
    const run = failing('keep')
    run.end(2)
    expect(statuses(run)).toBe('a failed, b ended, c skipped, d running, e running')
    run.end(node(run, 'd'))
    run.end(node(run, 'e'))
    expect(run.last.decision?.next?.branches).toMatchObject({ joined: ['d', 'e'], skipped: ['c'] })
    expect(run.last.decision?.next?.branches?.failed.map(({ branch }) => branch)).toEqual(['a'])
    expect(failing('raise').last.status).toBe('failed')
    expect(failing('drop').last.decision?.next?.outcome).toBe('unsatisfied')
  })

  it('fire any join at the first that reaches it; what waited never begins', () => {
    const run = begin({ ...crossing, nodes: { ...crossing.nodes, meet: { kind: 'join', atLeast: 1 } } })
    run.end(1)
    run.end(3)
    expect(run.open).toEqual(['4:last:task/1'])
    expect(run.last.decision?.next?.branches).toEqual({
      joined: ['c'],
      failed: [],
      left: ['b'],
      skipped: ['d', 'e'],
    })
    expect(run.end(2).type).toBe('late')
  })

  it('need what all that begin at once need together, or limits.exhausted is taken (B2)', () => {
    const run = begin({ ...crossing, limits: { steps: 5, exhausted: ':end' } })
    run.end(1)
    expect(run.context.steps).toBe(4)
    run.end(2)
    expect(run.last.decision).toMatchObject({ taken: 'limits.exhausted', limit: { name: 'steps' } })
    expect(run.context.steps).toBe(4)
    expect(run.last.status).toBe('completed')
  })

  it('meet at a join of their own: it goes on with the first, or the second, while the others go on too', () => {
    const meeting = (early: object): HandRun =>
      begin({
        nodes: {
          plan: 'task',
          a: 'task',
          b: 'task',
          c: 'task',
          early: { kind: 'join', ...early },
          d: 'task',
          meet: { kind: 'join' },
        },
        edges: {
          plan: { done: { fork: ['a', 'b', 'c'], join: 'meet' } },
          a: { done: 'early' },
          b: { done: 'early' },
          c: { done: 'early' },
          early: { done: 'd', unsatisfied: 'd' },
          d: { done: 'meet' },
          meet: { done: ':end' },
        },
      })
    const any = meeting({ atLeast: 1 })
    any.end(2)
    expect(any.open).toEqual(['1:a:task/1', '3:c:task/1', '4:d:task/1'])
    expect(any.last.decision?.next).toMatchObject({ node: 'early', branches: { joined: ['b'], left: ['a', 'c'] } })
    expect(any.last.decision?.next?.starts).toEqual(['d'])
    any.end(4)
    any.end(1)
    expect(any.last.status).toBe('running')
    any.end(3)
    expect(any.last.status).toBe('completed')
    expect(any.context.visits['d']).toBe(1)
    const two = meeting({ atLeast: 2, failed: 'drop' })
    two.end(3)
    expect(two.open).toEqual(['1:a:task/1', '2:b:task/1'])
    two.end(1)
    expect(two.open).toEqual(['2:b:task/1', '4:d:task/1'])
    two.end(2)
    two.end(4)
    expect(two.last.status).toBe('completed')
  })

  it('take turns where they share a name, in an order that nobody fixes', () => {
    const one = { kind: 'task', exclusive: 'printer' } as const
    const run = begin({
      nodes: { plan: 'task', a: one, b: one, c: 'task', meet: { kind: 'join' } },
      edges: {
        plan: { done: { fork: ['a', 'c', 'b'], join: 'meet' } },
        a: { done: 'meet' },
        b: { done: 'meet' },
        c: { done: 'meet' },
        meet: { done: ':end' },
      },
    })
    expect(run.open).toEqual(['1:a:task/1', '2:c:task/1'])
    expect(statuses(run)).toBe('a running, c running, b ready')
    run.end(2)
    expect(run.open).toEqual(['1:a:task/1'])
    run.end(1)
    expect(run.open).toEqual(['3:b:task/1'])
    expect(run.last.decision?.starts).toEqual(['b'])
    run.end(3)
    expect(run.last.status).toBe('completed')
  })

  /** `b` and `c` share a name, and `a` cancels `b`. */
  const sharing = (limits: GraphNotation['limits'] = {}): HandRun =>
    begin({
      nodes: {
        plan: 'task',
        a: 'task',
        b: { kind: 'task', exclusive: 'printer' },
        c: { kind: 'task', exclusive: 'printer' },
        d: 'approval',
        meet: { kind: 'join' },
      },
      edges: {
        plan: { done: { fork: ['a', 'b', 'c', 'd'], join: 'meet' } },
        a: { done: { to: 'meet', cancels: ['b'] } },
        b: { done: 'meet' },
        c: { done: 'meet' },
        d: { approved: 'meet', rejected: ':fail' },
        meet: { done: ':end' },
      },
      limits,
    })

  it('keep a name until what was cancelled has stopped: only then the next one begins (G7)', () => {
    const run = sharing()
    run.end(1)
    expect(statuses(run)).toBe('a joined, b cancelled, c ready, d running')
    expect(run.open).toEqual(['3:d:approval/1'])
    // It is not only a person that it waits for.
    expect(run.last.status).toBe('running')
    expect(run.end(2, 'failed')).toMatchObject({ type: 'applied' })
    expect(run.open).toEqual(['3:d:approval/1', '4:c:task/1'])
    expect(run.last.decision).toEqual({
      node: 'meet',
      visit: 1,
      outcome: 'freed',
      candidates: [{ edge: 'meet:freed', verdict: 'taken' }],
      taken: 'meet:freed',
      to: null,
      starts: ['c'],
    })
    expect(run.last.step).toMatchObject({ index: 2, node: 'b' })
    run.end(4)
    run.decide(3, 'approved')
    expect(run.last.status).toBe('completed')
  })

  it('may be declared after the join that they lead to', () => {
    const run = begin({
      nodes: { plan: 'task', meet: { kind: 'join' }, a: 'task', b: 'task' },
      edges: {
        plan: { done: { fork: ['a', 'b'], join: 'meet' } },
        a: { done: { to: 'meet', cancels: ['b'] } },
        b: { done: 'meet' },
        meet: { done: ':end' },
      },
    })
    run.end(1)
    expect(run.last.status).toBe('completed')
  })

  it('begin then only if a limit leaves enough for them (B2)', () => {
    const run = sharing({ steps: 5 })
    run.end(1)
    expect(run.end(2)).toMatchObject({ type: 'applied' })
    expect(run.last.decision).toMatchObject({ taken: 'meet:freed' })
    const none = sharing({ steps: 4 })
    none.end(1)
    none.end(2)
    expect(none.last.decision).toMatchObject({
      node: 'meet',
      outcome: 'freed',
      taken: 'limits.exhausted',
      limit: { name: 'steps', used: 4, max: 4 },
    })
    expect(none.last.status).toBe('exhausted')
  })

  it('wait too for what was left over from the last time that the fork was taken', () => {
    const one = { kind: 'task', exclusive: 'printer' } as const
    const run = begin({
      nodes: {
        plan: 'task',
        a: one,
        b: one,
        c: 'task',
        meet: { kind: 'join', atLeast: 1, losers: 'finish' },
        last: 'task',
      },
      edges: {
        plan: { done: { fork: ['a', 'b', 'c'], join: 'meet' } },
        a: { done: 'meet' },
        b: { done: 'meet' },
        c: { done: 'meet' },
        meet: { done: 'last' },
        last: { done: { to: 'plan', limit: 1, otherwise: ':end' } },
      },
    })
    run.end(2)
    run.end(3)
    run.end(4)
    expect(run.open).toEqual(['5:c:task/1'])
    expect(run.end(1)).toMatchObject({ type: 'applied' })
    expect(run.open).toEqual(['5:c:task/1', '6:a:task/1'])
    run.end(6)
    expect(run.last.decision?.next).toMatchObject({ node: 'meet', outcome: 'done' })
  })

  it('begin at once in a fork of the run, where nothing has to stop', () => {
    const run = sharing()
    run.end(1)
    const fork = new HandRun(run.compiled, { runId: 'fork' })
    const from = { runId: run.runId, sequence: run.last.sequence, hash: 'h' }
    const payload = { from, snapshot: run.snapshot, patch: {}, by: 'op', reason: 'look', tags: {} }
    fork.feed({ type: 'run.forked', from: 'operator', payload })
    expect(fork.open).toEqual(['3:d:approval/1', '4:c:task/1'])
    expect(fork.last.decision).toMatchObject({ taken: 'meet:freed', starts: ['c'] })
  })

  it('are ended by an edge that cancels them: what they do is late, what follows is skipped', () => {
    const run = begin({
      state: crossing.state ?? {},
      nodes: { plan: 'task', a: 'task', b: writes, c: 'task', d: 'task', meet: { kind: 'join' } },
      edges: {
        plan: { done: { fork: ['a', 'b', 'd'], join: 'meet' } },
        a: { done: { to: 'meet', cancels: ['b'] } },
        b: { done: 'c' },
        c: { done: 'meet' },
        d: { done: 'meet' },
        meet: { done: ':end' },
      },
    })
    run.end(1)
    expect(statuses(run)).toBe('a joined, b cancelled, d running, c skipped')
    expect(run.last.commands).toEqual([{ type: 'cancelEffect', step: 2 }])
    expect(run.end(2, 'done', { patch: { notes: ['b'] } }).type).toBe('late')
    expect(run.state).toEqual({})
    run.end(3)
    expect(run.last.status).toBe('completed')
    expect(run.last.decision?.next?.branches).toMatchObject({ joined: ['a', 'd'], cancelled: ['b'], skipped: ['c'] })
  })
})

describe('branches that meet, under way when something else comes', () => {
  /** `a` and `b` meet at `d`; `c` loops beside them. */
  const meeting = (more: { readonly meet?: object; readonly edges?: GraphNotation['edges'] } = {}): HandRun =>
    begin({
      state: crossing.state ?? {},
      nodes: {
        plan: 'task',
        a: writes,
        b: { kind: 'task', isRedirectable: true },
        c: { kind: 'task', isRedirectable: true },
        e: { kind: 'approval', isRedirectable: true },
        d: { ...writes, isRedirectable: true },
        meet: { kind: 'join', ...more.meet },
        last: { kind: 'task', isRedirectable: true },
      },
      edges: {
        plan: { done: { fork: ['a', 'b', 'c'], join: 'meet' } },
        a: { done: 'd' },
        b: { done: 'd' },
        c: { done: 'e' },
        e: { approved: 'meet', rejected: { to: 'c', limit: 2, otherwise: 'meet' } },
        d: { done: 'meet' },
        meet: { done: 'last', deadline: ':end' },
        last: { done: ':end' },
        ...more.edges,
      },
    })

  it('a deadline fires their join: what waits never begins, what runs is stopped (R5)', () => {
    const run = meeting({ meet: { deadlineMs: 100 } })
    run.end(1, 'done', { patch: { notes: ['a'] } })
    expect(statuses(run)).toBe('a ended, b running, c running, d idle')
    run.timer('deadline/1', run.at + 100)
    expect(run.last.decision).toMatchObject({ node: 'meet', outcome: 'deadline', taken: 'meet.deadline' })
    expect(run.last.decision?.branches).toEqual({ joined: [], failed: [], left: ['b', 'c'], skipped: ['d'] })
    expect(run.context.forks).toBeUndefined()
    expect(run.last.status).toBe('completed')
    expect(run.end(2, 'done').type).toBe('late')
    expect(run.state).toEqual({ notes: ['a'] })
  })

  it('a deadline that is not there yet does nothing, and none is set once the join has fired', () => {
    const run = meeting({ meet: { deadlineMs: 10_000 } })
    expect(run.timer('deadline/1', run.at + 100)).toMatchObject({ type: 'early' })
    for (const name of ['a', 'b', 'c', 'd']) run.end(node(run, name))
    run.decide(node(run, 'e'), 'approved')
    expect(run.open).toEqual([`${run.context.steps - 1}:last:task/1`])
    expect(run.timer('deadline/1', run.at + 20_000)).toMatchObject({ type: 'stale' })
  })

  it('a redirect moves the branch that it goes into, and leaves the others alone (H7)', () => {
    const run = meeting()
    run.end(node(run, 'c'))
    const asked = node(run, 'e')
    expect(run.redirect('c')).toMatchObject({ type: 'applied' })
    expect(run.open.map((one) => one.split(':')[1])).toEqual(['a', 'b', 'c'])
    expect(run.context.open[asked]).toBeUndefined()
    expect(statuses(run)).toBe('a running, b running, c running, d idle')
    // What has not begun waits for others, whoever sends the run there.
    expect(run.redirect('d')).toMatchObject({ reason: 'not-under-way' })
    run.end(node(run, 'a'))
    run.end(node(run, 'b'))
    // It has ended, and led on.
    expect(run.redirect('b')).toMatchObject({ reason: 'not-under-way' })
    expect(run.redirect('d')).toMatchObject({ type: 'applied' })
    run.end(node(run, 'd'))
    run.end(node(run, 'c'))
    run.decide(node(run, 'e'), 'approved')
    expect(run.last.decision?.next?.branches).toMatchObject({ joined: ['c', 'd'] })
  })

  it('a redirect out of the fork ends all of it, what waits too', () => {
    const run = meeting()
    run.end(node(run, 'a'))
    expect(run.redirect('last')).toMatchObject({ type: 'applied' })
    expect(run.open).toEqual([`${run.context.steps - 1}:last:task/1`])
    expect(run.context.forks).toBeUndefined()
    run.end(run.context.steps - 1)
    expect(run.last.status).toBe('completed')
  })

  it('a handoff that is one too many leads out of them, and ends the others', () => {
    const contractSchema = { type: 'object', properties: {}, additionalProperties: false }
    const agent = (to: string) => ({
      kind: 'agent' as const,
      outcomes: ['done', to],
      handoffs: { [to]: { description: '', contractSchema, slice: 'contract' as const } },
    })
    const graph = graphFixture({
      nodes: {
        plan: 'task',
        a: agent('x'),
        x: agent('a'),
        b: 'task',
        d: 'task',
        meet: { kind: 'join' },
        boss: 'agent',
      },
      edges: {
        plan: { done: { fork: ['a', 'b'], join: 'meet' } },
        a: { done: 'd', x: 'x', [escalationOutcome]: { to: 'boss', cancelsFork: true } },
        x: { done: 'd', a: 'a', [escalationOutcome]: { to: 'boss', cancelsFork: true } },
        b: { done: 'd' },
        d: { done: 'meet' },
        meet: { done: ':end' },
        boss: { done: ':end' },
      },
    })
    const limits = { ...graph.limits, handoffs: { max: 1, per: null, escalateTo: 'boss' } }
    const run = new HandRun(compileFixture({ ...graph, limits }))
    const hands = (to: string): Partial<EffectEnd> => ({
      message: { role: 'assistant', content: [], calls: [{ id: to, name: `handoff_${to}`, arguments: {} }] },
      handoff: { callId: to, handoff: to, contract: {}, reason: `to ${to}` },
    })
    run.start()
    run.end(0)
    expect(statuses(run)).toBe('a running, b running, d idle')
    run.end(1, 'done', hands('x'))
    expect(statuses(run)).toBe('a running, b running, d idle')
    run.end(3, 'done', hands('a'))
    expect(run.last.decision).toMatchObject({ node: 'x', to: 'boss', handoff: { tooMany: { name: 'max' } } })
    expect(run.open).toEqual(['4:boss:model/1'])
    expect(run.context.forks).toBeUndefined()
    expect(run.context.private['boss']?.entries).toMatchObject([{ chain: [{ from: 'a', to: 'x' }] }])
    expect(run.end(2).type).toBe('late')
  })
})

describe('branches with guards', () => {
  const guarded: GraphNotation = {
    state: ['x', 'y'],
    guards: { wantsA: ['x'], wantsB: ['y'] },
    nodes: { plan: { kind: 'task', writes: ['x', 'y'] }, a: 'task', b: 'task', meet: { kind: 'join' }, last: 'task' },
    edges: {
      plan: { done: [{ fork: ['a?wantsA', 'b?wantsB'], join: 'meet' }, 'last'] },
      a: { done: 'meet' },
      b: { done: 'meet' },
      meet: { done: 'last' },
      last: { done: ':end' },
    },
  }
  const planned = (x: boolean, y: boolean): HandRun => {
    const run = new HandRun(
      compileFixture(guarded, {
        guards: new Map([
          ['wantsA', ({ x: value }) => value === true],
          ['wantsB', ({ y: value }) => value === true],
        ]),
      }),
    )
    run.start()
    run.end(0, 'done', { patch: { x, y } })
    return run
  }

  it('begin where they hold, and the join waits for those', () => {
    const both = planned(true, true)
    expect(both.open).toEqual(['1:a:task/1', '2:b:task/1'])
    const one = planned(false, true)
    expect(one.open).toEqual(['1:b:task/1'])
    expect(one.last.decision).toMatchObject({ starts: ['b'] })
    expect(one.last.decision?.candidates[0]?.guards?.map(({ guard, result }) => `${guard} ${result}`)).toEqual([
      'wantsA false',
      'wantsB true',
    ])
    one.end(1)
    expect(one.last.decision?.next?.branches).toEqual({ joined: ['b'], failed: [], left: [], skipped: ['a'] })
    one.end(2)
    expect(one.last.status).toBe('completed')
  })

  it('leave the edge untaken when none holds', () => {
    const none = planned(false, false)
    expect(none.last.decision).toMatchObject({ taken: 'plan.done.1', to: 'last' })
  })
})
