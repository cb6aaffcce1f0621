import { describe, expect, it } from 'vitest'
import { initialTransition, transition } from 'xstate'
import { answer, compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import { graphFixture, type NodeNotation } from '../../test/graphs/graph-fixture.ts'
import { readTransitions } from '../../test/engine/read-machine.ts'
import { check } from '../check/check.ts'
import type { Graph, HandoffLimitsRecord } from '../graph/graph.ts'
import { escalationOutcome } from '../graph/handoff.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'

const contractSchema = { type: 'object', properties: {}, additionalProperties: false }

function agent(to: string, more: object = {}): NodeNotation {
  const handoffs = { [to]: { description: '', contractSchema, slice: 'all' as const } }
  return { kind: 'agent', handoffs, outcomes: ['done', to], ...more }
}

/** Two agents that hand over to each other, and who takes what is one too many. */
function desk(
  handoffs: HandoffLimitsRecord,
  more: { readonly tools?: readonly string[]; readonly when?: string } = {},
): Graph {
  const graph = graphFixture({
    nodes: { a: agent('b', { tools: more.tools ?? [] }), b: agent('a'), boss: 'task' },
    edges: {
      a: { done: ':end', b: more.when === undefined ? 'b' : { to: 'b', when: more.when } },
      b: { done: ':end', a: 'a' },
      boss: { done: ':end' },
    },
  })
  const [first] = graph.edges
  if (first === undefined || handoffs.escalateTo === null) return { ...graph, limits: { ...graph.limits, handoffs } }
  const to = handoffs.escalateTo
  const escalations = ['a', 'b'].map((from) => ({
    ...first,
    id: `${from}${escalationOutcome}`,
    from,
    outcome: escalationOutcome,
    to,
    limit: { max: 1, per: null },
  }))
  return { ...graph, edges: [...graph.edges, ...escalations], limits: { ...graph.limits, handoffs } }
}

function handing(to: string, contract = {}): Partial<EffectEnd> {
  const callId = `call-${to}`
  return {
    outcome: 'done',
    message: { role: 'assistant', content: [], calls: [{ id: callId, name: `handoff_${to}`, arguments: {} }] },
    handoff: { callId, handoff: to, contract, reason: `to ${to}` },
  }
}

/** Every move is compared with XState's own public function over the full machine. */
function checkedAgainstXState(compiled: CompiledWorkflow): CompiledWorkflow {
  const { machine, runner } = compiled
  const atRest = ({ value, context }: { readonly value: unknown; readonly context: unknown }): string =>
    JSON.stringify({ value, context })
  return {
    ...compiled,
    runner: {
      inner: new Set(),
      begin: (input) => {
        const own = runner.begin(input)
        expect(atRest(initialTransition(machine, input)[0])).toBe(atRest(own))
        return own
      },
      move: (snapshot, event) => {
        const own = runner.move(snapshot, event)
        expect(atRest(transition(machine, machine.resolveState(snapshot), event)[0])).toBe(atRest(own))
        return own
      },
    },
  }
}

describe('handoffs in the machine', () => {
  const limits = { max: 2, per: null, escalateTo: 'boss' }

  it('are transitions of their own, and so is the one too many', () => {
    const taken = readTransitions(compileFixture(desk(limits)).machine).map(
      ({ from, taken: name, to }) => `${from} ${name} ${to}`,
    )
    expect(taken).toContain('a a.b b')
    expect(taken).toContain('a a:handoffs boss')
    expect(check({ graph: desk(limits) }).findings).toEqual([])
  })

  it("move as XState's public transition does, and leave nothing on its way behind", () => {
    const run = new HandRun(checkedAgainstXState(compileFixture(desk(limits))))
    run.start()
    run.end(0, 'done', handing('b'))
    run.end(1, 'done', handing('a'))
    expect(run.context.handoffs).toMatchObject({
      made: [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'a' },
      ],
    })
    expect(run.context.private['a']?.entries).toMatchObject([
      { type: 'handoff', from: 'b', told: [{ node: 'a' }, { node: 'b' }, { node: 'b' }] },
    ])
    run.end(2, 'done', handing('b'))
    expect(run.taken).toEqual(['a.b', 'b.a', 'a:handoffs'])
    expect(run.open).toEqual(['3:boss:task/1'])
    for (const { context } of run.snapshots) expect(context.handoffs?.going).toBeUndefined()
  })

  it('are believed only for a call of the answer and a handoff of the node', () => {
    const run = new HandRun(compileFixture(desk(limits)))
    run.start()
    const foreign = handing('b')
    run.end(0, 'done', { ...foreign, handoff: { callId: 'call-b', handoff: 'c', contract: {}, reason: '' } })
    run.end(1, 'done', { ...foreign, handoff: { callId: 'call-x', handoff: 'b', contract: {}, reason: '' } })
    expect(run.taken).toEqual(['a:model', 'a:model'])
    expect(run.context.handoffs).toBeUndefined()
  })

  it('that a limit of the workflow forbids are not made: the chain stays as it was', () => {
    const graph = desk(limits)
    const bounds = { steps: { max: 1, check: 'before' as const } }
    const run = new HandRun(compileFixture({ ...graph, limits: { ...graph.limits, bounds } }))
    run.start()
    run.end(0, 'done', handing('b'))
    expect(run.taken).toEqual(['limits.exhausted'])
    expect(run.context.handoffs).toBeUndefined()
    expect(run.last.decision?.handoff).toBeUndefined()
  })

  it('fail the run when a guard of theirs throws', () => {
    const guards = new Map([
      [
        'broken',
        (): unknown => {
          throw new RangeError('broken')
        },
      ],
    ])
    const run = new HandRun(compileFixture(desk({ ...limits, escalateTo: null }, { when: 'broken' }), { guards }))
    run.start()
    run.end(0, 'done', handing('b'))
    expect(run.taken).toEqual([':guard-error'])
    expect(run.context.ending).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_GUARD_ERROR' } })
  })

  it('do not count what is one too many as the outcome it was meant for', () => {
    const run = new HandRun(compileFixture(desk({ max: 0, per: null, escalateTo: 'boss' })))
    run.start()
    run.end(0, 'done', handing('b'))
    expect(run.last.decision).toMatchObject({
      outcome: 'b',
      taken: 'a:handoffs',
      to: 'boss',
      candidates: [
        { edge: 'a.b', verdict: 'escalated' },
        { edge: 'a:handoffs', verdict: 'taken' },
      ],
    })
    expect(run.context.handoffs?.made).toMatchObject([
      { from: 'a', to: 'boss', tooMany: { name: 'max', used: 0, max: 0, meantFor: 'b' } },
    ])
  })

  it('escalate in a held run without beginning anything: release does (P1, H7)', () => {
    const run = new HandRun(compileFixture(desk({ max: 0, per: null, escalateTo: 'boss' })))
    run.start()
    run.hold()
    run.end(0, 'done', handing('b'))
    expect(run.last).toMatchObject({ decision: { taken: 'a:handoffs', to: 'boss' }, commands: [], status: 'held' })
    expect(run.open).toEqual(['1:boss:task/1'])
    expect(run.openStep(1)).toMatchObject({ isWithheld: true })
    run.release()
    expect(run.last.commands).toEqual([{ type: 'effect', step: 1, node: 'boss', kind: 'task', attempt: 1 }])
    expect(run.openStep(1)).not.toHaveProperty('isWithheld')
    run.end(1)
    expect(run.last.status).toBe('completed')
    expect(run.context.handoffs?.made).toHaveLength(1)
  })

  it('end their chain with a run that is cancelled while the escalation is held back', () => {
    const run = new HandRun(compileFixture(desk({ max: 0, per: null, escalateTo: 'boss' })))
    run.start()
    run.hold()
    run.end(0, 'done', handing('b'))
    run.cancel()
    expect([run.last.status, run.context.handoffs?.going]).toEqual(['cancelled', undefined])
    expect(
      run.end(1, 'failed', {
        error: { name: 'NodeError', code: 'WAYSTONE_NODE_ABORTED', message: 'no', retryable: false },
      }),
    ).toMatchObject({ type: 'late' })
    expect(run.context.usage.modelCalls).toBe(1)
  })

  it('wait with their receiver where branches meet, and are forgotten when it is never entered', () => {
    const graph = graphFixture({
      nodes: {
        begin: 'task',
        a: agent('c'),
        b: { kind: 'task', outcomes: ['done', 'past'] },
        c: 'agent',
        meet: { kind: 'join' },
        last: 'task',
      },
      edges: {
        begin: { done: { fork: ['a', 'b'], join: 'meet' } },
        a: { done: 'meet', c: 'c' },
        b: { done: 'c', past: 'meet' },
        c: { done: 'meet' },
        meet: { done: 'last', failed: 'last' },
        last: { done: ':end' },
      },
    })
    const handedOver = (): HandRun => {
      const run = new HandRun(compileFixture(graph))
      run.start()
      run.end(0)
      run.end(1, 'done', handing('c'))
      return run
    }
    const run = handedOver()
    expect(run.open).toEqual(['2:b:task/1'])
    expect(run.context.handoffs?.going).toMatchObject([{ to: 'c', entry: { from: 'a' } }])
    run.end(2)
    expect(run.open).toEqual(['3:c:model/1'])
    expect(run.context.private['c']?.entries).toMatchObject([{ type: 'handoff', from: 'a' }])
    expect(run.context.handoffs?.going).toBeUndefined()
    const lost = handedOver()
    const error = { name: 'NodeError', code: 'WAYSTONE_NODE_THREW', message: 'no', retryable: false }
    lost.end(2, 'failed', { error })
    expect(lost.open).toEqual(['3:last:task/1'])
    expect(lost.context.handoffs).toMatchObject({ made: [{ to: 'c' }] })
    expect(lost.context.handoffs?.going).toBeUndefined()
  })

  it('are forgotten too when a limit ends the fork in which their receiver waited', () => {
    const graph = graphFixture({
      nodes: { begin: 'task', a: agent('c'), b: 'task', c: 'agent', meet: { kind: 'join' } },
      edges: {
        begin: { done: { fork: ['a', 'b'], join: 'meet' } },
        a: { done: 'meet', c: 'c' },
        b: { done: 'c' },
        c: { done: 'meet' },
        meet: { done: ':end' },
      },
      limits: { durationMs: 1_000, exhausted: 'begin' },
    })
    const run = new HandRun(compileFixture(graph))
    run.start()
    run.end(0)
    run.end(1, 'done', handing('c'))
    run.timer('duration', run.at + 1_000)
    expect(run.open).toEqual(['3:begin:task/1'])
    expect(run.context.handoffs).not.toHaveProperty('going')
    run.end(3)
    run.end(4, 'done', answer())
    run.end(5)
    // What the first visit of a handed over belongs to nobody any more.
    expect(run.open).toEqual(['6:c:model/1'])
    expect(run.context.private['c']?.entries).toEqual([])
  })

  /** Two pairs of agents beside each other. Entering `a` begins a new chain. */
  const pairs = (limits: HandoffLimitsRecord): HandRun => {
    const graph = graphFixture({
      nodes: {
        begin: 'task',
        a: agent('b'),
        b: agent('a'),
        x: agent('y'),
        y: agent('x'),
        meet: { kind: 'join' },
        boss: 'agent',
      },
      edges: {
        begin: { done: { fork: ['a', 'x'], join: 'meet' } },
        a: { done: 'meet', b: 'b' },
        b: { done: 'meet', a: 'a' },
        x: { done: 'meet', y: 'y', [escalationOutcome]: { to: 'boss', cancelsFork: true } },
        y: { done: 'meet', x: 'x', [escalationOutcome]: { to: 'boss', cancelsFork: true } },
        meet: { done: ':end' },
        boss: { done: ':end' },
      },
    })
    const edges = graph.edges.map((edge) =>
      edge.outcome === escalationOutcome ? { ...edge, id: `${edge.from}${escalationOutcome}` } : edge,
    )
    const run = new HandRun(compileFixture({ ...graph, edges, limits: { ...graph.limits, handoffs: limits } }))
    run.start()
    run.end(0)
    return run
  }

  it('made beside each other are chains of their own: a new one in a branch leaves the others as they are', () => {
    const run = pairs({ max: 3, per: 'a', escalateTo: null })
    run.end(2, 'done', handing('y'))
    run.end(1, 'done', handing('b'))
    expect(run.context.handoffs?.made.map(({ from }) => from)).toEqual(['x', 'a'])
    const since = run.context.handoffs?.made[0]?.at
    run.end(4, 'done', handing('a'))
    expect(run.context.handoffs).toMatchObject({ since, made: [{ from: 'x', to: 'y' }] })
    // Branches share what is left of `max`.
    run.end(3, 'done', handing('x'))
    run.end(6, 'done', handing('y'))
    expect(run.context.handoffs?.made.map(({ from }) => from)).toEqual(['x', 'y', 'x'])
    run.end(5, 'done', handing('b'))
    expect(run.context.handoffs).toMatchObject({ refused: 1 })
  })

  it('made beside each other are not told with one too many', () => {
    const run = pairs({ max: 2, per: null, escalateTo: 'boss' })
    run.end(1, 'done', handing('b'))
    run.end(2, 'done', handing('y'))
    run.end(4, 'done', handing('x'))
    expect(run.last.decision).toMatchObject({ taken: 'y:handoffs', handoff: { tooMany: { name: 'max', used: 2 } } })
    expect(run.open).toEqual(['5:boss:model/1'])
    expect(run.context.private['boss']?.entries).toMatchObject([{ from: 'y', chain: [{ from: 'x', to: 'y' }] }])
  })
})
