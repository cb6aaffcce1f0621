import { describe, expect, it } from 'vitest'
import { answer, calls, compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import { driveRandomly } from '../../test/engine/random-script.ts'
import { answering, forkingRuntime, storeOf, tampered } from '../../test/engine/stored-run.ts'
import type { GraphNotation } from '../../test/graphs/graph-fixture.ts'
import { randomGraph } from '../../test/graphs/random-graph.ts'
import type { Store } from '../checkpoint/store.ts'
import type { Slice } from '../graph/registry.ts'
import { auditRun, type AuditPolicy } from './audit-run.ts'
import { forkRun } from './fork-run.ts'

const payments: GraphNotation = {
  input: ['amount'],
  guards: { isSmall: ['amount'] },
  tools: { pay: 'unsafe' },
  nodes: {
    triage: 'task',
    prepare: 'task',
    manager: { kind: 'approval', show: ['amount'], role: 'manager' },
    adjust: { kind: 'task', writes: ['amount'] },
    pay: 'tool',
    again: { kind: 'gate', outcomes: ['stop', 'pay', 'ask'] },
  },
  edges: {
    triage: { done: [{ when: 'isSmall', to: 'prepare' }, 'manager'] },
    prepare: { done: 'pay' },
    manager: { approved: 'pay', rejected: 'adjust' },
    adjust: { done: 'pay' },
    pay: { done: 'again' },
    again: { stop: ':end', pay: { to: 'pay', limit: 1, otherwise: ':end' }, ask: 'manager' },
  },
  policies: [{ never: 'pay', without: 'manager.approved', given: '!isSmall' }],
}

function startPayment(amount: number): HandRun {
  const run = new HandRun(
    compileFixture(payments, { guards: new Map([['isSmall', ({ amount: n }: Slice) => Number(n) < 100]]) }),
  )
  run.start({ amount })
  run.end(0)
  return run
}

async function policyOf(run: HandRun): Promise<Pick<AuditPolicy, 'uses' | 'violations'>> {
  const { policies } = await auditRun(await storeOf(run), run.runId)
  const [{ uses, violations } = { uses: [], violations: [] }] = policies
  return { uses, violations }
}

describe('auditRun', () => {
  it('says for every transition who caused it, the candidates, the guards and the edge (O3)', async () => {
    const run = startPayment(500)
    run.decide(1, 'approved', { reason: 'fine' })
    run.hold()
    run.release()
    run.end(2, 'done')
    run.cancel()
    const audit = await auditRun(await storeOf(run), run.runId)
    expect(audit.chain).toEqual({ isIntact: true, problem: null })
    expect(audit.transitions.map(({ actor, event, decision }) => [event, actor, decision?.taken ?? null])).toEqual([
      ['run.started', 'the caller', null],
      ['effect.ended', 'node triage', 'triage.done.1'],
      ['request.decided', 'ada', 'manager.approved'],
      ['run.hold', 'op', null],
      ['run.release', 'op', null],
      ['effect.ended', 'node pay', 'pay.done'],
      ['run.cancel', 'op', ':cancel'],
    ])
    expect(audit.transitions[1]?.decision?.candidates[0]).toEqual({
      edge: 'triage.done.0',
      verdict: 'guard',
      guards: [{ guard: 'isSmall', result: false, read: { amount: 500 } }],
    })
    expect(
      audit.people.map(({ sequence, by, through, node, outcome, reason }) => [
        sequence,
        by,
        through,
        node,
        outcome,
        reason,
      ]),
    ).toEqual([
      [2, 'ada', 'test', 'manager', 'approved', 'fine'],
      [3, 'op', 'operator', null, 'run.hold', 'look'],
      [4, 'op', 'operator', null, 'run.release', 'go'],
      [6, 'op', 'operator', null, 'run.cancel', 'stop'],
    ])
  })

  it('says of a call what was decided on, and what it was changed to (O3, H5)', async () => {
    const run = new HandRun(
      compileFixture({
        tools: {
          pay: {
            effect: 'unsafe',
            approval: { when: 'always', role: '', reason: '', expiresInMs: null, canEdit: true, canAskBack: true },
          },
        },
        nodes: { a: { kind: 'agent', tools: ['pay'] } },
        edges: { a: { done: ':end' } },
      }),
    )
    run.start({})
    run.end(0, 'done', calls(['c1', 'pay'], ['c2', 'pay']))
    run.decide(1, 'approved')
    run.decide(2, 'edited', { arguments: { usd: 5 } })
    run.end(2, 'unknown')
    run.decide(2, 'happened', { result: 'paid' })
    const { people } = await auditRun(await storeOf(run), run.runId)
    expect(people.map(({ tool, outcome, arguments: given, edited }) => [tool, outcome, given, edited])).toEqual([
      ['pay', 'approved', { call: 'c1' }, undefined],
      ['pay', 'edited', { call: 'c2' }, { usd: 5 }],
      ['pay', 'happened', { usd: 5 }, undefined],
    ])
  })

  it('names models and the clock', async () => {
    const run = new HandRun(
      compileFixture({
        nodes: { a: 'agent', ask: { kind: 'approval', expiresInMs: 10 } },
        edges: { a: { done: 'ask' }, ask: { approved: ':end', rejected: ':end', expired: ':end' } },
      }),
    )
    run.start({})
    run.end(0, 'done', { ...answer(), model: 'm-1' })
    run.timer('expire/1', run.at + 10)
    const { transitions } = await auditRun(await storeOf(run), run.runId)
    expect(transitions.map(({ actor }) => actor)).toEqual(['the caller', 'node a (m-1)', 'the clock'])
  })

  it('finds every text that was changed, whatever was changed in it (O3, R1)', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const run = driveRandomly(new HandRun(compileFixture(randomGraph(seed))), seed)
      const store = await storeOf(run)
      for (const { sequence, text } of run.stored) {
        const place = (seed * 31 + sequence * 17) % text.length
        const change = (given: string): string =>
          `${given.slice(0, place)}${given[place] === '1' ? '2' : '1'}${given.slice(place + 1)}`
        const { chain, transitions } = await auditRun(tampered(store, sequence, change), run.runId)
        expect(chain.isIntact).toBe(false)
        expect(chain.problem).toContain(`checkpoint ${sequence}`)
        expect(transitions).toEqual([])
      }
    }
  })

  it('finds a checkpoint that is missing or stands in the wrong place', async () => {
    const run = startPayment(500)
    run.decide(1, 'rejected')
    const store = await storeOf(run)
    const lists: readonly ((list: Awaited<ReturnType<Store['checkpoints']>>) => typeof list)[] = [
      (list) => list.slice(0, -1),
      (list) => list.toSpliced(1, 1),
      (list) => list.map((entry, index) => ({ ...(list[index === 0 ? 0 : 1] ?? entry), sequence: entry.sequence })),
    ]
    for (const change of lists) {
      const view = answering(store, { checkpoints: async (...range) => change(await store.checkpoints(...range)) })
      expect((await auditRun(view, run.runId)).chain.isIntact).toBe(false)
    }
  })

  it('says that there is no such run', async () => {
    await expect(auditRun(await storeOf(), 'none')).rejects.toMatchObject({ code: 'WAYSTONE_STORE_RUN_UNKNOWN' })
  })
})

describe('policies in an audit', () => {
  it('hold when the outcome was crossed before every use', async () => {
    const run = startPayment(500)
    run.decide(1, 'approved')
    run.end(2)
    run.end(3, 'ask')
    run.decide(4, 'approved')
    expect(await policyOf(run)).toEqual({ uses: [2, 5], violations: [] })
  })

  it('are broken by a second use on one approval', async () => {
    const run = startPayment(500)
    run.decide(1, 'approved')
    run.end(2)
    run.end(3, 'pay')
    expect(await policyOf(run)).toEqual({ uses: [2, 4], violations: [4] })
  })

  it('are broken when what was shown is written after the approval, or it was rejected', async () => {
    const run = startPayment(500)
    run.decide(1, 'rejected')
    run.end(2, 'done', { patch: { amount: 600 } })
    expect(await policyOf(run)).toEqual({ uses: [3], violations: [3] })
  })

  it('do not apply where their guard said so, also some nodes before the use', async () => {
    const run = startPayment(50)
    run.end(1)
    expect(await policyOf(run)).toEqual({ uses: [2], violations: [] })
  })

  it('count a use once, however often it is asked for', async () => {
    const run = startPayment(500)
    run.decide(1, 'approved')
    run.hold()
    run.release()
    run.end(2, 'unknown')
    run.decide(2, 'did-not-happen')
    expect(await policyOf(run)).toEqual({ uses: [2], violations: [] })
  })

  it('count a use that was withheld when it is released', async () => {
    const run = startPayment(500)
    run.hold()
    run.decide(1, 'approved')
    expect(await policyOf(run)).toEqual({ uses: [], violations: [] })
    run.release()
    expect(await policyOf(run)).toEqual({ uses: [4], violations: [] })
  })

  it('see the tool inside an agent', async () => {
    const run = new HandRun(
      compileFixture({
        tools: { pay: 'unsafe' },
        nodes: { a: { kind: 'agent', tools: ['pay'] }, boss: 'approval' },
        edges: { a: { done: 'boss' }, boss: { approved: ':end', rejected: ':end' } },
        policies: [{ never: 'pay', without: 'boss.approved' }],
      }),
    )
    run.start({})
    run.end(0, 'done', calls(['c1', 'pay'], ['c2', 'pay']))
    expect(await policyOf(run)).toEqual({ uses: [1, 1], violations: [1, 1] })
  })

  it('take no turn inside an agent for its outcome', async () => {
    const run = new HandRun(
      compileFixture({
        tools: { pay: 'unsafe', look: 'pure' },
        nodes: { a: { kind: 'agent', tools: ['look', 'pay'] } },
        edges: { a: { done: 'a' } },
        policies: [{ never: 'pay', without: 'a.done' }],
      }),
    )
    run.start({})
    run.end(0, 'done', calls(['c1', 'look']))
    run.end(1, 'done', { result: 1 })
    run.end(2, 'done', calls(['c2', 'pay']))
    run.end(3, 'done', { result: 1 })
    run.end(4, 'done', answer())
    run.end(5, 'done', calls(['c3', 'pay']))
    expect(await policyOf(run)).toEqual({ uses: [3, 6], violations: [3] })
  })

  it('take nothing that the origin of a fork had crossed for the fork', async () => {
    const run = startPayment(500)
    run.decide(1, 'approved')
    run.end(2)
    const store = await storeOf(run)
    const runtime = forkingRuntime(store, run.compiled)
    const forkAt = async (at: number): Promise<unknown> => {
      const runId = await forkRun(runtime, run.runId, { at, by: 'op', reason: 'try', override: ['pay'] })
      const { chain, policies } = await auditRun(store, runId)
      return { chain, uses: policies[0]?.uses, violations: policies[0]?.violations }
    }
    const chain = { isIntact: true, problem: null }
    // The yes was for the origin's use.
    expect(await forkAt(2)).toEqual({ chain, uses: [0], violations: [0] })
    expect(await forkAt(1)).toEqual({ chain, uses: [], violations: [] })
  })

  it('find a fork whose origin is another one now', async () => {
    const run = startPayment(500)
    const store = await storeOf(run)
    const options = { at: 1, by: 'op', reason: 'try', override: ['pay'] }
    const runId = await forkRun(forkingRuntime(store, run.compiled), run.runId, options)
    const other = new HandRun(run.compiled)
    other.start({ amount: 700 })
    other.end(0)
    const replaced = await storeOf(other)
    const of = (id: string): Store => (id === run.runId ? replaced : store)
    const view = answering(store, {
      row: (id) => of(id).row(id),
      checkpoints: (id, from, to) => of(id).checkpoints(id, from, to),
    })
    expect((await auditRun(view, runId)).chain).toMatchObject({
      isIntact: false,
      problem: expect.stringContaining('was forked from sequence 1 of run run') as string,
    })
  })
})
