import type { PermitAnswer, PermitClaim, PermitRequest, Store } from '@waystone/core/store'
import { expect } from 'vitest'
import { id, owner, start } from './fixtures.ts'
import type { ConformanceCase } from './store-harness.ts'

const ann = owner('ann')
const bob = owner('bob')

/** At most so many at a time. */
function atATime(concurrent: number, resource = 'model:fast'): PermitClaim {
  return { resource, concurrent, rates: [], tokens: 0 }
}

/** At most so many in a second. */
function perSecond(max: number, resource = 'model:fast'): PermitClaim {
  return { resource, concurrent: null, rates: [{ unit: 'calls', max, perMs: 1_000 }], tokens: 0 }
}

function tokens(max: number, wanted: number): PermitClaim {
  return { resource: 'model:fast', concurrent: null, rates: [{ unit: 'tokens', max, perMs: 60_000 }], tokens: wanted }
}

interface Say extends Partial<Omit<PermitRequest, 'begins' | 'ends' | 'asks'>> {
  /** Runs that ask for a permit of step 1, attempt 1. */
  readonly asks?: { readonly [run: string]: PermitClaim | readonly PermitClaim[] }
  /** Runs whose attempt has begun, and when, ms from the start. */
  readonly begins?: { readonly [run: string]: number }
  /** Runs whose attempt is over, with the tokens it used. */
  readonly ends?: { readonly [run: string]: number | null }
}

function say(store: Store, { asks = {}, begins = {}, ends = {}, ...rest }: Say): Promise<PermitAnswer> {
  return store.permits({
    owner: ann,
    now: start,
    expiresAt: (rest.now ?? start) + 5_000,
    blocks: [],
    dead: [],
    begins: Object.entries(begins).map(([run, at]) => ({ runId: id(run), step: 1, attempt: 1, at: start + at })),
    ends: Object.entries(ends).map(([run, used]) => ({
      runId: id(run),
      step: 1,
      attempt: 1,
      ...(used !== null && { tokens: used }),
    })),
    asks: Object.entries(asks).map(([run, claims]) => ({
      runId: id(run),
      step: 1,
      attempt: 1,
      claims: [claims].flat(),
    })),
    ...rest,
  })
}

/** Names of those who hold, then of those who wait with what for. */
function told({ held, waiting }: PermitAnswer): readonly unknown[] {
  return [
    held.map(({ runId }) => runId),
    waiting.map(({ runId, resource, reason, ahead, until }) => [runId, resource, reason, ahead, until]),
  ]
}

/** Permits of what all runs share: who may begin, who waits, what dies with its owner. */
export const permitCases: readonly ConformanceCase[] = [
  {
    title: 'gives no more permits at a time than asked for, over all owners (B4)',
    async run(tools) {
      const store = await tools.store()
      expect(told(await say(store, { asks: { a: atATime(2), b: atATime(2), c: atATime(2) } }))).toEqual([
        ['a', 'b'],
        [['c', 'model:fast', 'concurrent', 0, null]],
      ])
      expect(told(await say(store, { owner: bob, asks: { d: atATime(2) } }))).toEqual([
        [],
        [['d', 'model:fast', 'concurrent', 1, null]],
      ])
      expect(told(await say(store, { ends: { a: null } }))).toEqual([['b', 'c'], []])
      expect(told(await say(store, { owner: bob }))).toEqual([[], [['d', 'model:fast', 'concurrent', 0, null]]])
      await say(store, { ends: { b: null } })
      expect(told(await say(store, { owner: bob }))).toEqual([['d'], []])
    },
  },
  {
    title: 'keeps the place of whoever came first, also for an owner that has not come back yet',
    async run(tools) {
      const store = await tools.store()
      await say(store, { asks: { a: atATime(1) } })
      await say(store, { owner: bob, asks: { b: atATime(1) } })
      expect(told(await say(store, { asks: { c: atATime(1) }, ends: { a: null } }))).toEqual([
        [],
        [['c', 'model:fast', 'concurrent', 1, null]],
      ])
      expect(told(await say(store, { owner: bob }))).toEqual([['b'], []])
    },
  },
  {
    title: 'changes nothing when it is asked again for the same',
    async run(tools) {
      const store = await tools.store()
      const first = await say(store, { asks: { a: atATime(1), b: atATime(1) } })
      expect(await say(store, { asks: { b: atATime(1), a: atATime(1) } })).toEqual(first)
      expect((await store.line()).map(({ runId, ticket, grantedAt }) => [runId, ticket, grantedAt])).toEqual([
        ['a', 1, start],
        ['b', 2, null],
      ])
    },
  },
  {
    title: 'lets so many begin in any stretch of time, and says when the next may',
    async run(tools) {
      const store = await tools.store()
      await say(store, { asks: { a: perSecond(2) } })
      await say(store, { now: start + 400, asks: { b: perSecond(2) }, begins: { a: 0 } })
      const asks = { c: perSecond(2), d: perSecond(2) }
      const answer = await say(store, { now: start + 500, begins: { b: 400 }, ends: { a: null }, asks })
      expect(told(answer)).toEqual([
        ['b'],
        [
          ['c', 'model:fast', 'rate', 0, start + 1_000],
          ['d', 'model:fast', 'rate', 1, start + 1_400],
        ],
      ])
      expect(told(await say(store, { now: start + 999 }))[0]).toEqual(['b'])
      expect(told(await say(store, { now: start + 1_000 }))[0]).toEqual(['b', 'c'])
      expect(told(await say(store, { now: start + 1_400, begins: { c: 1_000 } }))[0]).toEqual(['b', 'c', 'd'])
    },
  },
  {
    title: 'counts what has not begun as if it began now, what never began not at all, and what may have begun',
    async run(tools) {
      const store = await tools.store()
      await say(store, { asks: { a: perSecond(1), b: perSecond(1) } })
      // Granted long ago, and slow to begin.
      expect(told(await say(store, { now: start + 3_000 }))[1]).toEqual([['b', 'model:fast', 'rate', 0, start + 4_000]])
      expect(told(await say(store, { now: start + 3_100, ends: { a: null } }))[0]).toEqual(['b'])
      await say(store, { owner: bob, now: start + 3_200, asks: { c: perSecond(1) } })
      const after = await say(store, { owner: bob, now: start + 3_300, dead: ['ann'] })
      expect(told(after)).toEqual([[], [['c', 'model:fast', 'rate', 0, start + 4_300]]])
    },
  },
  {
    title: 'counts expected tokens, and really used ones once an attempt has ended',
    async run(tools) {
      const store = await tools.store()
      const asks = { a: tokens(200, 120), b: tokens(200, 120), c: tokens(200, 5_000) }
      const { held, waiting } = await say(store, { asks })
      expect(held).toMatchObject([{ runId: 'a' }])
      expect(waiting).toMatchObject([
        { runId: 'b', reason: 'rate', ahead: 0 },
        { runId: 'c', reason: 'rate', ahead: 1 },
      ])
      await say(store, { begins: { a: 0 } })
      expect(told(await say(store, { ends: { a: 60 } }))[0]).toEqual(['b'])
      // More than a window allows is all of a window.
      expect(told(await say(store, { now: start + 61_000, begins: { b: 0 }, ends: { b: 10 } }))[0]).toEqual(['c'])
    },
  },
  {
    title: 'lets nobody begin with a blocked resource before it is free, to the millisecond',
    async run(tools) {
      const store = await tools.store()
      const blocks = [{ resource: 'model:fast', until: start + 700 }]
      await say(store, { asks: { a: atATime(9) } })
      expect(told(await say(store, { owner: bob, asks: { b: atATime(9) }, blocks }))).toEqual([
        [],
        [['b', 'model:fast', 'blocked', 0, start + 700]],
      ])
      await say(store, { blocks: [{ resource: 'model:fast', until: start + 300 }] })
      expect(told(await say(store, { owner: bob, now: start + 699, asks: { c: atATime(9, 'tool:x') } }))[0]).toEqual([
        'c',
      ])
      expect(told(await say(store, { owner: bob, now: start + 700 }))[0]).toEqual(['b', 'c'])
    },
  },
  {
    title: 'gives all that an attempt needs or nothing, and lets others pass who do not need what it waits for',
    async run(tools) {
      const store = await tools.store()
      const both = [atATime(1, 'model:fast'), atATime(2, 'resource:house')]
      await say(store, { asks: { a: both } })
      const asks = { b: both, c: [atATime(1, 'model:good'), atATime(2, 'resource:house')] }
      expect(told(await say(store, { asks }))).toEqual([['a', 'c'], [['b', 'model:fast', 'concurrent', 0, null]]])
      expect(told(await say(store, { asks: { d: atATime(2, 'resource:house') } }))[1]).toEqual([
        ['b', 'model:fast', 'concurrent', 0, null],
        ['d', 'resource:house', 'concurrent', 1, null],
      ])
      expect(told(await say(store, { ends: { a: null } }))[0]).toEqual(['b', 'c'])
    },
  },
  {
    title: 'keeps for whoever waits for a later resource what it needs before that one',
    async run(tools) {
      const store = await tools.store()
      await say(store, { asks: { a: atATime(1, 'resource:house') } })
      const both = [atATime(1, 'model:fast'), atATime(1, 'resource:house')]
      expect(told(await say(store, { asks: { b: both, c: atATime(1, 'model:fast') } }))).toEqual([
        ['a'],
        [
          ['b', 'resource:house', 'concurrent', 0, null],
          ['c', 'model:fast', 'concurrent', 1, null],
        ],
      ])
      expect(told(await say(store, { ends: { a: null } }))[0]).toEqual(['b'])
    },
  },
  {
    title: 'frees at once what an owner holds that is named dead',
    async run(tools) {
      const store = await tools.store()
      await say(store, { asks: { a: atATime(1), b: atATime(1) } })
      const asked = await say(store, { owner: bob, asks: { c: atATime(1) } })
      expect(asked.others).toEqual([ann])
      expect(told(await say(store, { owner: bob, dead: ['somebody else'] }))[0]).toEqual([])
      const freed = await say(store, { owner: bob, dead: ['ann'] })
      expect(told(freed)).toEqual([['c'], []])
      expect(freed.others).toEqual([])
    },
  },
  {
    title: 'frees what an owner holds that has not come back in time, and nothing of one that has',
    async run(tools) {
      const store = await tools.store()
      await say(store, { asks: { a: atATime(1) } })
      await say(store, { now: start + 4_000 })
      expect(told(await say(store, { owner: bob, now: start + 5_000, asks: { b: atATime(1) } }))[0]).toEqual([])
      expect(told(await say(store, { owner: bob, now: start + 9_000 }))[0]).toEqual(['b'])
      expect(told(await say(store, { now: start + 9_001 }))).toEqual([[], []])
    },
  },
  {
    title: 'grows the version when something is given back, and then only',
    async run(tools) {
      const store = await tools.store()
      const first = await say(store, { asks: { a: atATime(1) } })
      expect(await store.permitVersion()).toBe(first.version)
      expect((await say(store, { owner: bob, asks: { b: atATime(1) }, now: start + 4_000 })).version).toBe(
        first.version,
      )
      const freed = await say(store, { ends: { a: null } })
      expect(freed.version).toBeGreaterThan(first.version)
      expect(await store.permitVersion()).toBe(freed.version)
      expect((await store.line()).map(({ runId, owner: { id: ownerId } }) => [runId, ownerId])).toEqual([['b', 'bob']])
    },
  },
]
