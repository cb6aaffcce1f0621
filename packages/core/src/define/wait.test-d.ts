import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import type { Run, Runtime } from '../run/runtime.ts'
import { END } from './edge.ts'
import { defineState } from './state.ts'

const w = defineState({
  order: z.string(),
  at: z.number().optional(),
  tags: z.array(z.string()),
  amountUsd: z.number().optional(),
})
const paid = w.event('paid', z.object({ amountUsd: z.number(), when: z.string().default('now') }))
const cancelled = w.event('cancelled')

describe('w.event', () => {
  it('knows its name, what a sender gives and what it carries', () => {
    expectTypeOf(paid.name).toEqualTypeOf<'paid'>()
    expectTypeOf(paid['~input']).toEqualTypeOf<{ amountUsd: number; when?: string | undefined }>()
    expectTypeOf(paid['~payload']).toEqualTypeOf<{ amountUsd: number; when: string }>()
    expectTypeOf(cancelled['~input']).toEqualTypeOf<null>()
  })
})

describe('w.wait', () => {
  it('types what one event carries, its outcomes and what is read', () => {
    const node = w.wait({
      for: paid,
      key: 'order',
      reads: ['tags'],
      writes: ['amountUsd'],
      apply: (received, { state }) => {
        expectTypeOf(received).toEqualTypeOf<{ amountUsd: number; when: string }>()
        expectTypeOf(state).toEqualTypeOf<{ readonly tags: string[] }>()
        return { amountUsd: received.amountUsd }
      },
      expiresIn: '2d',
    })
    expectTypeOf(node['~outcomes']).toEqualTypeOf<'received' | 'expired'>()
    expectTypeOf(node['~reads']).toEqualTypeOf<'order' | 'tags'>()
    expectTypeOf(w.wait({ for: paid })['~outcomes']).toEqualTypeOf<'received'>()
  })

  it('tells several events apart, with an outcome for each', () => {
    const node = w.wait({
      for: [paid, cancelled],
      key: ({ state }) => `order ${state.order}`,
      reads: ['order'],
      writes: ['amountUsd'],
      apply: (received) => {
        expectTypeOf(received.event).toEqualTypeOf<'paid' | 'cancelled'>()
        return received.event === 'paid' ? { amountUsd: received.payload.amountUsd } : {}
      },
    })
    expectTypeOf(node['~outcomes']).toEqualTypeOf<'paid' | 'cancelled'>()
  })

  it('waits for time', () => {
    expectTypeOf(w.wait({ delay: '2h' })['~outcomes']).toEqualTypeOf<'done'>()
    expectTypeOf(w.wait({ until: 'order' })['~reads']).toEqualTypeOf<'order'>()
    expectTypeOf(w.wait({ until: 'at' })['~reads']).toEqualTypeOf<never>()
    w.wait({ until: ({ state }) => state.at ?? 0, reads: ['at'] })
  })

  it('needs apply exactly where the event does not carry what is written', () => {
    w.wait({ for: paid, writes: ['amountUsd'] })
    // @ts-expect-error the event carries no order, so it must be made
    w.wait({ for: paid, writes: ['order'] })
    // @ts-expect-error not each of the events carries the amount
    w.wait({ for: [paid, cancelled], writes: ['amountUsd'] })
  })

  it('refuses what is none', () => {
    // @ts-expect-error a list is no key
    w.wait({ for: paid, key: 'tags' })
    // @ts-expect-error a key that the state does not have
    w.wait({ for: paid, key: 'ordr' })
    // @ts-expect-error neither a delay nor a moment nor an event
    w.wait({})
    // @ts-expect-error both at once
    w.wait({ delay: '1h', until: 'at' })
    // @ts-expect-error a name is no event
    w.wait({ for: 'paid' })
    // @ts-expect-error no such state key
    w.wait({ for: paid, writes: ['amountUsd'], apply: () => ({ amountUsd: 1, amonut: 2 }) })
  })
})

describe('edges of waits and of events', () => {
  const join = w.join()
  const n = w.nodes({
    pay: w.wait({ for: [paid, cancelled], expiresIn: '1d' }),
    one: w.task({ effect: 'pure', on: cancelled, run: () => undefined }),
    join,
  })
  const base = { input: z.object({ order: z.string(), tags: z.array(z.string()) }), output: [], nodes: n, start: n.pay }

  it('route every event and the expiry; an edge may emit in place of a target', () => {
    w.workflow('orders', {
      ...base,
      edges: {
        pay: { paid: { emit: cancelled, join: n.join, limit: 1, otherwise: END }, cancelled: END, expired: END },
        one: { done: n.join },
        join: { done: END },
      },
    })
    w.workflow('orders', {
      ...base,
      edges: {
        // @ts-expect-error the expiry is not routed
        pay: { paid: END, cancelled: END },
        one: { done: n.join },
        join: { done: END },
      },
    })
    w.workflow('orders', {
      ...base,
      edges: {
        // @ts-expect-error an event that carries something cannot be emitted
        pay: { paid: { emit: paid }, cancelled: END, expired: END },
        one: { done: n.join },
        join: { done: END },
      },
    })
    // @ts-expect-error nodes are on events that carry nothing
    w.task({ effect: 'pure', on: paid, run: () => undefined })
  })
})

describe('sending', () => {
  it('takes what the event carries', () => {
    const send = async (run: Run, runtime: Runtime): Promise<void> => {
      await run.send(paid, { amountUsd: 1 }, { id: 'm-1', key: 'o-1' })
      await run.send(cancelled, null)
      await run.send('paid', { amountUsd: 1 })
      await runtime.send({ workflow: 'orders', key: 'o-1' }, paid, { amountUsd: 1 })
      // @ts-expect-error the amount is a number
      await run.send(paid, { amountUsd: '1' })
      // @ts-expect-error it carries nothing
      await run.send(cancelled, { amountUsd: 1 })
      // @ts-expect-error as for a run at hand
      await runtime.send('run', paid, {})
    }
    expectTypeOf(send).toBeFunction()
  })
})
