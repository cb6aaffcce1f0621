import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { defineState } from './state.ts'

const w = defineState({ order: z.string(), amountUsd: z.number().optional() })
const foreign = defineState({ city: z.string() })

describe('w.guard', () => {
  it('sees the keys it reads, optional ones possibly undefined', () => {
    w.guard('isSmall', ['order', 'amountUsd'], (state) => {
      expectTypeOf(state).toEqualTypeOf<{ readonly order: string; readonly amountUsd?: number }>()
      return true
    })
  })

  it('refuses mistakes', () => {
    // @ts-expect-error no such state key
    w.guard('isSmall', ['amount'], () => true)
    // @ts-expect-error an optional key may be undefined
    w.guard('isSmall', ['amountUsd'], ({ amountUsd }) => amountUsd < 100)
    // @ts-expect-error a key that is not read cannot be seen
    w.guard('isSmall', ['amountUsd'], ({ order }) => order === '')
    // @ts-expect-error a guard is true or false
    w.guard('isSmall', ['order'], ({ order }) => order)
    // @ts-expect-error there is no such option
    w.guard('isSmall', ['order'], ({ order }) => order === '', { revision: 2 })
  })

  it('cannot be mixed with guards of another state', () => {
    const isHere = foreign.guard('isHere', ['city'], ({ city }) => city === 'here')
    // @ts-expect-error a guard of another state
    w.not(isHere)
    const isNone = w.guard('isNone', ['order'], ({ order }) => order === '')
    // @ts-expect-error one of them is of another state
    w.all(isNone, isHere)
  })
})
