import { defineState, END, type Workflow } from '@waystone/core'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { closeStages, stage, until, work, type Work } from './stage.ts'

afterEach(closeStages)

const w = defineState({ list: z.array(z.object({})) })
const base = { input: z.object({ list: z.array(z.object({})) }), output: [] } as const
const three = { list: [{}, {}, {}] }
const stop = w.event('stop')

function began({ journal }: Work, name: string): number {
  return journal.filter((line) => line === `+${name}`).length
}

describe('multiple instances', () => {
  it('WCP-12 multiple instances without synchronization: what comes next does not wait for them', async () => {
    const k = work()
    const n = w.nodes({
      start: w.tool(k.does('start'), {}),
      items: w.map({ over: 'list', item: k.does('item'), maxItems: 10 }),
      next: w.tool(k.does('next'), {}),
      after: w.tool(k.does('after'), {}),
      all: w.join(),
    })
    const s = await stage(
      k,
      w.workflow('without-sync', {
        ...base,
        nodes: n,
        start: n.start,
        edges: {
          start: { done: { fork: [n.items, n.next], join: n.all } },
          items: { done: n.all },
          next: { done: n.after },
          after: { done: n.all },
          all: { done: END },
        },
      }),
      three,
    )
    await s.end('start', 'next', 'after')
    await until(() => (began(k, 'item') === 3 ? true : undefined), 'three items')
    await s.end('item', 'item', 'item')
    expect((await s.result()).status).toBe('completed')
  })

  it('WCP-13, WCP-14 multiple instances whose number is known at design time, or when they begin', async () => {
    const k = work()
    const n = w.nodes({
      fixed: w.map({ over: () => [{}, {}], item: k.does('fixed'), maxItems: 2 }),
      listed: w.map({ over: 'list', item: k.does('listed'), maxItems: 10 }),
      next: w.tool(k.does('next'), {}),
    })
    const s = await stage(
      k,
      w.workflow('a-priori', {
        ...base,
        nodes: n,
        start: n.fixed,
        edges: { fixed: { done: n.listed }, listed: { done: n.next }, next: { done: END } },
      }),
      three,
    )
    await s.end('fixed')
    expect(began(k, 'listed')).toBe(0)
    await s.end('fixed', 'listed', 'listed')
    expect(await s.open()).not.toContain('next')
    await s.end('listed', 'next')
    expect((await s.result()).status).toBe('completed')
    expect([began(k, 'fixed'), began(k, 'listed')]).toEqual([2, 3])
  })

  /** One instance, and for each `more` that comes another one beside it, so many levels deep; `enough` ends that. */
  const growing = (k: Work, depth: number, isPartial: boolean) => {
    const t = defineState({ list: z.array(z.object({})) })
    const more = t.event('more')
    const enough = t.event('enough')
    const level = (left: number): Workflow<{ list: Record<string, never>[] }> => {
      if (left === 0) return last()
      const n = t.nodes({
        begin: t.tool(k.does('begin'), {}),
        item: t.tool(k.does('item'), {}),
        add: t.wait({ for: [more, enough] }),
        others: t.nested(level(left - 1), { reads: ['list'] }),
        all: t.join(),
      })
      return t.workflow(`level${left}`, {
        ...base,
        nodes: n,
        start: n.begin,
        edges: {
          begin: { done: { fork: [n.item, n.add], join: n.all } },
          item: { done: n.all },
          add: { more: n.others, enough: isPartial ? { to: n.all, cancels: [n.item] } : n.all },
          others: { done: isPartial ? { to: n.all, cancels: [n.item] } : n.all },
          all: { done: END },
        },
      })
    }
    const last = () => {
      const n = t.nodes({ item: t.tool(k.does('item'), {}) })
      return t.workflow('level0', { ...base, nodes: n, start: n.item, edges: { item: { done: END } } })
    }
    return { workflow: level(depth), more, enough }
  }

  it('WCP-15 multiple instances that are added while others run (by composition: nested levels)', async () => {
    const k = work()
    const { workflow, more, enough } = growing(k, 4, false)
    const s = await stage(k, workflow, three)
    await s.end('begin')
    await until(() => (began(k, 'item') === 1 ? true : undefined), 'an item')
    await s.send(more)
    await s.end('begin')
    await until(() => (began(k, 'item') === 2 ? true : undefined), 'a second item')
    await s.end('item')
    await s.send(more)
    await s.end('begin')
    await until(() => (began(k, 'item') === 3 ? true : undefined), 'a third item')
    await s.send(enough)
    await s.end('item', 'item')
    expect((await s.result()).status).toBe('completed')
    expect(began(k, 'item')).toBe(3)
  })

  it('WCP-36 dynamic partial join: as they are added, until enough is said; the rest counts no more (by composition)', async () => {
    const k = work()
    const { workflow, more, enough } = growing(k, 4, true)
    const s = await stage(k, workflow, three)
    await s.end('begin')
    await until(() => (began(k, 'item') === 1 ? true : undefined), 'an item')
    await s.send(more)
    await s.end('begin')
    await until(() => (began(k, 'item') === 2 ? true : undefined), 'a second item')
    await s.end('item')
    await s.send(enough)
    expect((await s.result()).status).toBe('completed')
    expect(k.journal.filter((line) => line === '!item')).toHaveLength(1)
  })

  it('WCP-26 cancel, WCP-27 complete multiple instance activity: what has not ended is stopped, and the run goes on or not', async () => {
    for (const isCompleted of [true, false]) {
      const k = work()
      const n = w.nodes({
        start: w.tool(k.does('start'), {}),
        items: w.map({ over: 'list', item: k.does('item'), maxItems: 10 }),
        next: w.tool(k.does('next'), {}),
        stopping: w.wait({ for: stop }),
        beside: w.tool(k.does('beside'), {}),
        all: w.join(),
      })
      const s = await stage(
        k,
        w.workflow('stopped', {
          ...base,
          nodes: n,
          start: n.start,
          edges: {
            start: { done: { fork: [n.items, n.stopping, n.beside], join: n.all } },
            items: { done: { to: n.next, cancels: [n.stopping] } },
            stopping: { received: { to: isCompleted ? n.next : n.all, cancels: [n.items] } },
            next: { done: n.all },
            beside: { done: n.all },
            all: { done: END },
          },
        }),
        three,
      )
      await s.end('start', 'item')
      await s.send(stop)
      expect(await s.open()).toEqual(isCompleted ? ['beside', 'next'] : ['beside'])
      await s.end(...(isCompleted ? ['next', 'beside'] : ['beside']))
      expect((await s.result()).status).toBe('completed')
      expect(k.journal.filter((line) => line === '!item')).toHaveLength(2)
    }
  })

  it('WCP-34 static, WCP-35 cancelling partial join for multiple instances: next with the second of three', async () => {
    for (const losers of ['finish', 'abort'] as const) {
      const k = work()
      const n = w.nodes({
        items: w.map({
          over: 'list',
          item: k.does('item'),
          maxItems: 10,
          done: { atLeast: 2 },
          failed: 'drop',
          losers,
        }),
        next: w.tool(k.does('next'), {}),
      })
      const s = await stage(
        k,
        w.workflow('partial-items', {
          ...base,
          nodes: n,
          start: n.items,
          edges: { items: { done: n.next, unsatisfied: n.next }, next: { done: END } },
        }),
        three,
      )
      await until(() => (began(k, 'item') === 3 ? true : undefined), 'three items')
      await s.end('item', 'item')
      await until(() => (began(k, 'next') === 1 ? true : undefined), 'next')
      const stopped = k.journal.includes('!item')
      expect(stopped).toBe(losers === 'abort')
      if (losers === 'finish') await s.end('item')
      await s.end('next')
      expect((await s.result()).status).toBe('completed')
    }
  })

  it('WCP-42 thread split, WCP-41 thread merge: one branch becomes three of the same, and they become one again', async () => {
    const k = work()
    const t = defineState({ n: z.number().optional() })
    const tn = t.nodes({ a: t.tool(k.does('a'), {}), b: t.tool(k.does('b'), {}) })
    const thread = t.workflow('thread', {
      input: z.object({ n: z.number().optional() }),
      output: [],
      nodes: tn,
      start: tn.a,
      edges: { a: { done: tn.b }, b: { done: END } },
    })
    const n = w.nodes({
      threads: w.map({ over: 'list', item: thread, maxItems: 10 }),
      merged: w.tool(k.does('merged'), {}),
    })
    const s = await stage(
      k,
      w.workflow('threads', {
        ...base,
        nodes: n,
        start: n.threads,
        edges: { threads: { done: n.merged }, merged: { done: END } },
      }),
      three,
    )
    await until(() => (began(k, 'a') === 3 ? true : undefined), 'three threads')
    await s.end('a', 'b', 'a', 'a', 'b')
    expect(began(k, 'merged')).toBe(0)
    await s.end('b', 'merged')
    expect((await s.result()).status).toBe('completed')
    expect(began(k, 'merged')).toBe(1)
  })
})
