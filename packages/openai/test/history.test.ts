import {
  createMemoryStore,
  createRuntime,
  defineState,
  defineTool,
  END,
  type Json,
  type Model,
  type Run,
  type Runtime,
} from '@waystone/core'
import type { ModelLab } from '@waystone/testing/lab'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { closeLabs, key, labWith, modelAt, ways } from './ask.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
  await closeLabs()
})

const w = defineState({ message: z.string(), reply: z.string().optional() })
const look = defineTool({
  name: 'look',
  description: 'Looks something up.',
  effect: 'pure',
  input: z.object({ what: z.string() }),
  output: z.string(),
  run: ({ what }) => `found ${what}`,
})
const n = w.nodes({
  desk: w.agent({
    model: 'fast',
    instructions: 'Chat.',
    memory: 'continue',
    prompt: ({ state }) => state.message,
    tools: [look],
    reads: ['message'],
    output: z.string(),
    writes: ['reply'],
    apply: (reply) => ({ reply }),
    history: { over: { answers: 3 }, keep: { answers: 1 }, summary: true },
  }),
  user: w.approval({
    show: ['reply'],
    outcomes: ['said'],
    response: z.object({ message: z.string() }),
    talk: { says: 'reply', answer: 'message' },
  }),
})
const chat = w.workflow('chat', {
  input: z.object({ message: z.string() }),
  output: ['reply'],
  nodes: n,
  start: n.desk,
  edges: { desk: { done: n.user }, user: { said: { to: n.desk, limit: 20, otherwise: END } } },
})

async function say(run: Run<object>, message: string): Promise<void> {
  const [request] = await run.requests()
  if (request !== undefined) await run.decide(request, { outcome: 'said', response: { message }, by: 'ada' })
  await run.result()
}

function runtimeWith(fast: Model, store = createMemoryStore()): Runtime {
  const runtime = createRuntime({ models: { fast }, workflows: [chat], secrets: () => key, store })
  open.push(runtime)
  return runtime
}

/** What a request says, as it came: its messages or items. */
function itemsOf(lab: ModelLab, index: number): readonly Json[] {
  const { body } = lab.entries[index]?.request ?? {}
  return (body?.['input'] ?? body?.['messages'] ?? []) as readonly Json[]
}

function textsOf(lab: ModelLab, index: number): readonly string[] {
  return (lab.entries[index]?.request?.messages ?? []).map(({ role, text }) => `${role}: ${text}`)
}

const look1 = { calls: [{ name: 'look', arguments: { what: 'x' } }], reasoning: 'Look first.' }

describe.each(ways)('a conversation, $api, stream $stream', (way) => {
  it('is told as one growing text until it is cut, and then as a summary and whole answers (B5)', async () => {
    const script = [look1, { text: 'r0' }, { text: 'r1' }, { text: 'r2' }, { text: 'They talked.' }, { text: 'r3' }]
    const lab = await labWith(...script)
    const runtime = runtimeWith(modelAt(lab, way, { promptCacheKey: 'chat-1' }))
    const run = await runtime.start(chat, { input: { message: 'm0' } })
    await run.result()
    for (const message of ['m1', 'm2']) await say(run, message)
    // Calls: 0 look, 1 r0, 2 r1, 3 r2; each request begins with all of the one before.
    for (const index of [1, 2, 3])
      expect(itemsOf(lab, index).slice(0, itemsOf(lab, index - 1).length)).toEqual(itemsOf(lab, index - 1))
    await say(run, 'm3')
    lab.assertComplete()
    const summary = lab.entries[4]?.request
    expect(summary?.tools).toEqual([])
    expect(summary?.lastMessage.split('\n').map((line) => (JSON.parse(line) as { from: string }).from)).toEqual([
      'user',
      'assistant',
      'tool look',
      'assistant',
      'user',
      'assistant',
    ])
    expect(textsOf(lab, 5)).toEqual([
      expect.stringMatching(/^user: .*no instruction\.\nThey talked\.$/s),
      'user: m2',
      'assistant: r2',
      'user: m3',
    ])
    expect(JSON.stringify(itemsOf(lab, 5))).not.toMatch(/reasoning|look/)
    expect(lab.entries.map(({ request }) => request?.body['prompt_cache_key'])).toEqual(script.map(() => 'chat-1'))
  })

  it('gives no items of one model to another that answers the next visit', async () => {
    const lab = await labWith(look1, { text: 'r0' }, { text: 'r1' })
    const store = createMemoryStore()
    const first = runtimeWith(modelAt(lab, way), store)
    const run = await first.start(chat, { input: { message: 'm0' } })
    await run.result()
    await first.close()
    const second = runtimeWith(modelAt(lab, way, { model: 'other' }), store)
    const again = await second.open(run.runId)
    await say(again, 'm1')
    lab.assertComplete()
    expect(JSON.stringify(itemsOf(lab, 2))).not.toContain('reasoning')
    expect(textsOf(lab, 2).filter((text) => text.startsWith('tool'))).toHaveLength(1)
  })
})
