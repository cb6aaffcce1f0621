import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { beginning, HandRun } from '../../test/engine/hand-run.ts'
import { storeOf } from '../../test/engine/stored-run.ts'
import { END, FAIL } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { replayRun } from '../replay/replay-run.ts'
import { compile } from './compile.ts'

const input = z.object({ text: z.string() })

describe('the deadline of a fork', () => {
  const w = defineState({ text: z.string() })
  const asking = w.nodes({ look: w.approval({ show: ['text'], expiresIn: '1h' }) })
  const desk = w.workflow('desk', {
    input,
    output: [],
    nodes: asking,
    start: asking.look,
    edges: { look: { approved: END, rejected: END, expired: END } },
  })
  const list = { over: () => ['a', 'b'], maxItems: 2, concurrency: 2, apply: () => ({}) } as const

  /** `each` goes over two items in a branch beside `quick`; the join waits for a second. */
  function begun(each: 'asked' | 'unknown'): HandRun {
    const n = w.nodes({
      begin: w.task({ effect: 'pure', run: () => ({}) }),
      quick: w.task({ effect: 'pure', run: () => ({}) }),
      each:
        each === 'asked'
          ? w.map({ ...list, item: desk, input: (text) => ({ text }) })
          : w.map({ ...list, run: () => 'done' }),
      meet: w.join({ deadline: '1s' }),
      last: w.task({ effect: 'pure', run: () => ({}) }),
    })
    const workflow = w.workflow('race', {
      input,
      output: [],
      nodes: n,
      start: n.begin,
      edges: {
        begin: { done: { fork: [n.quick, n.each], join: n.meet } },
        quick: { done: n.meet },
        each: { done: n.meet },
        meet: { done: n.last, deadline: n.last },
        last: { done: END },
      },
    })
    const run = new HandRun(compile(workflow))
    run.start({ text: 'x' })
    run.end(0)
    run.end(1)
    run.end(2, 'done', { items: ['a', 'b'] })
    return run
  }

  it('drops what people are asked inside items of a losing branch, and their timers (G7, H6)', async () => {
    const run = begun('asked')
    run.end(3, 'begun', { output: { text: 'a' } })
    expect(run.last.status).toBe('running')
    // The other item is about to ask.
    expect(run.last.commands).toContainEqual({ type: 'setTimer', timer: 'expire/5', at: run.at + 3_600_000 })
    run.timer('deadline/1', beginning + 2_000)
    expect(run.last).toMatchObject({
      decision: { node: 'meet', outcome: 'deadline', branches: { joined: ['quick'], left: ['each'] }, to: 'last' },
      status: 'running',
    })
    expect(run.last.commands).toEqual(
      expect.arrayContaining([
        { type: 'clearTimer', timer: 'expire/5' },
        { type: 'withdrawRequest', step: 5 },
        { type: 'cancelEffect', step: 4 },
      ]),
    )
    expect(run.open).toEqual(['6:last:task/1'])
    expect(run.context).not.toHaveProperty('maps')
    expect(run.context).not.toHaveProperty('children')
    expect(run.decide(5, 'approved', { digest: 'as it was' }).type).toBe('stale')
    expect(run.timer('expire/5', run.at + 3_600_000).type).toBe('stale')
    expect(run.end(4, 'begun', { output: { text: 'b' } })).toMatchObject({ type: 'late' })
    run.end(6)
    expect(run.last.status).toBe('completed')
    expect(await replayRun(await storeOf(run), run.compiled, run.runId)).toMatchObject({ divergence: null })
  })

  it('drops the question what became of an item of a losing branch (G7)', () => {
    const run = begun('unknown')
    run.end(3, 'unknown')
    expect(run.open).toEqual(['3:each:resolve/1', '4:each:item/1'])
    run.timer('deadline/1', beginning + 2_000)
    expect([run.open, Object.keys(run.context.closing)]).toEqual([['5:last:task/1'], ['4']])
    expect(run.decide(3, 'happened', { digest: 'as it was', result: 'x' }).type).toBe('stale')
    expect(run.end(4, 'done', { output: 'x' })).toMatchObject({ type: 'late' })
    run.end(5)
    expect(run.last.status).toBe('completed')
  })
})

describe('a redirect into a group', () => {
  const w = defineState({ text: z.string(), invoice: z.string().optional() })
  const billing = w.group('billing', { state: { card: z.string().optional() }, exports: ['invoice'] })
  const paid = w.event('paid', z.object({ card: z.string() }))

  /** Waits outside of the group, or inside of it. */
  function waiting(inside: boolean): HandRun {
    const lookUp = billing.task({
      effect: 'pure',
      redirectable: true,
      writes: ['card'],
      run: () => ({ card: 'card-4242' }),
    })
    const bill = billing.task({ effect: 'pure', reads: ['card'], writes: ['invoice'], run: () => ({ invoice: 'i-1' }) })
    const n = w.nodes({
      pause: inside
        ? billing.wait({ for: paid, expiresIn: '1h', writes: ['card'], apply: ({ card }) => ({ card }) })
        : w.wait({ for: paid, expiresIn: '1h', apply: () => ({}) }),
      lookUp,
      bill,
    })
    const workflow = w.workflow('shop', {
      input,
      output: ['invoice'],
      nodes: n,
      start: n.pause,
      edges: {
        pause: { received: n.lookUp, expired: FAIL },
        lookUp: { done: n.bill },
        bill: { done: END },
      },
    })
    const run = new HandRun(compile(workflow))
    run.start({ text: 'x' })
    return run
  }

  it.each([false, true])(
    'closes an open wait and its timer, and keeps what comes after it (H7, M3); inside: %s',
    async (inside) => {
      const run = waiting(inside)
      expect([run.open, run.last.status]).toEqual([['0:pause:wait/1'], 'waiting'])
      run.redirect('lookUp')
      expect(run.last.commands).toEqual([
        { type: 'clearTimer', timer: 'expire/0' },
        { type: 'effect', step: 1, node: 'lookUp', kind: 'task', attempt: 1 },
        { type: 'closeWait', step: 0 },
      ])
      expect(run.timer('expire/0', run.at + 3_600_000).type).toBe('stale')
      const message = { event: 'paid', key: null, payload: { card: 'card-1111' } }
      const sent = run.feed({ type: 'event.received', from: 'caller', payload: { message } })
      expect(sent.type).toBe('applied')
      expect(Object.values(run.context.received ?? {})).toMatchObject([{ event: 'paid' }])
      run.end(1, 'done', { patch: { card: 'card-4242' } })
      run.end(2, 'done', { patch: { invoice: 'i-1' } })
      expect(run.last.status).toBe('completed')
      expect(run.state['card']).toBe('card-4242')
      expect(await replayRun(await storeOf(run), run.compiled, run.runId)).toMatchObject({ divergence: null })
    },
  )
})
