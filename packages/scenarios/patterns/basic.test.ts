import { defineState, END } from '@waystone/core'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { closeStages, stage, work } from './stage.ts'

afterEach(closeStages)

const input = z.object({ x: z.number() })
const w = defineState({ x: z.number() })
const isBig = w.guard('isBig', ['x'], ({ x }) => x >= 10)
const isOdd = w.guard('isOdd', ['x'], ({ x }) => x % 2 === 1)
const base = { input, output: [] } as const

describe('basic control flow', () => {
  it('WCP-1 sequence: b begins when a has ended', async () => {
    const { does, ...rest } = work()
    const n = w.nodes({ a: w.tool(does('a'), {}), b: w.tool(does('b'), {}) })
    const s = await stage(
      { does, ...rest },
      w.workflow('sequence', { ...base, nodes: n, start: n.a, edges: { a: { done: n.b }, b: { done: END } } }),
      { x: 1 },
    )
    expect(await s.open()).toEqual(['a'])
    await s.end('a')
    expect(await s.open()).toEqual(['b'])
    await s.end('b')
    expect(rest.journal).toEqual(['+a', '-a', '+b', '-b'])
    expect((await s.result()).status).toBe('completed')
  })

  it('WCP-2 parallel split, WCP-3 synchronization: a leads to b and c at once, d waits for both', async () => {
    const k = work()
    const n = w.nodes({
      a: w.tool(k.does('a'), {}),
      b: w.tool(k.does('b'), {}),
      c: w.tool(k.does('c'), {}),
      both: w.join(),
      d: w.tool(k.does('d'), {}),
    })
    const s = await stage(
      k,
      w.workflow('split', {
        ...base,
        nodes: n,
        start: n.a,
        edges: {
          a: { done: { fork: [n.b, n.c], join: n.both } },
          b: { done: n.both },
          c: { done: n.both },
          both: { done: n.d },
          d: { done: END },
        },
      }),
      { x: 1 },
    )
    await s.end('a')
    expect(await s.open()).toEqual(['b', 'c'])
    await s.end('c')
    expect(await s.open()).toEqual(['b'])
    await s.end('b')
    expect(await s.open()).toEqual(['d'])
    await s.end('d')
    expect((await s.result()).status).toBe('completed')
  })

  it('WCP-4 exclusive choice, WCP-5 simple merge: one of b and c, then d once', async () => {
    for (const [x, chosen] of [
      [12, 'b'],
      [2, 'c'],
    ] as const) {
      const k = work()
      const n = w.nodes({
        a: w.tool(k.does('a'), {}),
        b: w.tool(k.does('b'), {}),
        c: w.tool(k.does('c'), {}),
        d: w.tool(k.does('d'), {}),
      })
      const s = await stage(
        k,
        w.workflow('choice', {
          ...base,
          nodes: n,
          start: n.a,
          edges: { a: { done: [{ when: isBig, to: n.b }, n.c] }, b: { done: n.d }, c: { done: n.d }, d: { done: END } },
        }),
        { x },
      )
      await s.end('a', chosen, 'd')
      expect(k.journal).toEqual(['+a', '-a', `+${chosen}`, `-${chosen}`, '+d', '-d'])
    }
  })
})

describe('advanced branching', () => {
  it('WCP-6 multi-choice, WCP-7 structured synchronizing merge: those whose guards hold, and d after all of them', async () => {
    for (const [x, chosen] of [
      [11, ['b', 'c']],
      [12, ['b']],
      [3, ['c']],
    ] as const) {
      const k = work()
      const n = w.nodes({
        a: w.tool(k.does('a'), {}),
        b: w.tool(k.does('b'), {}),
        c: w.tool(k.does('c'), {}),
        merge: w.join(),
        d: w.tool(k.does('d'), {}),
      })
      const s = await stage(
        k,
        w.workflow('multi-choice', {
          ...base,
          nodes: n,
          start: n.a,
          edges: {
            a: {
              done: [
                {
                  fork: [
                    { to: n.b, when: isBig },
                    { to: n.c, when: isOdd },
                  ],
                  join: n.merge,
                },
                n.d,
              ],
            },
            b: { done: n.merge },
            c: { done: n.merge },
            merge: { done: n.d },
            d: { done: END },
          },
        }),
        { x },
      )
      await s.end('a')
      expect(await s.open()).toEqual(chosen)
      for (const name of chosen) {
        expect(await s.open()).not.toContain('d')
        await s.end(name)
      }
      expect(await s.open()).toEqual(['d'])
      await s.end('d')
    }
  })

  it('WCP-8 multi-merge: what comes behind is nested, and runs once for each branch (by composition)', async () => {
    const k = work()
    const t = defineState({ x: z.number() })
    const tn = t.nodes({ d: t.tool(k.does('d'), {}) })
    const tail = t.workflow('tail', { ...base, nodes: tn, start: tn.d, edges: { d: { done: END } } })
    const n = w.nodes({
      a: w.tool(k.does('a'), {}),
      b: w.tool(k.does('b'), {}),
      c: w.tool(k.does('c'), {}),
      afterB: w.nested(tail, { reads: ['x'] }),
      afterC: w.nested(tail, { reads: ['x'] }),
      all: w.join(),
    })
    const s = await stage(
      k,
      w.workflow('multi-merge', {
        ...base,
        nodes: n,
        start: n.a,
        edges: {
          a: { done: { fork: [n.b, n.c], join: n.all } },
          b: { done: n.afterB },
          c: { done: n.afterC },
          afterB: { done: n.all },
          afterC: { done: n.all },
          all: { done: END },
        },
      }),
      { x: 1 },
    )
    await s.end('a', 'b')
    await s.end('d')
    expect(await s.open()).toEqual(['c'])
    await s.end('c', 'd')
    expect(k.journal.filter((line) => line === '+d')).toHaveLength(2)
  })

  it('WCP-9 structured discriminator: d begins with the first, the others go on to their end and count no more', async () => {
    const k = work()
    const n = w.nodes({
      a: w.tool(k.does('a'), {}),
      b: w.tool(k.does('b'), {}),
      c: w.tool(k.does('c'), {}),
      c2: w.tool(k.does('c2'), {}),
      first: w.join({ wait: 'any' }),
      d: w.tool(k.does('d'), {}),
      all: w.join(),
    })
    const s = await stage(
      k,
      w.workflow('discriminator', {
        ...base,
        nodes: n,
        start: n.a,
        edges: {
          a: { done: { fork: [n.b, n.c], join: n.all } },
          b: { done: n.first },
          c: { done: n.c2 },
          c2: { done: n.first },
          first: { done: n.d },
          d: { done: n.all },
          all: { done: END },
        },
      }),
      { x: 1 },
    )
    await s.end('a', 'b')
    expect(await s.open()).toEqual(['c', 'd'])
    await s.end('d', 'c')
    expect(await s.open()).toEqual(['c2'])
    await s.end('c2')
    expect((await s.visits())['d']).toBe(1)
    expect((await s.result()).status).toBe('completed')
  })

  it('WCP-28 blocking discriminator, WCP-31 blocking partial join: the next round begins when all branches of the last have ended', async () => {
    for (const most of [1, 2]) {
      const k = work()
      const n = w.nodes({
        a: w.tool(k.does('a'), {}),
        b: w.tool(k.does('b'), {}),
        c: w.tool(k.does('c'), {}),
        e: w.tool(k.does('e'), {}),
        some: w.join({ wait: { atLeast: most }, failed: 'drop' }),
        d: w.tool(k.does('d'), {}),
        all: w.join(),
      })
      const s = await stage(
        k,
        w.workflow('blocking', {
          ...base,
          nodes: n,
          start: n.a,
          edges: {
            a: { done: { fork: [n.b, n.c, n.e], join: n.all } },
            b: { done: n.some },
            c: { done: n.some },
            e: { done: n.some },
            some: { done: n.d, unsatisfied: n.d },
            d: { done: n.all },
            all: { done: { to: n.a, limit: 1, otherwise: END } },
          },
        }),
        { x: 1 },
      )
      const names = ['b', 'c', 'e']
      for (let round = 0; round < 2; round++) {
        await s.end('a', ...names.slice(0, most))
        expect(await s.open()).toEqual(['d', ...names.slice(most)].toSorted())
        await s.end('d')
        expect(await s.open()).toEqual(names.slice(most))
        await s.end(...names.slice(most))
      }
      expect((await s.visits())['d']).toBe(2)
      expect((await s.result()).status).toBe('completed')
    }
  })

  it('WCP-29 cancelling discriminator, WCP-32 cancelling partial join: d begins, and the rest is told to stop', async () => {
    for (const most of [1, 2]) {
      const k = work()
      const n = w.nodes({
        a: w.tool(k.does('a'), {}),
        b: w.tool(k.does('b'), {}),
        c: w.tool(k.does('c'), {}),
        e: w.tool(k.does('e'), {}),
        some: w.join({ wait: { atLeast: most }, losers: 'abort' }),
        d: w.tool(k.does('d'), {}),
      })
      const s = await stage(
        k,
        w.workflow('cancelling', {
          ...base,
          nodes: n,
          start: n.a,
          edges: {
            a: { done: { fork: [n.b, n.c, n.e], join: n.some } },
            b: { done: n.some },
            c: { done: n.some },
            e: { done: n.some },
            some: { done: n.d },
            d: { done: END },
          },
        }),
        { x: 1 },
      )
      await s.end('a', ...['e', 'c'].slice(0, most))
      expect(await s.open()).toEqual(['d'])
      await s.end('d')
      await s.result()
      expect(k.journal.filter((line) => line.startsWith('!')).toSorted()).toEqual(['!b', '!c'].slice(0, 3 - most))
    }
  })

  it('WCP-30 structured partial join: d begins with the second of three, the third goes on and counts no more', async () => {
    const k = work()
    const n = w.nodes({
      a: w.tool(k.does('a'), {}),
      b: w.tool(k.does('b'), {}),
      c: w.tool(k.does('c'), {}),
      e: w.tool(k.does('e'), {}),
      two: w.join({ wait: { atLeast: 2 }, failed: 'drop' }),
      d: w.tool(k.does('d'), {}),
      all: w.join(),
    })
    const s = await stage(
      k,
      w.workflow('partial', {
        ...base,
        nodes: n,
        start: n.a,
        edges: {
          a: { done: { fork: [n.b, n.c, n.e], join: n.all } },
          b: { done: n.two },
          c: { done: n.two },
          e: { done: n.two },
          two: { done: n.d, unsatisfied: n.d },
          d: { done: n.all },
          all: { done: END },
        },
      }),
      { x: 1 },
    )
    await s.end('a', 'e')
    expect(await s.open()).toEqual(['b', 'c'])
    await s.end('b')
    expect(await s.open()).toEqual(['c', 'd'])
    await s.end('c', 'd')
    expect((await s.visits())['d']).toBe(1)
    expect((await s.result()).status).toBe('completed')
  })

  it('a node waits for branches that were not split for it: an AND-join without structure', async () => {
    const k = work()
    const n = w.nodes({
      a: w.tool(k.does('a'), {}),
      b: w.tool(k.does('b'), {}),
      c: w.tool(k.does('c'), {}),
      b2: w.tool(k.does('b2'), {}),
      and: w.tool(k.does('and'), {}),
      c2: w.tool(k.does('c2'), {}),
      all: w.join(),
    })
    const s = await stage(
      k,
      w.workflow('and-join', {
        ...base,
        nodes: n,
        start: n.a,
        edges: {
          a: { done: { fork: [n.b, n.c], join: n.all } },
          b: { done: { fork: [n.b2, n.and], join: n.all } },
          c: { done: { fork: [n.and, n.c2], join: n.all } },
          b2: { done: n.all },
          and: { done: n.all },
          c2: { done: n.all },
          all: { done: END },
        },
      }),
      { x: 1 },
    )
    await s.end('a', 'b')
    expect(await s.open()).toEqual(['b2', 'c'])
    await s.end('c')
    expect(await s.open()).toEqual(['and', 'b2', 'c2'])
    await s.end('c2', 'and', 'b2')
    expect((await s.result()).status).toBe('completed')
  })

  it('WCP-37 local synchronizing merge: a node waits for just those branches that still come', async () => {
    for (const [x, way] of [
      [12, ['b', 'd']],
      [2, ['d']],
    ] as const) {
      const k = work()
      const n = w.nodes({
        a: w.tool(k.does('a'), {}),
        b: w.tool(k.does('b'), {}),
        c: w.tool(k.does('c'), {}),
        d: w.tool(k.does('d'), {}),
        all: w.join(),
      })
      const s = await stage(
        k,
        w.workflow('local-merge', {
          ...base,
          nodes: n,
          start: n.a,
          edges: {
            a: { done: { fork: [{ to: n.b, when: isBig }, n.c], join: n.all } },
            b: { done: n.d },
            c: { done: n.d },
            d: { done: n.all },
            all: { done: END },
          },
        }),
        { x },
      )
      await s.end('a', 'c')
      expect(await s.open()).toEqual([way[0]])
      await s.end(...way)
      expect((await s.result()).status).toBe('completed')
    }
  })

  it('WCP-38 general synchronizing merge: also where a branch goes round before it comes', async () => {
    const k = work()
    const n = w.nodes({
      a: w.tool(k.does('a'), {}),
      b: w.tool(k.does('b'), {}),
      again: w.approval({ show: ['x'], outcomes: ['again', 'on', 'away'] }),
      c: w.tool(k.does('c'), {}),
      d: w.tool(k.does('d'), {}),
      all: w.join(),
    })
    const s = await stage(
      k,
      w.workflow('general-merge', {
        ...base,
        nodes: n,
        start: n.a,
        edges: {
          a: { done: { fork: [n.b, n.c], join: n.all } },
          b: { done: n.again },
          again: { again: { to: n.b, limit: 3, otherwise: n.all }, on: n.d, away: n.all },
          c: { done: n.d },
          d: { done: n.all },
          all: { done: END },
        },
      }),
      { x: 1 },
    )
    await s.end('a', 'c', 'b')
    await s.decide('again')
    expect(await s.open()).toEqual(['b'])
    await s.end('b')
    await s.decide('away')
    expect(await s.open()).toEqual(['d'])
    await s.end('d')
    expect((await s.result()).status).toBe('completed')
  })
})
