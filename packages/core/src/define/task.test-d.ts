import { describe, it } from 'vitest'
import { z } from 'zod'
import { rule } from './rule.ts'
import { defineState } from './state.ts'
import { UNSET } from './unset.ts'

const w = defineState({ order: z.string(), reply: z.string().optional(), count: rule.sum(z.number()) })
const base = { reads: ['order' as const], writes: ['count' as const] }

describe('w.task', () => {
  it('works at once or later, and may write nothing', () => {
    w.task({ ...base, run: ({ state }) => ({ count: state.order.length }) })
    w.task({ ...base, run: async ({ state }) => ({ count: state.order.length }) })
    w.task({ ...base, run: () => undefined })
    w.task({ ...base, run: async () => {} })
    w.task({ writes: ['reply'], run: () => ({ reply: UNSET }) })
  })

  it('takes lists, pairs, literals and JSON as they are written', () => {
    const Item = z.object({ tags: z.array(z.string()), pair: z.tuple([z.number(), z.string()]) })
    const Id = z.string().brand<'id'>()
    const state = defineState({
      list: z.array(z.string()),
      tone: z.enum(['warm', 'cold']),
      items: rule.append(Item),
      either: z.union([z.object({ a: z.literal('a') }), z.array(z.number())]),
      json: z.json(),
      id: Id,
    })
    const outcomes = ['big', 'small'] as const
    state.task({ writes: ['list', 'tone'], run: () => ({ list: ['x'], tone: 'warm' }) })
    state.task({ writes: ['list', 'tone'], run: async () => ({ list: ['x'], tone: 'warm' }) })
    state.task({ writes: ['items'], run: async () => ({ items: [{ tags: ['x'], pair: [1, 'x'] }] }) })
    state.task({ writes: ['json', 'either'], run: async () => ({ json: { a: ['x'] }, either: [1] }) })
    state.task({ writes: ['id'], run: () => ({ id: Id.parse('x') }) })
    state.task({
      reads: ['tone'],
      writes: ['list', 'tone'],
      outcomes,
      run: async (given) => ({
        outcome: given.state.tone === 'warm' ? 'big' : 'small',
        patch: { list: ['x'], tone: 'cold' },
      }),
    })
    // @ts-expect-error a number is no text
    state.task({ writes: ['list'], run: () => ({ list: [1] }) })
    // @ts-expect-error not one of the tones, later
    state.task({ writes: ['tone'], run: async () => ({ tone: 'hot' }) })
    // @ts-expect-error a text without its brand
    state.task({ writes: ['id'], run: () => ({ id: 'x' }) })
  })

  it('refuses patches that do not fit', () => {
    // @ts-expect-error a wrong type
    w.task({ ...base, run: ({ state }) => ({ count: state.order }) })
    // @ts-expect-error a wrong type, later
    w.task({ ...base, run: async ({ state }) => ({ count: state.order }) })
    // @ts-expect-error undefined does not survive JSON
    w.task({ ...base, run: () => ({ count: undefined }) })
    // @ts-expect-error only optional keys can be removed
    w.task({ ...base, run: () => ({ count: UNSET }) })
    // @ts-expect-error not a patch
    w.task({ ...base, run: () => 5 })
  })

  it('refuses keys that are not declared (S2)', () => {
    // @ts-expect-error "order" is not in writes
    w.task({ ...base, run: ({ state }) => ({ order: state.order }) })
    // @ts-expect-error "order" is not in writes, later
    w.task({ ...base, run: async ({ state }) => ({ count: 1, order: state.order }) })
    // @ts-expect-error no state key "cuont"
    w.task({ ...base, run: () => ({ cuont: 1 }) })
    // @ts-expect-error no state key "cuont", beside one that is there
    w.task({ ...base, run: () => ({ count: 1, cuont: 1 }) })
    // @ts-expect-error no state key "cuont", later
    w.task({ ...base, run: async () => ({ count: 1, cuont: 1 }) })
  })

  it('may have outcomes of its own', () => {
    w.task({ ...base, outcomes: ['big', 'small'], run: () => ({ outcome: 'big', patch: { count: 1 } }) })
    w.task({ ...base, outcomes: ['big', 'small'], run: async () => ({ outcome: 'small' }) })
    // @ts-expect-error not one of its outcomes
    w.task({ ...base, outcomes: ['big', 'small'], run: () => ({ outcome: 'huge' }) })
    // @ts-expect-error "order" is not in writes (S2)
    w.task({ ...base, outcomes: ['big', 'small'], run: () => ({ outcome: 'big', patch: { order: '' } }) })
    // @ts-expect-error no state key "cuont"
    w.task({ ...base, outcomes: ['big', 'small'], run: () => ({ outcome: 'big', patch: { count: 1, cuont: 1 } }) })
    // @ts-expect-error an outcome is needed
    w.task({ ...base, outcomes: ['big', 'small'], run: () => ({ count: 1 }) })
  })

  it('refuses options that do not exist or do not fit', () => {
    // @ts-expect-error there is no such effect class
    w.task({ effect: 'safe', run: () => {} })
    // @ts-expect-error not a duration
    w.task({ timeout: '5 min', run: () => {} })
    // @ts-expect-error no such option
    w.task({ repeat: 3, run: () => {} })
    // @ts-expect-error no such state key
    w.task({ reads: ['orders'], run: () => {} })
    // @ts-expect-error no such state key
    w.task({ writes: ['replies'], run: () => {} })
  })
})
