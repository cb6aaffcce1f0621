import { createRuntime, defineState, defineTool, END, readHistory, type Model } from '@waystone/core'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { keptBackLines } from './kept-back-text.ts'

const look = defineTool({
  name: 'look',
  description: 'Looks.',
  effect: 'pure',
  input: z.object({ order: z.string() }),
  output: z.object({ usd: z.number() }),
  run: () => ({ usd: 1 }),
})
const refund = defineTool({
  name: 'refund',
  description: 'Pays back.',
  effect: 'keyed',
  input: z.object({ usd: z.number() }),
  output: z.object({ paid: z.number() }),
  run: ({ usd }) => ({ paid: usd }),
})
const w = defineState({ mail: z.string(), reply: z.string().optional() })
const isVip = w.guard('isVip', ['mail'], ({ mail }) => mail.includes('vip'))
const n = w.nodes({
  clerk: w.agent({
    model: 'clerk',
    instructions: '',
    reads: ['mail'],
    writes: ['reply'],
    tools: [look, refund],
    toolRules: { refund: { when: isVip, after: ['look'] } },
  }),
})
const desk = w.workflow('desk', {
  input: z.object({ mail: z.string() }),
  output: ['reply'],
  nodes: n,
  start: n.clerk,
  edges: { clerk: { done: END } },
})

/** Asks for two calls that may not be, then answers. */
const clerk: Model = {
  name: 'clerk',
  async call({ messages }) {
    const hasAsked = messages.some(({ role }) => role === 'tool')
    const calls = [
      { id: 'c1', name: 'refund', arguments: { usd: 1 } },
      { id: 'c2', name: 'look', arguments: {} },
    ]
    return {
      message: {
        role: 'assistant',
        content: [{ type: 'text', text: hasAsked ? '{"reply":"no"}' : '' }],
        calls: hasAsked ? [] : calls,
      },
      finish: hasAsked ? 'stop' : 'tool-calls',
      usage: { inputTokens: 1, outputTokens: 1, cachedTokens: 0, reasoningTokens: 0 },
      model: 'clerk',
    }
  },
}

it('names the tools that were not offered, with what guards read, and the calls that were not run', async () => {
  const runtime = createRuntime({ workflows: [desk], models: { clerk } })
  const run = await runtime.start(desk, { input: { mail: 'where?' } })
  await run.result()
  const { checkpoints } = await readHistory(runtime.store, run.runId)
  await runtime.close()
  expect(checkpoints.slice(0, 2).flatMap(keptBackLines).join('\n')).toMatchInlineSnapshot(`
    "  ✗ tool refund not offered, when: isVip is false (mail = "where?")
      ✗ call of refund refused, when: refund only when isVip; isVip is false
      ✗ call of look refused, arguments: the arguments do not fit, the tool was not run: order: Invalid input: expected string, received undefined"
  `)
})
