import { expect, it } from 'vitest'
import { z } from 'zod'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool, type Tool } from '../define/tool.ts'
import { nodeFailure } from '../errors/node-error.ts'
import { createVolatileMemory } from '../memory/volatile-memory.ts'
import { createRuntime } from './create-runtime.ts'

const w = defineState({ topic: z.string() })
const shapes = { input: z.object({}), output: z.object({}) } as const

/** A tool that pays with a key, and is undone with one: by code of its own, or by another tool. */
function payment(way: 'code' | 'tool', used: string[]): Tool<'pay', object, object> {
  const refund = defineTool({
    name: 'refund',
    description: 'Pays back.',
    effect: 'keyed',
    secrets: ['REFUND_KEY'],
    ...shapes,
    run: async (_, context) => {
      used.push(await context.secret('REFUND_KEY'))
      return {}
    },
  })
  const pay = {
    name: 'pay',
    description: 'Pays.',
    effect: 'keyed',
    secrets: ['PAY_KEY'],
    ...shapes,
    run: async (_: object, context: { secret(name: 'PAY_KEY'): Promise<string> }) => {
      used.push(await context.secret('PAY_KEY'))
      return {}
    },
  } as const
  return way === 'tool'
    ? defineTool({ ...pay, compensate: { tool: refund, input: () => ({}) } })
    : defineTool({
        ...pay,
        compensate: {
          effect: 'keyed',
          run: async (_, context) => void used.push(`back with ${await context.secret('PAY_KEY')}`),
        },
      })
}

const fail = w.task({
  effect: 'pure',
  retry: { attempts: 1 },
  run: () => {
    throw nodeFailure('declined')
  },
})

it.each([
  ['node', 'code', ['pay-key', 'back with pay-key']],
  ['node', 'tool', ['pay-key', 'refund-key']],
  ['agent', 'code', ['pay-key', 'back with pay-key']],
  ['agent', 'tool', ['pay-key', 'refund-key']],
  ['map', 'code', ['pay-key', 'back with pay-key']],
  ['map', 'tool', ['pay-key', 'refund-key']],
] as const)('what undoes a tool used by a %s, by %s, has the secrets of that tool (S6)', async (by, way, expected) => {
  const used: string[] = []
  const pay = payment(way, used)
  const nodes = {
    node: w.tool(pay, {}),
    agent: w.agent({ model: 'main', instructions: 'Pay.', tools: [pay], writes: ['topic'] }),
    map: w.map({ over: () => [{}], item: pay, maxItems: 1 }),
  }
  const n = w.nodes({ first: nodes[by], fail })
  const workflow = w.workflow('paying', {
    input: z.object({ topic: z.string() }),
    output: [],
    nodes: n,
    start: n.first,
    edges: { first: { done: n.fail }, fail: { done: END } },
  })
  const runtime = createRuntime({
    models: { main: scripted(asks(['pay', {}]), says({ topic: 'paid' })) },
    secrets: (name) => name.toLowerCase().replace('_', '-'),
  })
  const run = await runtime.start(workflow, { input: { topic: 'tea' } })
  expect(await run.result({ until: 'end' })).toMatchObject({ status: 'failed', compensation: { done: 1 } })
  expect(used).toEqual(expected)
  await runtime.close()
})

it('and the memory of that tool', async () => {
  const book = defineTool({
    name: 'book',
    description: 'Books a seat.',
    effect: 'keyed',
    memory: { scope: ['seats'], access: 'write' },
    ...shapes,
    run: async (_, { memory }) => {
      await memory.put('seat', 'taken')
      return {}
    },
    compensate: { effect: 'keyed', run: async (_, { memory }) => void (await memory.delete('seat')) },
  })
  const n = w.nodes({ book: w.tool(book, {}), fail })
  const booking = w.workflow('booking', {
    input: z.object({ topic: z.string() }),
    output: [],
    nodes: n,
    start: n.book,
    edges: { book: { done: n.fail }, fail: { done: END } },
  })
  const memory = createVolatileMemory()
  const runtime = createRuntime({ memory })
  const run = await runtime.start(booking, { input: { topic: 'tea' } })
  expect(await run.result({ until: 'end' })).toMatchObject({ status: 'failed', compensation: { done: 1 } })
  expect((await memory.list({ scope: [], now: Date.now() })).entries).toEqual([])
  await runtime.close()
})
