import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { END, FAIL } from './edge.ts'
import type { JoinNode } from './join.ts'
import { defineState } from './state.ts'

const w = defineState({ topic: z.string(), notes: z.array(z.string()).optional() })
type Values = { readonly topic: string; readonly notes?: string[] }

const n = w.nodes({
  plan: w.task({ run: () => undefined }),
  search: w.task({ run: () => undefined }),
  price: w.task({ run: () => undefined }),
  meet: w.join(),
  some: w.join({ wait: { atLeast: 2 }, failed: 'drop', deadline: '30s' }),
})
const base = { input: z.object({ topic: z.string() }), output: [], nodes: n, start: n.plan } as const
const rest = {
  search: { done: n.meet },
  price: { done: n.meet },
  meet: { done: END },
  some: { done: END, deadline: END, unsatisfied: END },
} as const

describe('w.join', () => {
  it('has the outcomes that its options can bring', () => {
    expectTypeOf(w.join()).toEqualTypeOf<JoinNode<'done', 'failed', Values>>()
    expectTypeOf(w.join({ failed: 'keep', wait: 'any' })).toEqualTypeOf<JoinNode<'done', never, Values>>()
    expectTypeOf(w.join({ failed: 'drop', deadline: '5m' })).toEqualTypeOf<
      JoinNode<'done' | 'deadline' | 'unsatisfied', never, Values>
    >()
  })

  it('refuses options that mean nothing', () => {
    // @ts-expect-error a join waits for all, any, or at least so many
    w.join({ wait: 'most' })
    // @ts-expect-error failing branches are raised, kept or dropped
    w.join({ failed: 'ignore' })
    // @ts-expect-error losers are aborted or finish
    w.join({ losers: 'wait' })
  })
})

describe('an edge that forks', () => {
  it('names its branches and their join, alone, with conditions, and in a list', () => {
    const isLong = w.guard('isLong', ['topic'], ({ topic }) => topic.length > 9)
    const fork = { fork: [n.search, n.price], join: n.meet }
    w.workflow('x', { ...base, edges: { plan: { done: fork }, ...rest } })
    w.workflow('x', {
      ...base,
      edges: { plan: { done: [{ ...fork, when: isLong, limit: 2, otherwise: FAIL }, END] }, ...rest },
    })
    w.workflow('x', {
      ...base,
      edges: { plan: { done: fork }, ...rest, search: { done: { to: END, cancelsFork: true } } },
    })
  })

  it('refuses what is no branch and no join', () => {
    // @ts-expect-error there is no node of this name
    w.workflow('x', { ...base, edges: { plan: { done: { fork: [n.serach], join: n.meet } }, ...rest } })
    // @ts-expect-error a task is no join
    w.workflow('x', { ...base, edges: { plan: { done: { fork: [n.search], join: n.price } }, ...rest } })
    // @ts-expect-error a branch begins with a node that works
    w.workflow('x', { ...base, edges: { plan: { done: { fork: [n.meet], join: n.meet } }, ...rest } })
    // @ts-expect-error a fork names its join
    w.workflow('x', { ...base, edges: { plan: { done: { fork: [n.search] } }, ...rest } })
    // @ts-expect-error an edge either forks or leads to one place
    w.workflow('x', { ...base, edges: { plan: { done: { fork: [n.search], join: n.meet, to: END } }, ...rest } })
  })

  it('refuses joins whose outcomes are not routed, and runs that start with one', () => {
    const plan = { done: { fork: [n.search, n.price], join: n.meet } }
    // @ts-expect-error unsatisfied and deadline need edges
    w.workflow('x', { ...base, edges: { ...rest, plan, some: { done: END } } })
    // @ts-expect-error without a deadline there is no such outcome
    w.workflow('x', { ...base, edges: { ...rest, plan, meet: { done: END, deadline: END } } })
    // @ts-expect-error no branch has been at a join when a run starts
    w.workflow('x', { ...base, start: n.meet, edges: { ...rest, plan } })
    // @ts-expect-error nor when a limit is hit
    w.workflow('x', { ...base, limits: { steps: 5, exhausted: n.meet }, edges: { ...rest, plan } })
  })
})

describe('branches that meet', () => {
  const isLong = w.guard('isLong', ['topic'], ({ topic }) => topic.length > 9)
  const shared = w.nodes({
    ...n,
    print: w.task({ exclusive: 'printer', sees: 'fork', reads: ['topic'], run: () => undefined }),
  })

  it('may have guards, cancel each other, and be asked about', () => {
    w.workflow('meeting', {
      ...base,
      nodes: shared,
      edges: {
        plan: { done: { fork: [{ to: n.search, when: isLong }, n.price], join: n.meet } },
        search: { done: [{ when: w.active(n.price), to: shared.print, cancels: [n.price] }, n.meet] },
        price: { done: shared.print },
        print: { done: n.meet },
        meet: { done: END },
        some: rest.some,
      },
    })
  })

  it('refuse what is no branch', () => {
    // @ts-expect-error a join is never under way
    w.active(n.meet)
    // @ts-expect-error only the fork can be seen
    w.task({ sees: 'start', run: () => undefined })
    // @ts-expect-error an exclusive name is a text
    w.task({ exclusive: true, run: () => undefined })
  })
})
