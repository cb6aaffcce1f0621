import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { rule } from './rule.ts'
import { defineState, type StateBuilder } from './state.ts'
import type { Unset } from './unset.ts'

const Note = z.object({ id: z.string(), text: z.string() })

describe('defineState', () => {
  it('reads values as their schemas say and shows them plainly', () => {
    const w = defineState({
      order: z.string(),
      amountUsd: z.number().optional(),
      notes: rule.append(Note, { key: 'id' }),
      tags: rule.union(z.string()).optional(),
    })
    expectTypeOf(w).toEqualTypeOf<
      StateBuilder<
        {
          readonly order: string
          readonly amountUsd?: number
          readonly notes: readonly { id: string; text: string }[]
          readonly tags?: readonly string[]
        },
        {
          readonly order: string
          readonly amountUsd: number | Unset
          readonly notes: readonly { readonly id: string; readonly text: string }[]
          readonly tags: readonly string[] | Unset
        }
      >
    >()
  })

  it('lets a patch of a merged key hold some of its fields', () => {
    const w = defineState({ profile: rule.merge(z.object({ name: z.string(), age: z.number() })) })
    w.task({ writes: ['profile'], run: () => ({ profile: { age: 3 } }) })
    // @ts-expect-error the field is a number
    w.task({ writes: ['profile'], run: () => ({ profile: { age: 'three' } }) })
  })

  it('lets a patch of a reduced key hold what its reducer takes', () => {
    const w = defineState({
      best: rule.reducer(z.object({ score: z.number() }), {
        name: 'best',
        patch: z.number(),
        reduce: (current, incoming) => ({ score: Math.max(current?.score ?? 0, incoming) }),
      }),
    })
    w.task({ writes: ['best'], run: () => ({ best: 3 }) })
    // @ts-expect-error a patch holds a number, not the whole value
    w.task({ writes: ['best'], run: () => ({ best: { score: 3 } }) })
  })

  it('accepts what survives JSON', () => {
    defineState({
      any: z.json(),
      maybe: z.json().optional(),
      table: z.record(z.string(), z.number()),
      either: z.union([z.literal('a'), z.object({ b: z.number().nullable() })]),
      branded: z.string().brand<'Order'>(),
      when: z.iso.datetime(),
    })
  })

  it('refuses what does not', () => {
    // @ts-expect-error Date does not survive JSON
    defineState({ at: z.date() })
    // @ts-expect-error bigint does not survive JSON
    defineState({ count: z.bigint() })
    // @ts-expect-error Map does not survive JSON
    defineState({ table: z.map(z.string(), z.string()) })
    // @ts-expect-error Set does not survive JSON, also inside a list
    defineState({ lists: z.array(z.set(z.string())) })
    // @ts-expect-error a function does not survive JSON
    defineState({ call: z.custom<() => void>() })
    // @ts-expect-error a Date inside an object does not survive JSON
    defineState({ order: z.object({ item: z.object({ at: z.date() }) }) })
    // @ts-expect-error a Date inside an appended item does not survive JSON
    defineState({ orders: rule.append(z.object({ at: z.date() })) })
    // @ts-expect-error a transform: state holds values as they are
    defineState({ length: z.string().transform((text) => text.length) })
    // @ts-expect-error any says nothing
    defineState({ value: z.any() })
    // @ts-expect-error unknown says nothing
    defineState({ value: z.unknown() })
    // @ts-expect-error a state key has no default
    defineState({ tone: z.string().default('kind') })
    // @ts-expect-error not a schema
    defineState({ order: 'text' })
  })
})

describe('rule', () => {
  it('refuses schemas that do not fit the rule', () => {
    // @ts-expect-error items have no field of this name
    rule.append(Note, { key: 'name' })
    // @ts-expect-error sums are of numbers
    rule.sum(z.string())
    // @ts-expect-error max is of numbers
    rule.max(z.string())
    // @ts-expect-error merge is of objects
    rule.merge(z.string())
    // @ts-expect-error a reducer has a name
    rule.reducer(z.number(), { reduce: (current = 0, incoming) => current + incoming })
    // @ts-expect-error a reducer gives back the key's value
    rule.reducer(z.number(), { name: 'count', reduce: () => 'three' })
  })
})
