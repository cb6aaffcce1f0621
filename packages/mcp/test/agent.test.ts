import { createRuntime, defineState, defineTool, END } from '@waystone/core'
import { createMemoryStore } from '@waystone/core/store'
import { scriptedModel } from '@waystone/testing'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { acceptMcpTools, mcpServer, type McpFinding, type McpTransport } from '../src/index.ts'
import { acceptedLock, atEnd, cleanUp, newFolder, stdioShop } from './shop.ts'

afterEach(cleanUp)

it('gives an agent tools that are described by the lock file', async () => {
  const transport: McpTransport = stdioShop()
  const lock = await acceptedLock()
  // #region tools
  const shop = mcpServer({ name: 'shop', transport, lock })

  const w = defineState({ order: z.string(), amountUsd: z.number().optional() })
  const n = w.nodes({
    clerk: w.agent({
      model: 'fast',
      instructions: 'Say what the order cost.',
      tools: [shop.tool('look_up', { effect: 'pure', timeout: '10s' })],
      reads: ['order'],
      writes: ['amountUsd'],
      maxModelCalls: 4,
    }),
  })
  // #endregion tools
  const workflow = w.workflow('orders', {
    input: z.object({ order: z.string() }),
    output: ['amountUsd'],
    nodes: n,
    start: n.clerk,
    edges: { clerk: { done: END } },
  })
  const model = scriptedModel({
    clerk: [{ calls: [{ name: 'shop_look_up', arguments: { order: 'A1' } }] }, { output: { amountUsd: 40 } }],
  })
  const runtime = createRuntime({ store: createMemoryStore(), models: { fast: model } })
  atEnd(() => runtime.close())
  atEnd(() => shop.close())
  const result = await (await runtime.start(workflow, { input: { order: 'A1' } })).result()
  expect(result).toMatchObject({ status: 'completed', output: { amountUsd: 40 }, usage: { toolCalls: 1 } })
  expect(model.calls[0]?.request.tools).toMatchObject([{ name: 'shop_look_up', description: 'Finds an order.' }])
  expect(JSON.stringify(model.calls[1]?.request.messages)).toContain('amountUsd')
  model.assertComplete()
})

it('keeps rules for such tools: an order, a count, and one call of a pure one', async () => {
  const shop = mcpServer({ name: 'shop', transport: stdioShop(), lock: await acceptedLock() })
  const w = defineState({ order: z.string(), amountUsd: z.number().optional() })
  const lookUp = shop.tool('look_up', { effect: 'pure', timeout: '10s' })
  const note = defineTool({
    name: 'note',
    description: 'Takes a note.',
    effect: 'keyed',
    input: z.object({ order: z.string() }),
    output: z.string(),
    run: () => 'noted',
  })
  const n = w.nodes({
    clerk: w.agent({
      model: 'fast',
      instructions: 'Say what the order cost.',
      tools: [lookUp, note],
      toolRules: { shop_look_up: { maxCalls: 2 }, note: { after: ['shop_look_up'] } },
      reads: ['order'],
      writes: ['amountUsd'],
      maxModelCalls: 5,
    }),
  })
  const workflow = w.workflow('orders', {
    input: z.object({ order: z.string() }),
    output: ['amountUsd'],
    nodes: n,
    start: n.clerk,
    edges: { clerk: { done: END } },
  })
  const order = { order: 'A1' }
  const model = scriptedModel({
    clerk: [
      { calls: [{ name: 'note', arguments: order }] },
      { calls: [{ name: 'shop_look_up', arguments: order }] },
      { calls: [{ name: 'shop_look_up', arguments: order }] },
      { calls: [{ name: 'note', arguments: order }] },
      { output: { amountUsd: 40 } },
    ],
  })
  const runtime = createRuntime({ store: createMemoryStore(), models: { fast: model } })
  atEnd(() => runtime.close())
  atEnd(() => shop.close())
  const result = await (await runtime.start(workflow, { input: order })).result()
  expect(result).toMatchObject({ status: 'completed', usage: { toolCalls: 2 } })
  const offered = model.calls.map(({ request }) => request.tools.map(({ name }) => name))
  const both = ['shop_look_up', 'note']
  expect(offered).toEqual([['shop_look_up'], ['shop_look_up'], both, ['note'], ['note']])
  expect(JSON.stringify(model.calls[1]?.request.messages)).toContain('note only after shop_look_up')
  model.assertComplete()
})

it('accepts tools by a script', async () => {
  const transport = stdioShop()
  const file = `${await newFolder()}/shop.mcp.json`
  const asked: McpFinding[] = []
  const confirm = async (findings: readonly McpFinding[]): Promise<boolean> => asked.push(...findings) > 0
  // #region accept
  const lock = await acceptMcpTools({
    name: 'shop',
    transport,
    file,
    tools: ['look_up'],
    look: (findings) => confirm(findings),
  })
  // #endregion accept
  expect(asked).toMatchObject([{ kind: 'new', tool: 'look_up' }])
  expect(Object.keys(lock?.tools ?? {})).toEqual(['look_up'])
})
