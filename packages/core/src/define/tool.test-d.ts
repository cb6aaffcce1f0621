import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { rule } from './rule.ts'
import { defineState } from './state.ts'
import { defineTool, type EffectContext, type Tool } from './tool.ts'
import { UNSET } from './unset.ts'

const w = defineState({
  order: z.string(),
  amountUsd: z.number().optional(),
  notes: rule.append(z.object({ id: z.string() })),
})
const lookUp = defineTool({
  name: 'look-up',
  description: 'Looks up.',
  input: z.object({ order: z.string() }),
  output: z.object({ amountUsd: z.number(), item: z.string() }),
  run: () => ({ amountUsd: 1, item: 'lamp' }),
})
const pay = defineTool({
  name: 'pay',
  description: 'Pays.',
  input: z.object({ order: z.string(), amountUsd: z.number() }),
  output: z.object({ receipt: z.string() }),
  run: () => ({ receipt: '1' }),
})
const empty = z.object({})

describe('defineTool', () => {
  it('knows its name and shapes', () => {
    expectTypeOf(lookUp).toEqualTypeOf<Tool<'look-up', { order: string }, { amountUsd: number; item: string }>>()
  })

  it('gives run what parsing gives', () => {
    defineTool({
      name: 'wait',
      description: 'Waits.',
      input: z.object({ until: z.iso.datetime().transform((text) => new Date(text)), times: z.number().default(1) }),
      output: empty,
      run: (input, context) => {
        expectTypeOf(input).toEqualTypeOf<{ until: Date; times: number }>()
        expectTypeOf(context).toEqualTypeOf<EffectContext>()
        return {}
      },
    })
  })

  it('takes lists and literals as they are written, at once or later', () => {
    const output = z.object({ list: z.array(z.string()), tone: z.enum(['warm', 'cold']) })
    const base = { name: 'x', description: '', input: empty, output }
    const tool = defineTool({ ...base, run: () => ({ list: ['x'], tone: 'warm' }) })
    expectTypeOf(tool).toEqualTypeOf<Tool<string, Record<string, never>, { list: string[]; tone: 'warm' | 'cold' }>>()
    defineTool({ ...base, run: async () => ({ list: ['x'], tone: 'warm' }) })
    defineTool({ ...base, run: async (_input, { attempt }) => ({ list: ['x'], tone: attempt > 1 ? 'warm' : 'cold' }) })
    // @ts-expect-error not one of the tones, later
    defineTool({ ...base, run: async () => ({ list: ['x'], tone: 'hot' }) })
    // @ts-expect-error a number is no text
    defineTool({ ...base, run: () => ({ list: [1], tone: 'warm' }) })
    const state = defineState({ list: z.array(z.string()), tone: z.enum(['warm', 'cold']) })
    state.tool(tool, { writes: ['list', 'tone'], apply: ({ list }) => ({ list: [...list, 'x'], tone: 'cold' }) })
  })

  it('refuses mistakes', () => {
    // @ts-expect-error there is no such effect class
    defineTool({ name: 'x', description: '', effect: 'harmless', input: empty, output: empty, run: () => ({}) })
    const text = z.object({ id: z.string() })
    // @ts-expect-error what it gives back is not its output
    defineTool({ name: 'x', description: '', input: empty, output: text, run: () => ({ id: 1 }) })
    // @ts-expect-error no such field in its input
    defineTool({ name: 'x', description: '', input: empty, output: empty, run: ({ order }) => ({ order }) })
    // @ts-expect-error a description is for the model
    defineTool({ name: 'x', input: empty, output: empty, run: () => ({}) })
    // @ts-expect-error no such option
    defineTool({ name: 'x', description: '', input: empty, output: empty, run: () => ({}), cached: true })
    // @ts-expect-error not a duration
    defineTool({ name: 'x', description: '', input: empty, output: empty, run: () => ({}), timeout: '5 min' })
  })
})

describe('w.tool', () => {
  it('needs no mapping where shapes fit', () => {
    w.tool(lookUp, { reads: ['order'], writes: ['amountUsd'] })
    w.tool(lookUp, { reads: ['order'] })
  })

  it('refuses a read slice that is not the input (G1)', () => {
    // @ts-expect-error the input needs "order"
    w.tool(lookUp, { reads: ['notes'], writes: ['amountUsd'] })
    // @ts-expect-error "amountUsd" may be absent
    w.tool(pay, { reads: ['order', 'amountUsd'] })
    // @ts-expect-error the mapped amount is no number
    w.tool(pay, { reads: ['order'], input: ({ state }) => ({ order: state.order, amountUsd: '5' }) })
  })

  it('refuses an output that is not the patch', () => {
    // @ts-expect-error the output has no "notes"
    w.tool(lookUp, { reads: ['order'], writes: ['notes'] })
    // @ts-expect-error the output has no such field
    w.tool(lookUp, { reads: ['order'], writes: ['amountUsd'], apply: (output) => ({ amountUsd: output.amount }) })
    // @ts-expect-error undefined does not survive JSON; UNSET removes a key
    w.tool(lookUp, { reads: ['order'], writes: ['amountUsd'], apply: () => ({ amountUsd: undefined }) })
    // @ts-expect-error only optional keys can be removed
    w.tool(lookUp, { reads: ['order'], writes: ['notes'], apply: () => ({ notes: UNSET }) })
    // @ts-expect-error writes a key it does not declare (S2)
    w.tool(lookUp, { reads: ['order'], writes: ['amountUsd'], apply: () => ({ order: 'other' }) })
    // @ts-expect-error writes a key that no state has
    w.tool(lookUp, { reads: ['order'], writes: ['amountUsd'], apply: () => ({ amountUsd: 1, amonut: 1 }) })
    w.tool(lookUp, { reads: ['order'], writes: ['amountUsd'], apply: () => ({ amountUsd: UNSET }) })
  })

  it('says how far decisions on its calls may be remembered (H6)', () => {
    const terms = { name: 'x', description: 'x', input: z.object({}), output: z.object({}), run: () => ({}) }
    defineTool({ ...terms, approval: { remember: 'workflow' } })
    defineTool({ ...terms, approval: { remember: 'never' } })
    // @ts-expect-error no such scope
    defineTool({ ...terms, approval: { remember: 'always' } })
  })

  it('refuses what is no tool', () => {
    // @ts-expect-error tools are made with defineTool
    w.tool({ name: 'look-up' }, { reads: ['order'] })
  })
})
