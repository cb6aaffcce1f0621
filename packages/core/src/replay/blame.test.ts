import { describe, expect, it } from 'vitest'
import { answer, calls, compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import { driveRandomly } from '../../test/engine/random-script.ts'
import { historyOf } from '../../test/engine/stored-run.ts'
import { randomGraph, randomKeys } from '../../test/graphs/random-graph.ts'
import { blamePath } from './blame.ts'

/** order → research (agent with a tool) writes amount and notes → manager approves amount → send. */
function refund(): HandRun {
  const run = new HandRun(
    compileFixture({
      state: { order: {}, amount: {}, notes: { merge: { rule: 'append', key: null } }, sent: {} },
      tools: { look: 'pure' },
      nodes: {
        research: { kind: 'agent', tools: ['look'], reads: ['order'], writes: ['amount', 'notes'] },
        manager: { kind: 'approval', show: ['amount'] },
        send: { kind: 'task', effect: 'pure', reads: ['amount', 'order'], writes: ['sent'] },
      },
      edges: {
        research: { done: 'manager' },
        manager: { approved: 'send', rejected: ':fail' },
        send: { done: { to: 'research', limit: 1, otherwise: ':end' } },
      },
    }),
  )
  run.start({ order: 'o-1' })
  run.end(0, 'done', calls(['c1', 'look'], ['c2', 'look']))
  run.end(1, 'done', { result: 1, sources: ['https://orders/1'] })
  run.end(2, 'failed', { error: { name: 'NodeError', code: 'X', message: 'x', retryable: false } })
  run.end(3, 'done', {
    ...answer({ amount: 5, notes: [{ text: 'first' }] }),
    model: 'm-1',
    sources: ['memory', 'https://orders/1'],
  })
  run.decide(4, 'approved', { reason: 'fair' })
  run.end(5, 'done', { patch: { sent: true } })
  return run
}

describe('blamePath', () => {
  it('names the last writer, its model, calls, sources, what it read, and who approved since (O4)', async () => {
    const run = refund()
    const history = await historyOf(run)
    expect(blamePath(history, ['amount'])).toEqual({
      path: ['amount'],
      value: 5,
      sequence: 4,
      at: run.events[4]?.at,
      writer: { type: 'node', node: 'research', visit: 1, step: 3, kind: 'model' },
      model: 'm-1',
      sources: ['memory', 'https://orders/1'],
      calls: [
        { tool: 'look', step: 1, sequence: 2, sources: ['https://orders/1'] },
        { tool: 'look', step: 2, sequence: 3, sources: [] },
      ],
      reads: [{ key: 'order', sequence: 0 }],
      approvals: [
        {
          node: 'manager',
          outcome: 'approved',
          by: 'ada',
          through: 'test',
          reason: 'fair',
          at: run.events[5]?.at,
          sequence: 5,
        },
      ],
    })
  })

  it('names who said that a call of the writer may run (O4, H5)', async () => {
    const approval = {
      when: 'always',
      role: null,
      reason: '',
      expiresInMs: null,
      canEdit: true,
      canAskBack: true,
    } as const
    const run = new HandRun(
      compileFixture({
        tools: { look: 'pure', pay: { effect: 'unsafe', approval } },
        nodes: { a: { kind: 'agent', tools: ['look', 'pay'], writes: ['reply'] } },
        edges: { a: { done: ':end' } },
      }),
    )
    run.start({})
    run.end(0, 'done', calls(['c1', 'look'], ['c2', 'pay']))
    run.end(1, 'done', { result: 1 })
    run.decide(2, 'edited', { arguments: { usd: 1 }, reason: 'enough' })
    run.end(2, 'done', { result: 1 })
    run.end(3, 'done', answer({ reply: 'paid' }))
    const [look, pay] = blamePath(await historyOf(run), ['reply']).calls
    expect(look).toEqual({ tool: 'look', step: 1, sequence: 2, sources: [] })
    expect(pay).toMatchObject({
      tool: 'pay',
      step: 2,
      sequence: 4,
      approval: { node: 'a', outcome: 'edited', by: 'ada', through: 'test', reason: 'enough', sequence: 3 },
    })
  })

  it('leads from a value through what its writer read back to the input (O4)', async () => {
    const history = await historyOf(refund())
    const sent = blamePath(history, ['sent'])
    expect(sent.writer).toMatchObject({ node: 'send' })
    expect(sent.reads).toEqual([
      { key: 'amount', sequence: 4 },
      { key: 'order', sequence: 0 },
    ])
    expect(blamePath(history, ['order']).writer).toEqual({ type: 'input', by: 'caller' })
    expect(sent.approvals).toEqual([])
  })

  it('looks inside values, and as of any sequence', async () => {
    const run = refund()
    run.end(6, 'done', answer({ notes: [{ text: 'second' }], amount: 5 }))
    const history = await historyOf(run)
    expect(blamePath(history, ['notes', 0, 'text'])).toMatchObject({ value: 'first', sequence: 4 })
    expect(blamePath(history, ['notes', 1])).toMatchObject({ sequence: 7, writer: { visit: 2 }, calls: [] })
    expect(blamePath(history, ['notes'], 6).sequence).toBe(4)
    expect(blamePath(history, ['notes']).sequence).toBe(7)
  })

  it('takes writing an equal value for no change, however it is written', async () => {
    const run = refund()
    run.end(6, 'done', answer({ amount: 5 }))
    expect(blamePath(await historyOf(run), ['amount']).sequence).toBe(4)
  })

  it('says what there is when nothing is at the path', async () => {
    const history = await historyOf(refund())
    for (const path of [
      ['nothing'],
      ['amount', 'x'],
      ['notes', 9],
      ['notes', 'length'],
      ['constructor'],
      ['notes', 0, 'text', 0],
    ]) {
      expect(() => blamePath(history, path)).toThrow('its keys are order, amount, notes, sent')
    }
    expect(() => blamePath(history, ['amount'], 1)).toThrow(
      'nothing at amount in the state at sequence 1; its keys are order',
    )
    expect(() => blamePath(history, ['amount'], 99)).toThrow('has no sequence 99')
  })

  it('names the person of a fork for what the fork set anew', async () => {
    const run = refund()
    const forked = new HandRun(run.compiled)
    const from = { runId: run.runId, sequence: 5, hash: 'h' }
    const snapshot = run.snapshots[5] ?? run.snapshot
    forked.feed({
      type: 'run.forked',
      from: 'operator',
      payload: { from, snapshot, patch: { amount: 9 }, by: 'op', reason: 'try', tags: {} },
    })
    expect(blamePath(await historyOf(forked), ['amount'])).toMatchObject({
      sequence: 0,
      writer: { type: 'fork', by: 'op' },
    })
  })

  it('gives the sequence at which the value last became what it is, for every key at every sequence', async () => {
    let checked = 0
    for (let seed = 0; seed < 60; seed++) {
      const run = driveRandomly(new HandRun(compileFixture(randomGraph(seed))), seed + 77)
      const history = await historyOf(run)
      for (let sequence = 0; sequence <= history.last; sequence++) {
        for (const key of randomKeys) {
          const values = run.snapshots.slice(0, sequence + 1).map(({ context }) => context.state[key])
          const last = values.findLastIndex((value, index) => index === 0 || value !== values[index - 1])
          const { sequence: found, value } = blamePath(history, [key], sequence)
          expect([found, value]).toEqual([last, values.at(-1)])
          checked += 1
        }
      }
    }
    expect(checked).toBeGreaterThan(500)
  })
})
