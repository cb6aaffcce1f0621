import { describe, expect, it } from 'vitest'
import { compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import { driveRandomly } from '../../test/engine/random-script.ts'
import { storeOf } from '../../test/engine/stored-run.ts'
import type { GraphNotation } from '../../test/graphs/graph-fixture.ts'
import { randomGraph } from '../../test/graphs/random-graph.ts'
import type { Graph, NodeRecord } from '../graph/graph.ts'
import type { Slice } from '../graph/registry.ts'
import { auditRun } from '../replay/audit-run.ts'
import { replayRun } from '../replay/replay-run.ts'
import { factsOf } from '../run/facts.ts'

const isRedirectable = true

/** write → manager → pack → refund, small amounts without the manager. */
const refunds: GraphNotation = {
  input: ['amount'],
  state: ['amount', 'note?', 'label'],
  guards: { isSmall: ['amount'] },
  tools: { refund: 'unsafe' },
  nodes: {
    write: { kind: 'task', writes: ['note'], isRedirectable },
    manager: { kind: 'approval', show: ['amount'], isRedirectable },
    pack: { kind: 'task', effect: 'pure', reads: ['amount'], writes: ['label'], isRedirectable },
    refund: { kind: 'tool', reads: ['amount', 'label'], isRedirectable },
    settle: { kind: 'task' },
  },
  edges: {
    write: { done: [{ when: 'isSmall', to: 'pack' }, 'manager'] },
    manager: { approved: 'pack', rejected: ':fail' },
    pack: { done: 'refund' },
    refund: { done: 'settle' },
    settle: { done: ':end' },
  },
  limits: { steps: 8 },
  policies: [{ never: 'refund', without: 'manager.approved', given: '!isSmall' }],
}

const guards = new Map([['isSmall', ({ amount }: Slice): boolean => Number(amount) < 100]])

function started(): HandRun {
  const run = new HandRun(compileFixture(refunds, { guards }))
  run.start({ amount: 500 })
  return run
}

/** The manager is asked. */
function asked(): HandRun {
  const run = started()
  run.end(0)
  return run
}

describe('a redirect', () => {
  it('closes what is open and enters the node, in a checkpoint of its own with who and why (H7)', async () => {
    const run = asked()
    expect(run.redirect('write')).toMatchObject({ type: 'applied' })
    expect(run.open).toEqual(['2:write:task/1'])
    expect(run.last).toMatchObject({
      event: { type: 'run.redirect', payload: { to: 'write', by: 'op', reason: 'there' } },
      decision: { node: 'manager', outcome: 'redirected', taken: ':redirect', to: 'write' },
      status: 'running',
    })
    expect(factsOf(run.last, { workflow: 'w', statusBefore: 'waiting' })).toMatchObject([
      { type: 'run.redirected', to: 'write', by: 'op', reason: 'there' },
      { type: 'edge.taken' },
      { type: 'request.withdrawn', step: 1 },
      { type: 'step.started', step: 2, node: 'write' },
      { type: 'run.status-changed', status: 'running' },
    ])
    expect(run.context.visits).toEqual({ write: 2, manager: 1 })
    const store = await storeOf(run)
    expect((await auditRun(store, run.runId)).people).toMatchObject([{ outcome: 'run.redirect', by: 'op' }])
    expect(await replayRun(store, run.compiled, run.runId)).toMatchObject({ divergence: null })
  })

  it('cancels what runs, whose end then only settles', () => {
    const run = started()
    run.redirect('manager')
    expect(run.last.commands).toMatchObject([{ type: 'cancelEffect', step: 0 }])
    expect(run.end(0, 'done', { patch: { note: 1 } })).toMatchObject({ type: 'late' })
    expect(run.state).toEqual({ amount: 500 })
    expect(run.open).toEqual(['1:manager:approval/1'])
  })

  it('goes only to nodes that are declared redirectable', () => {
    const run = asked()
    expect(run.redirect('settle')).toEqual({
      type: 'refused',
      reason: 'not-redirectable',
      message: 'node settle is not declared redirectable; redirectable are write, manager, pack, refund',
    })
    expect(run.redirect('nothing')).toMatchObject({ reason: 'not-redirectable' })
    expect(run.redirect('nothing/inside')).toMatchObject({ reason: 'not-under-way' })
  })

  it('is refused where a tool could run without its approval, unless the tool is overridden (H4, H7)', async () => {
    const run = asked()
    expect(run.redirect('pack')).toEqual({
      type: 'refused',
      reason: 'policy-broken',
      message:
        'from pack tool refund can run without manager.approved being crossed again; redirect to where it is crossed, or override tool refund',
    })
    expect(run.redirect('pack', { override: ['other'] })).toMatchObject({ reason: 'policy-broken' })
    expect(run.redirect('pack', { override: ['refund'] })).toMatchObject({ type: 'applied' })
    run.end(2, 'done', { patch: { label: 1 } })
    const audit = await auditRun(await storeOf(run), run.runId)
    expect(audit.people.at(-1)).toMatchObject({ reason: 'there (overridden: refund)' })
    // Overridden is not approved: the audit says so.
    expect(audit.policies[0]).toMatchObject({ violations: [run.last.sequence] })
  })

  it('does not let a yes count a second time', () => {
    const run = asked()
    run.decide(1, 'approved')
    run.end(2, 'done', { patch: { label: 1 } })
    run.end(3)
    expect(run.open).toEqual(['4:settle:task/1'])
    expect(run.redirect('refund')).toMatchObject({ reason: 'policy-broken' })
    expect(run.redirect('manager')).toMatchObject({ type: 'applied' })
  })

  it('is refused where a key is read that nothing has written, and goes past no limit', () => {
    const run = asked()
    const override = ['refund']
    expect(run.redirect('refund', { override })).toEqual({
      type: 'refused',
      reason: 'not-written',
      message: 'from refund the run reads label, which nothing has written yet; patch the state first',
    })
    for (let step = 2; step < 8; step++) expect(run.redirect('write')).toMatchObject({ type: 'applied' })
    expect(run.redirect('write')).toEqual({
      type: 'refused',
      reason: 'limit-reached',
      message: 'limit steps leaves nothing for write; a redirect goes past no limit',
    })
  })

  it('is refused when a limit of the workflow has been hit, and when the run has ended', () => {
    const over = new HandRun(
      compileFixture({
        nodes: { a: { kind: 'task', isRedirectable }, b: 'task', tidy: { kind: 'task', isRedirectable } },
        edges: { a: { done: 'b' }, b: { done: ':end' }, tidy: { done: ':end' } },
        limits: { steps: 1, exhausted: 'tidy' },
      }),
    )
    over.start()
    over.end(0)
    expect(over.open).toEqual(['1:tidy:task/1'])
    expect(over.redirect('a')).toMatchObject({ reason: 'limit-reached' })
    over.cancel()
    expect(over.redirect('a')).toMatchObject({ reason: 'run-ended' })
  })

  it('enters a held run without beginning anything there', () => {
    const run = asked()
    run.hold()
    expect(run.redirect('write')).toMatchObject({ type: 'applied', commands: [] })
    expect(run.last.status).toBe('held')
    expect(run.release()).toMatchObject({ type: 'applied', commands: [{ type: 'effect', step: 2 }] })
  })
})

describe('a redirect and forks', () => {
  const forked: GraphNotation = {
    nodes: {
      plan: { kind: 'task', isRedirectable },
      a: { kind: 'task', isRedirectable },
      check: { kind: 'approval', isRedirectable },
      b: { kind: 'task', isRedirectable },
      x: 'task',
      y: { kind: 'task', isRedirectable },
      inner: 'join',
      meet: 'join',
      after: { kind: 'task', isRedirectable },
    },
    edges: {
      plan: { done: { fork: ['a', 'b'], join: 'meet' } },
      a: { done: 'check' },
      check: { approved: 'meet', rejected: 'meet' },
      b: { done: { fork: ['x', 'y'], join: 'inner' } },
      x: { done: 'inner' },
      y: { done: 'inner' },
      inner: { done: 'meet' },
      meet: { done: 'after' },
      after: { done: ':end' },
    },
  }

  function atFork(): HandRun {
    const run = new HandRun(compileFixture(forked))
    run.start()
    run.end(0)
    return run
  }

  it('within a branch leaves the branches beside it alone', async () => {
    const run = atFork()
    run.end(1)
    run.end(2)
    expect(run.open).toEqual(['3:check:approval/1', '4:x:task/1', '5:y:task/1'])
    expect(run.redirect('a')).toMatchObject({ type: 'applied' })
    expect(run.open).toEqual(['4:x:task/1', '5:y:task/1', '6:a:task/1'])
    expect(run.last.decision).toMatchObject({ node: 'check', to: 'a' })
    expect(run.redirect('b')).toMatchObject({ type: 'applied' })
    expect(Object.keys(run.context.forks ?? {})).toEqual(['meet'])
    expect(run.open).toEqual(['6:a:task/1', '7:b:task/1'])
    run.end(7)
    expect(run.redirect('y')).toMatchObject({ type: 'applied' })
    expect(run.open).toEqual(['6:a:task/1', '8:x:task/1', '10:y:task/1'])
    for (const step of [8, 10, 6]) run.end(step)
    run.decide(11, 'approved')
    expect(run.open).toEqual(['12:after:task/1'])
    run.end(12)
    expect(run.last.status).toBe('completed')
    const store = await storeOf(run)
    expect(await replayRun(store, run.compiled, run.runId)).toMatchObject({ divergence: null })
  })

  it('out of a fork ends it', () => {
    const run = atFork()
    expect(run.redirect('after')).toMatchObject({ type: 'applied' })
    expect(run.open).toEqual(['3:after:task/1'])
    expect(run.context.forks).toBeUndefined()
    expect(run.last.commands).toMatchObject([{ type: 'cancelEffect' }, { type: 'cancelEffect' }, { type: 'effect' }])
  })

  it('into a branch is refused while that is not under way', () => {
    const fresh = new HandRun(compileFixture(forked))
    fresh.start()
    expect(fresh.redirect('a')).toEqual({
      type: 'refused',
      reason: 'not-under-way',
      message: 'node a is in branch a of the fork that joins at meet, which is not under way',
    })
    const run = atFork()
    run.end(1)
    run.decide(3, 'approved')
    expect(run.redirect('a')).toMatchObject({ reason: 'not-under-way' })
    expect(run.redirect('y')).toMatchObject({ reason: 'not-under-way' })
  })
})

describe('a held run', () => {
  /** Approved, and then held before it is packed. */
  function held(): HandRun {
    const run = asked()
    run.decide(1, 'approved')
    run.hold()
    return run
  }

  it('takes a patch that breaks a policy, and is not released before that is mended (H7)', async () => {
    const run = held()
    expect(run.patch({ amount: 900 })).toMatchObject({ type: 'applied' })
    expect(run.context.held?.broken).toEqual([{ tool: 'refund', crossing: 'manager.approved' }])
    expect(run.release()).toMatchObject({ type: 'refused', reason: 'policy-broken' })
    expect(run.redirect('manager')).toMatchObject({ type: 'applied', commands: [{ type: 'cancelEffect' }] })
    expect(run.release()).toMatchObject({ type: 'applied' })
    expect(run.context.held).toBeNull()
    run.decide(3, 'approved')
    run.end(4, 'done', { patch: { label: 1 } })
    expect((await auditRun(await storeOf(run), run.runId)).policies[0]).toMatchObject({ violations: [] })
  })

  it('is mended by a yes to what stands there now', () => {
    const run = held()
    run.patch({ amount: 900 })
    run.redirect('manager')
    run.decide(3, 'approved')
    expect(run.open).toEqual(['4:pack:task/1'])
    expect(run.context.held).toEqual({ by: 'op', reason: 'look', at: expect.any(Number) as number })
    run.patch({ amount: 950 })
    expect(run.release()).toMatchObject({ type: 'refused', reason: 'policy-broken' })
  })

  it('is released by a recorded override, which the audit shows', async () => {
    const run = held()
    run.patch({ amount: 900 })
    expect(run.release({ override: ['refund'] })).toMatchObject({ type: 'applied' })
    expect(factsOf(run.last, { workflow: 'w', statusBefore: 'held' })[0]).toMatchObject({ override: ['refund'] })
    run.end(2, 'done', { patch: { label: 1 } })
    const audit = await auditRun(await storeOf(run), run.runId)
    expect(audit.people.at(-1)).toMatchObject({ outcome: 'run.release', reason: 'go (overridden: refund)' })
    expect(audit.policies[0]).toMatchObject({ violations: [run.last.sequence] })
  })

  it('takes a redirect past an approval, and is not released there', () => {
    const run = held()
    expect(run.redirect('pack')).toMatchObject({ type: 'applied' })
    expect(run.release()).toMatchObject({ type: 'refused', reason: 'policy-broken' })
    run.redirect('write')
    expect(run.release()).toMatchObject({ type: 'applied' })
  })
})

describe('redirects of random runs', () => {
  function redirectable(graph: Graph): Graph {
    const nodes = Object.entries(graph.nodes).map(([id, node]) =>
      node.kind === 'join' ? ([id, node] as const) : ([id, { ...node, isRedirectable }] as const),
    )
    return { ...graph, nodes: Object.fromEntries<NodeRecord>(nodes) }
  }

  it('come at any moment, replay to the byte, and leave nothing open that the machine does not know (R3)', async () => {
    let redirected = 0
    for (let seed = 0; seed < 80; seed++) {
      const graph = redirectable(randomGraph(seed, { limits: true }))
      const run = driveRandomly(new HandRun(compileFixture(graph)), seed, { most: 3 })
      if (run.context.ending !== null) continue
      const names = Object.keys(graph.nodes)
      const override = Object.keys(graph.tools)
      if (names.some((name) => run.redirect(name, { override }).type === 'applied')) redirected += 1
      driveRandomly(run, seed + 1, { most: 40 })
      const replay = await replayRun(await storeOf(run), compileFixture(graph), run.runId)
      expect(replay).toMatchObject({ divergence: null, checkpoints: run.checkpoints.length })
    }
    expect(redirected).toBeGreaterThan(15)
  })
})
