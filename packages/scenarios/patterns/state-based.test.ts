import { defineState, END, FAIL, type Workflow } from '@waystone/core'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { closeStages, stage, until, work } from './stage.ts'

afterEach(closeStages)

const input = z.object({ x: z.number() })
const w = defineState({ x: z.number() })
const base = { input, output: [] } as const

describe('iteration', () => {
  it('WCP-10 arbitrary cycles: one with two ways in and two ways out', async () => {
    for (const [way, visits] of [
      [['left', 'on', 'on', 'out'], { which: 1, b: 2, c: 1 }],
      [['right', 'on', 'on', 'on', 'out'], { which: 1, b: 2, c: 2 }],
      [['right', 'out'], { which: 1, c: 1 }],
    ] as const) {
      const k = work()
      const n = w.nodes({
        which: w.approval({ show: ['x'], outcomes: ['left', 'right'] }),
        b: w.approval({ show: ['x'], outcomes: ['on', 'out'] }),
        c: w.approval({ show: ['x'], outcomes: ['on', 'out'] }),
      })
      const s = await stage(
        k,
        w.workflow('cycles', {
          ...base,
          nodes: n,
          start: n.which,
          edges: {
            which: { left: n.b, right: n.c },
            b: { on: n.c, out: END },
            c: { on: { to: n.b, limit: 5, otherwise: END }, out: END },
          },
        }),
        { x: 1 },
      )
      for (const outcome of way) await s.decide(outcome)
      expect((await s.result()).status).toBe('completed')
      expect(await s.visits()).toEqual(visits)
    }
  })

  it('WCP-21 structured loop: tested before the body, and behind it', async () => {
    const k = work()
    const n = w.nodes({
      more: w.approval({ show: ['x'], outcomes: ['more', 'enough'] }),
      body: w.tool(k.does('body'), {}),
      thrice: w.tool(k.does('thrice'), {}),
    })
    const s = await stage(
      k,
      w.workflow('loops', {
        ...base,
        nodes: n,
        start: n.more,
        edges: {
          more: { more: { to: n.body, limit: 9, otherwise: n.thrice }, enough: n.thrice },
          body: { done: n.more },
          thrice: { done: { to: n.thrice, limit: 2, otherwise: END } },
        },
      }),
      { x: 1 },
    )
    await s.decide('more')
    await s.end('body')
    await s.decide('enough')
    await s.end('thrice', 'thrice', 'thrice')
    expect((await s.result()).status).toBe('completed')
    expect(await s.visits()).toEqual({ more: 2, body: 1, thrice: 3 })
  })

  it('WCP-22 recursion: a workflow nested in itself, so many levels deep as it is made for (by composition)', async () => {
    const k = work()
    const t = defineState({ x: z.number() })
    const isDeeper = t.guard('isDeeper', ['x'], ({ x }) => x > 0)
    const level = (depth: number): Workflow<{ x: number }> => {
      const a = t.tool(k.does('a'), {})
      const same = { ...base, output: [] } as const
      if (depth === 0) {
        const n = t.nodes({ a })
        return t.workflow('level0', { ...same, nodes: n, start: n.a, edges: { a: { done: END } } })
      }
      const n = t.nodes({
        a,
        deeper: t.nested(level(depth - 1), { reads: ['x'], input: ({ state }) => ({ x: state.x - 1 }) }),
      })
      return t.workflow(`level${depth}`, {
        ...same,
        nodes: n,
        start: n.a,
        edges: { a: { done: [{ when: isDeeper, to: n.deeper }, END] }, deeper: { done: END } },
      })
    }
    const s = await stage(k, level(3), { x: 2 })
    await s.end('a', 'a')
    expect(await s.open()).toEqual(['deeper/deeper/a'])
    await s.end('a')
    expect((await s.result()).status).toBe('completed')
    expect(k.journal.filter((line) => line === '-a')).toHaveLength(3)
  })
})

describe('termination', () => {
  it('WCP-11 implicit termination: the run ends with the last thing that is under way (by composition: the ends lead to a join)', async () => {
    const k = work()
    const n = w.nodes({
      a: w.tool(k.does('a'), {}),
      b: w.tool(k.does('b'), {}),
      c: w.tool(k.does('c'), {}),
      rest: w.join(),
    })
    const s = await stage(
      k,
      w.workflow('implicit', {
        ...base,
        nodes: n,
        start: n.a,
        edges: {
          a: { done: { fork: [n.b, n.c], join: n.rest } },
          b: { done: n.rest },
          c: { done: n.rest },
          rest: { done: END },
        },
      }),
      { x: 1 },
    )
    await s.end('a', 'c')
    expect(await s.open()).toEqual(['b'])
    await s.end('b')
    expect((await s.result()).status).toBe('completed')
  })

  it('WCP-43 explicit termination: an end in one branch ends the run well, whatever else is under way', async () => {
    const k = work()
    const n = w.nodes({
      a: w.tool(k.does('a'), {}),
      b: w.tool(k.does('b'), {}),
      c: w.tool(k.does('c'), {}),
      all: w.join(),
    })
    const s = await stage(
      k,
      w.workflow('explicit', {
        ...base,
        nodes: n,
        start: n.a,
        edges: {
          a: { done: { fork: [n.b, n.c], join: n.all } },
          b: { done: { to: END, cancelsFork: true } },
          c: { done: { to: n.all, cancels: [n.b] } },
          all: { done: END },
        },
      }),
      { x: 1 },
    )
    await s.end('a', 'b')
    expect((await s.result()).status).toBe('completed')
    expect(k.journal.at(-1)).toBe('!c')
  })
})

describe('state-based', () => {
  const paid = w.event('paid')
  const refused = w.event('refused')

  it('WCP-16 deferred choice: the first of what may come from outside decides', async () => {
    const k = work()
    const n = w.nodes({
      which: w.wait({ for: [paid, refused] }),
      b: w.tool(k.does('b'), {}),
      c: w.tool(k.does('c'), {}),
    })
    const s = await stage(
      k,
      w.workflow('deferred', {
        ...base,
        nodes: n,
        start: n.which,
        edges: { which: { paid: n.b, refused: n.c }, b: { done: END }, c: { done: END } },
      }),
      { x: 1 },
    )
    expect(await s.open()).toEqual(['which'])
    await s.send(refused)
    await s.end('c')
    expect((await s.result()).status).toBe('completed')
    expect(k.journal).toEqual(['+c', '-c'])
  })

  it('WCP-17 interleaved parallel routing: one at a time, each behind what it needs', async () => {
    const k = work()
    const alone = { exclusive: 'desk' } as const
    const n = w.nodes({
      start: w.tool(k.does('start'), {}),
      a: w.tool(k.does('a'), alone),
      a2: w.tool(k.does('a2'), alone),
      b: w.tool(k.does('b'), alone),
      last: w.tool(k.does('last'), alone),
      all: w.join(),
    })
    const s = await stage(
      k,
      w.workflow('interleaved', {
        ...base,
        nodes: n,
        start: n.start,
        edges: {
          start: { done: { fork: [n.a, n.b], join: n.all } },
          a: { done: n.a2 },
          a2: { done: n.last },
          b: { done: n.last },
          last: { done: n.all },
          all: { done: END },
        },
      }),
      { x: 1 },
    )
    await s.end('start')
    for (const [done, next] of [
      ['a', 'b'],
      ['b', 'a2'],
      ['a2', 'last'],
    ] as const) {
      await s.end(done)
      expect(await s.open()).toEqual([next])
    }
    await s.end('last')
    expect((await s.result()).status).toBe('completed')
  })

  it('WCP-18 milestone: a node waits until another one is under way, and is left out once that has ended', async () => {
    for (const [moves, open] of [
      [['ask'], ['before']],
      [
        ['ask', 'before'],
        ['comment', 'window'],
      ],
      [
        ['before', 'ask'],
        ['comment', 'window'],
      ],
      [['before', 'window', 'ask'], ['closed']],
    ] as const) {
      const k = work()
      const n = w.nodes({
        a: w.tool(k.does('a'), {}),
        before: w.tool(k.does('before'), {}),
        window: w.tool(k.does('window'), {}),
        closed: w.tool(k.does('closed'), {}),
        ask: w.tool(k.does('ask'), {}),
        comment: w.tool(k.does('comment'), {}),
        all: w.join(),
      })
      const s = await stage(
        k,
        w.workflow('milestone', {
          ...base,
          nodes: n,
          start: n.a,
          edges: {
            a: { done: { fork: [n.before, n.ask], join: n.all } },
            before: {
              done: [
                { when: w.active(n.ask), to: n.window },
                { fork: [n.window, n.comment], join: n.all },
              ],
            },
            window: { done: n.closed },
            closed: { done: n.all },
            ask: { done: [{ when: w.active(n.window), to: n.comment }, n.all] },
            comment: { done: n.all },
            all: { done: END },
          },
        }),
        { x: 1 },
      )
      await s.end('a', ...moves)
      expect(await s.open()).toEqual(open)
    }
  })

  it('WCP-39 critical section: of two parts of several nodes, one at a time is under way', async () => {
    const k = work()
    const t = defineState({ x: z.number() })
    const tn = t.nodes({ c1: t.tool(k.does('c1'), {}), c2: t.tool(k.does('c2'), {}) })
    const part = t.workflow('part', {
      ...base,
      nodes: tn,
      start: tn.c1,
      edges: { c1: { done: tn.c2 }, c2: { done: END } },
    })
    const n = w.nodes({
      a: w.tool(k.does('a'), {}),
      b: w.tool(k.does('b'), {}),
      left: w.nested(part, { reads: ['x'], exclusive: 'safe' }),
      right: w.nested(part, { reads: ['x'], exclusive: 'safe' }),
      all: w.join(),
    })
    const s = await stage(
      k,
      w.workflow('critical', {
        ...base,
        nodes: n,
        start: n.a,
        edges: {
          a: { done: { fork: [n.left, n.b], join: n.all } },
          b: { done: n.right },
          left: { done: n.all },
          right: { done: n.all },
          all: { done: END },
        },
      }),
      { x: 1 },
    )
    await s.end('a', 'b', 'c1')
    expect(await s.open()).toEqual(['left/c2'])
    await s.end('c2', 'c1')
    expect(await s.open()).toEqual(['right/c2'])
    await s.end('c2')
    expect((await s.result()).status).toBe('completed')
  })

  it('WCP-40 interleaved routing: all of them, one at a time', async () => {
    const k = work()
    const alone = { exclusive: 'desk' } as const
    const n = w.nodes({
      start: w.tool(k.does('start'), {}),
      a: w.tool(k.does('a'), alone),
      b: w.tool(k.does('b'), alone),
      c: w.tool(k.does('c'), alone),
      all: w.join(),
    })
    const s = await stage(
      k,
      w.workflow('one-by-one', {
        ...base,
        nodes: n,
        start: n.start,
        edges: {
          start: { done: { fork: [n.a, n.b, n.c], join: n.all } },
          a: { done: n.all },
          b: { done: n.all },
          c: { done: n.all },
          all: { done: END },
        },
      }),
      { x: 1 },
    )
    await s.end('start', 'a', 'b', 'c')
    expect((await s.result()).status).toBe('completed')
    expect(k.journal.slice(2)).toEqual(['+a', '-a', '+b', '-b', '+c', '-c'])
  })
})

describe('triggers', () => {
  const triggered = (early: 'kept' | 'lost') => {
    const k = work()
    const alarm = w.event('alarm', undefined, { early })
    const n = w.nodes({
      a: w.tool(k.does('a'), {}),
      trigger: w.wait({ for: alarm }),
      b: w.tool(k.does('b'), {}),
    })
    const workflow = w.workflow('trigger', {
      ...base,
      nodes: n,
      start: n.a,
      edges: { a: { done: n.trigger }, trigger: { received: n.b }, b: { done: END } },
    })
    return { k, alarm, workflow }
  }

  it('WCP-23 transient trigger: one that nobody waits for is lost, and the sender is told', async () => {
    const { k, alarm, workflow } = triggered('lost')
    const s = await stage(k, workflow, { x: 1 })
    expect(await s.send(alarm)).toBe('refused')
    await s.end('a')
    expect(await s.open()).toEqual(['trigger'])
    await s.send(alarm)
    await s.end('b')
    expect((await s.result()).status).toBe('completed')
  })

  it('WCP-24 persistent trigger: one that came early is taken when somebody waits for it', async () => {
    const { k, alarm, workflow } = triggered('kept')
    const s = await stage(k, workflow, { x: 1 })
    await s.send(alarm)
    await s.end('a', 'b')
    expect((await s.result()).status).toBe('completed')
  })

  it('WCP-33 generalised AND-join: fires once for each pair, and keeps what comes more often on one side (by composition: waits in a cycle)', async () => {
    const k = work()
    const left = w.event('left')
    const right = w.event('right')
    const n = w.nodes({
      fromLeft: w.wait({ for: left }),
      fromRight: w.wait({ for: right }),
      d: w.tool(k.does('d'), {}),
    })
    const s = await stage(
      k,
      w.workflow('and-join', {
        ...base,
        nodes: n,
        start: n.fromLeft,
        edges: {
          fromLeft: { received: n.fromRight },
          fromRight: { received: n.d },
          d: { done: { to: n.fromLeft, limit: 1, otherwise: END } },
        },
      }),
      { x: 1 },
    )
    await s.send(left)
    await s.send(left)
    expect(await s.open()).toEqual(['fromRight'])
    await s.send(right)
    await s.end('d')
    await until(
      async () => ((await s.open())[0] === 'fromRight' ? true : undefined),
      'the second of the left to be taken',
    )
    await s.send(right)
    await s.end('d')
    expect((await s.result()).status).toBe('completed')
    expect(k.journal).toEqual(['+d', '-d', '+d', '-d'])
  })
})

describe('cancellation', () => {
  const stop = w.event('stop')

  it('WCP-19 cancel task: a task is stopped, and the rest goes on', async () => {
    const k = work()
    const n = w.nodes({
      start: w.tool(k.does('start'), {}),
      a: w.tool(k.does('a'), {}),
      a2: w.tool(k.does('a2'), {}),
      stopping: w.wait({ for: stop }),
      b: w.tool(k.does('b'), {}),
      all: w.join(),
    })
    const s = await stage(
      k,
      w.workflow('cancel-task', {
        ...base,
        nodes: n,
        start: n.start,
        edges: {
          start: { done: { fork: [n.a, n.stopping, n.b], join: n.all } },
          a: { done: { to: n.a2, cancels: [n.stopping] } },
          a2: { done: n.all },
          stopping: { received: { to: n.all, cancels: [n.a] } },
          b: { done: n.all },
          all: { done: END },
        },
      }),
      { x: 1 },
    )
    await s.end('start')
    await s.send(stop)
    expect(await s.open()).toEqual(['b'])
    await s.end('b')
    expect((await s.result()).status).toBe('completed')
    expect(k.journal).toContain('!a')
    expect(k.journal).not.toContain('+a2')
  })

  it('WCP-20 cancel case: an edge, or an operator, ends the whole run', async () => {
    const k = work()
    const n = w.nodes({
      start: w.tool(k.does('start'), {}),
      a: w.tool(k.does('a'), {}),
      stopping: w.wait({ for: stop }),
      all: w.join(),
    })
    const workflow = w.workflow('cancel-case', {
      ...base,
      nodes: n,
      start: n.start,
      edges: {
        start: { done: { fork: [n.a, n.stopping], join: n.all } },
        a: { done: { to: n.all, cancels: [n.stopping] } },
        stopping: { received: { to: FAIL, cancelsFork: true } },
        all: { done: END },
      },
    })
    const byEdge = await stage(k, workflow, { x: 1 })
    await byEdge.end('start')
    await byEdge.send(stop)
    expect((await byEdge.result()).status).toBe('failed')
    const byHand = await stage(k, workflow, { x: 1 })
    await byHand.end('start')
    await byHand.run.cancel({ by: 'ada', reason: 'enough' })
    expect((await byHand.result()).status).toBe('cancelled')
    expect(k.journal.filter((line) => line === '!a')).toHaveLength(2)
  })

  it('WCP-25 cancel region: a set of nodes is stopped, wherever it is in it; what is outside goes on', async () => {
    for (const reached of [['a'], ['a', 'b']]) {
      const k = work()
      const n = w.nodes({
        start: w.tool(k.does('start'), {}),
        a: w.tool(k.does('a'), {}),
        a2: w.tool(k.does('a2'), {}),
        b: w.tool(k.does('b'), {}),
        stopping: w.wait({ for: stop }),
        c: w.tool(k.does('c'), {}),
        all: w.join(),
      })
      const s = await stage(
        k,
        w.workflow('cancel-region', {
          ...base,
          nodes: n,
          start: n.start,
          edges: {
            start: { done: { fork: [n.a, n.b, n.stopping, n.c], join: n.all } },
            a: { done: n.a2 },
            a2: { done: n.all },
            b: { done: n.all },
            stopping: { received: { to: n.all, cancels: [n.a, n.a2, n.b] } },
            c: { done: n.all },
            all: { done: END },
          },
        }),
        { x: 1 },
      )
      await s.end('start', ...reached)
      await s.send(stop)
      expect(await s.open()).toEqual(['c'])
      await s.end('c')
      expect((await s.result()).status).toBe('completed')
    }
  })
})
