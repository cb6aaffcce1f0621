import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { defineState } from './state.ts'
import { defineTool } from './tool.ts'

const refund = defineTool({
  name: 'refund',
  description: 'Pays back.',
  input: z.object({ charge: z.string() }),
  output: z.object({}),
  run: () => ({}),
})
const charge = defineTool({
  name: 'charge',
  description: 'Charges.',
  input: z.object({ amount: z.number() }),
  output: z.object({ id: z.string() }),
  run: () => ({ id: 'c' }),
  compensate: {
    tool: refund,
    input: ({ input, output, outcome, effectId }) => {
      expectTypeOf(input).toEqualTypeOf<{ amount: number }>()
      expectTypeOf(output).toEqualTypeOf<{ id: string } | undefined>()
      expectTypeOf(outcome).toEqualTypeOf<string>()
      return output === undefined ? { charge: effectId } : { charge: output.id }
    },
  },
})
const w = defineState({ amount: z.number(), note: z.string().optional(), list: z.array(z.number()) })

describe('compensate', () => {
  it('of a tool node knows what the tool was given and gave, and the keys that are read', () => {
    w.tool(charge, {
      reads: ['amount'],
      compensate: {
        run: ({ input, output, state }) => {
          expectTypeOf(input).toEqualTypeOf<{ amount: number }>()
          expectTypeOf(output).toEqualTypeOf<{ id: string } | undefined>()
          expectTypeOf(state).toEqualTypeOf<{ readonly amount: number }>()
        },
      },
    })
    w.tool(charge, { reads: ['amount'], compensate: false })
  })

  it('of a task knows its slice and its patch', () => {
    w.task({
      reads: ['amount'],
      writes: ['note'],
      run: () => ({ note: 'x' }),
      compensate: {
        tool: refund,
        input: ({ input, output }) => {
          expectTypeOf(input).toEqualTypeOf<{ readonly amount: number }>()
          return output?.note === undefined ? undefined : { charge: output.note }
        },
      },
    })
    // @ts-expect-error only a tool may say how it is undone, and a node decline that
    w.task({ run: () => undefined, compensate: false })
  })

  it('of a map knows the item', () => {
    w.map({
      over: 'list',
      maxItems: 3,
      run: (item) => item * 2,
      compensate: {
        run: ({ input, output }) => {
          expectTypeOf(input).toEqualTypeOf<number>()
          expectTypeOf(output).toEqualTypeOf<number | undefined>()
        },
      },
    })
    w.map({ over: 'list', maxItems: 3, item: charge, input: (amount) => ({ amount }), compensate: false })
  })

  it('is given what its tool takes', () => {
    w.tool(charge, {
      reads: ['amount'],
      // @ts-expect-error the input of `refund` has no `amount`
      compensate: { tool: refund, input: ({ state }) => ({ amount: state.amount }) },
    })
    // @ts-expect-error with a tool, `input` says what it is called with
    w.tool(charge, { reads: ['amount'], compensate: { tool: refund } })
  })
})
