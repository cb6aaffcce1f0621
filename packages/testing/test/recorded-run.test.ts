import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createRuntime,
  defineState,
  defineTool,
  END,
  NodeError,
  readHistory,
  type Json,
  type Model,
  type ModelMessage,
  type ModelRequest,
  type RunResult,
  type Workflow,
} from '@waystone/core'
import { seededIds, virtualClock } from '@waystone/testing'
import { startModelLab, type LabOptions, type ModelLab } from '@waystone/testing/lab'
import OpenAI from 'openai'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'

const folder = mkdtempSync(join(tmpdir(), 'waystone-recorded-'))
const file = join(folder, 'answers.json')
const labs: ModelLab[] = []

afterEach(async () => {
  await Promise.all(labs.splice(0).map((lab) => lab.close()))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function start(options: LabOptions): Promise<ModelLab> {
  const lab = await startModelLab(options)
  labs.push(lab)
  return lab
}

const w = defineState({ order: z.string(), reply: z.string() })
const lookUp = defineTool({
  name: 'look-up',
  description: 'Looks an order up.',
  effect: 'pure',
  input: z.object({ order: z.string() }),
  output: z.object({ due: z.string() }),
  run: () => ({ due: 'Monday' }),
})

function clerkWith(instructions: string): Workflow {
  const n = w.nodes({
    clerk: w.agent({ model: 'fast', instructions, tools: [lookUp], reads: ['order'], writes: ['reply'] }),
  })
  return w.workflow('orders', {
    input: z.object({ order: z.string() }),
    output: ['reply'],
    nodes: n,
    start: n.clerk,
    edges: { clerk: { done: END } },
  })
}

/** One call of the Responses API by the SDK, as small as a model can be. */
function modelAt(lab: ModelLab): Model {
  const client = new OpenAI({ baseURL: lab.url, apiKey: 'any', maxRetries: 0 })
  return {
    name: 'lab',
    async call(request, { signal }) {
      const response = await client.responses.create(bodyOf(request), { signal }).catch((error: unknown) => {
        throw new NodeError('WAYSTONE_NODE_MODEL_FAILED', 'the lab had no answer', { cause: error })
      })
      const calls = response.output.flatMap((item) =>
        item.type === 'function_call'
          ? [{ id: item.call_id, name: item.name, arguments: JSON.parse(item.arguments) as Json }]
          : [],
      )
      const text = response.output_text
      return {
        message: { role: 'assistant', content: text === '' ? [] : [{ type: 'text', text }], calls },
        finish: calls.length > 0 ? 'tool-calls' : 'stop',
        usage: {
          inputTokens: response.usage?.input_tokens ?? 0,
          outputTokens: response.usage?.output_tokens ?? 0,
          cachedTokens: 0,
          reasoningTokens: 0,
        },
        model: response.model,
        responseId: response.id,
      }
    },
  }
}

function bodyOf({ instructions, messages, tools }: ModelRequest): OpenAI.Responses.ResponseCreateParamsNonStreaming {
  return {
    model: 'small',
    instructions,
    input: messages.flatMap(itemsOf),
    tools: tools.map(({ name, description, inputSchema }) => ({
      type: 'function',
      name,
      description,
      parameters: { ...inputSchema },
      strict: false,
    })),
  }
}

function itemsOf(message: ModelMessage): OpenAI.Responses.ResponseInputItem[] {
  const text = message.content.map((part) => (part.type === 'text' ? part.text : '')).join('')
  if (message.role === 'user') return [{ role: 'user', content: text }]
  if (message.role === 'tool') return [{ type: 'function_call_output', call_id: message.callId, output: text }]
  return message.calls.map(({ id, name, arguments: given }) => ({
    type: 'function_call',
    call_id: id,
    name,
    arguments: JSON.stringify(given),
  }))
}

async function runAt(lab: ModelLab, instructions: string): Promise<{ result: RunResult<object>; history: string }> {
  const workflow = clerkWith(instructions)
  const runtime = createRuntime({
    workflows: [workflow],
    models: { fast: modelAt(lab) },
    ids: seededIds(1),
    clock: virtualClock(),
  })
  const run = await runtime.start(workflow, { input: { order: 'A1' } })
  const result = await run.result()
  const { checkpoints } = await readHistory(runtime.store, run.runId)
  await runtime.close()
  return { result, history: JSON.stringify(checkpoints) }
}

describe('a recorded run', () => {
  const instructions = 'Say when the order comes.\nBe brief.'

  it('has the same history byte by byte when it is replayed, without the service', async () => {
    const service = await start({
      script: [{ calls: [{ name: 'look-up', arguments: { order: 'A1' } }] }, { json: { reply: 'On Monday.' } }],
    })
    const recorder = await start({ record: { file, upstream: service.url } })
    const recorded = await runAt(recorder, instructions)
    expect(recorded.result).toMatchObject({ status: 'completed', output: { reply: 'On Monday.' } })
    await service.close()

    const lab = await start({ replay: { file } })
    const replayed = await runAt(lab, instructions)
    expect(replayed.history).toBe(recorded.history)
    const { inputTokens, outputTokens } = replayed.result.usage
    expect(lab.totals().usage).toMatchObject({ inputTokens, outputTokens })
    lab.assertComplete()
  })

  it('misses when one word of the instructions is another, and shows the line', async () => {
    const lab = await start({ replay: { file } })
    const { result } = await runAt(lab, instructions.replace('brief', 'short'))
    expect(result).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_MODEL_FAILED' } })
    expect(() => lab.assertComplete()).toThrow('instructions, line 2\n    - "Be brief."\n    + "Be short."')
  })
})
