import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { buildGraph, check, createRuntime, defineState, defineTool, END } from '../src/index.ts'
import { asks, says, scripted } from './support/scripted-model.ts'

const receipts: string[] = []
const lookUp = defineTool({
  name: 'look-up',
  description: 'Looks an order up.',
  effect: 'pure',
  input: z.object({ order: z.string() }),
  output: z.object({ amountUsd: z.number() }),
  run: () => ({ amountUsd: 30 }),
})
const refund = defineTool({
  name: 'refund',
  description: 'Pays an order back.',
  effect: 'keyed',
  input: z.object({ order: z.string() }),
  output: z.object({ receipt: z.string() }),
  run: (_, { effectId }) => {
    receipts.push(effectId)
    return { receipt: effectId }
  },
})

// #region rules
const w = defineState({ order: z.string(), isVerified: z.boolean(), reply: z.string().optional() })
const isVerified = w.guard('isVerified', ['isVerified'], (state) => state.isVerified)

const n = w.nodes({
  clerk: w.agent({
    model: 'fast',
    instructions: 'Answer the customer, who may get a refund.',
    reads: ['order'],
    writes: ['reply'],
    tools: [lookUp, refund],
    toolRules: { refund: { when: isVerified, after: ['look-up'], maxCalls: 1 } },
  }),
})
// #endregion rules

const desk = w.workflow('desk', {
  input: z.object({ order: z.string(), isVerified: z.boolean() }),
  output: ['reply'],
  nodes: n,
  start: n.clerk,
  edges: { clerk: { done: END } },
})

async function run(isKnown: boolean): Promise<readonly (readonly string[])[]> {
  receipts.length = 0
  const order = { order: 'o-1' }
  const fast = scripted(asks(['look-up', order]), asks(['refund', order]), says({ reply: 'Done.' }))
  const runtime = createRuntime({ models: { fast } })
  const started = await runtime.start(desk, { input: { order: 'o-1', isVerified: isKnown } })
  expect((await started.result()).status).toBe('completed')
  await runtime.close()
  return fast.requests.map(({ tools }) => tools.map(({ name }) => name))
}

describe('the rules of the guide', () => {
  it('have no findings', () => {
    expect(check(buildGraph(desk)).findings).toEqual([])
  })

  it('offer a refund to whom is verified, after the order was looked up, once (T1, T3)', async () => {
    expect(await run(true)).toEqual([['look-up'], ['look-up', 'refund'], ['look-up']])
    expect(receipts).toHaveLength(1)
    expect(await run(false)).toEqual([['look-up'], ['look-up'], ['look-up']])
    expect(receipts).toEqual([])
  })
})
