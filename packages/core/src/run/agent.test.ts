import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { asks, says, scripted, scriptedUsage, type ScriptedModel } from '../../test/support/scripted-model.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { nodeError } from '../errors/node-error.ts'
import { createRuntime } from './create-runtime.ts'
import type { Run, Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ question: z.string(), answer: z.string().optional(), sure: z.number().optional() })
const added: unknown[] = []
const add = defineTool({
  name: 'add',
  description: 'Adds two numbers.',
  effect: 'pure',
  retry: { attempts: 1 },
  input: z.object({ left: z.number(), right: z.number() }),
  output: z.object({ sum: z.number() }),
  run: ({ left, right }) => {
    added.push([left, right])
    if (left === 13) throw nodeError('WAYSTONE_NODE_THREW', 'unlucky')
    return left === 14 ? ({ sum: 'none' } as unknown as { sum: number }) : { sum: left + right }
  },
})

const n = w.nodes({
  think: w.agent({
    model: 'fast',
    instructions: 'Answer the question.',
    tools: [add],
    reads: ['question'],
    writes: ['answer', 'sure'],
    maxOutputTokens: 50,
    maxInputTokens: 500,
    maxModelCalls: 6,
    retry: { attempts: 1 },
  }),
})
const workflow = w.workflow('ask', {
  input: z.object({ question: z.string() }),
  output: ['answer', 'sure'],
  nodes: n,
  start: n.think,
  edges: { think: { done: END } },
})

const answer = { answer: '4', sure: 0.9 }

async function ask(model: ScriptedModel, options: RuntimeOptions = {}): Promise<Run<object>> {
  added.length = 0
  const runtime = createRuntime({ models: { fast: model }, ...options })
  open.push(runtime)
  const run = await runtime.start(workflow, { input: { question: '2+2?' } })
  await run.result()
  return run
}

describe('executeModel', () => {
  it('renders instructions, the read slice as data, tools and the output schema', async () => {
    const model = scripted(says(answer))
    const run = await ask(model)
    expect(await run.result()).toMatchObject({ status: 'completed', output: answer })
    expect(model.effectIds).toEqual([`${run.runId}/0`])
    const [request] = model.requests
    expect(request).toMatchObject({
      instructions: 'Answer the question.',
      messages: [{ role: 'user', content: [{ type: 'text', text: '{"question":"2+2?"}' }] }],
      tools: [{ name: 'add', description: 'Adds two numbers.' }],
      output: { name: 'think' },
      maxOutputTokens: 50,
    })
  })

  it('runs tool calls as steps of their own and tells the model what came of them', async () => {
    const model = scripted(asks(['add', { left: 2, right: 2 }], ['add', { left: 1, right: 1 }]), says(answer))
    const run = await ask(model)
    expect(await run.result()).toMatchObject({ status: 'completed', usage: { modelCalls: 2, toolCalls: 2 } })
    expect(added).toEqual([
      [2, 2],
      [1, 1],
    ])
    expect(model.requests[1]?.messages.slice(1)).toMatchObject([
      { role: 'assistant', calls: [{ id: 'call-0' }, { id: 'call-1' }] },
      { role: 'tool', callId: 'call-0', name: 'add', content: [{ text: '{"sum":4}' }], isError: false },
      { role: 'tool', callId: 'call-1', name: 'add', content: [{ text: '{"sum":2}' }], isError: false },
    ])
  })

  it('runs no call whose tool is unknown or whose arguments do not fit, and tells the model why (T2)', async () => {
    const model = scripted(asks(['remove', {}], ['add', { left: 'two' }], ['add', { left: 3, right: 3 }]), says(answer))
    const run = await ask(model)
    expect((await run.result()).usage.toolCalls).toBe(1)
    expect(added).toEqual([[3, 3]])
    const told = model.requests[1]?.messages
      .slice(2)
      .map((message) => (message.role === 'tool' ? [message.isError, JSON.stringify(message.content)] : []))
    expect(told?.[0]).toEqual([true, expect.stringContaining('there is no tool')])
    expect(told?.[1]).toEqual([true, expect.stringContaining('the tool was not run: left: ')])
    expect(told?.[2]).toEqual([false, expect.stringContaining('sum')])
  })

  it('marks a failed call and a result that does not fit as errors (T2)', async () => {
    const model = scripted(asks(['add', { left: 13, right: 0 }], ['add', { left: 14, right: 0 }]), says(answer))
    const run = await ask(model)
    expect((await run.result()).status).toBe('completed')
    const told = model.requests[1]?.messages.slice(2)
    expect(told).toMatchObject([
      { isError: true, content: [{ text: '{"error":"unlucky"}' }] },
      {
        isError: true,
        content: [{ text: expect.stringContaining('output of tool \\"add\\" does not fit') as string }],
      },
    ])
  })

  it('asks once to repair an answer that does not fit, and counts the tokens of both (K4)', async () => {
    const model = scripted(says({ answer: 4 }), says(answer))
    const run = await ask(model)
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: answer,
      usage: { modelCalls: 2, inputTokens: 200, outputTokens: 20 },
    })
    const repair = model.requests[1]?.messages.at(-1)
    expect(repair).toMatchObject({ role: 'user' })
    expect(JSON.stringify(repair)).toContain('- answer: ')
    expect(model.requests.map(({ isRepair }) => isRepair)).toEqual([undefined, true])
    const misfits: unknown[] = []
    for await (const event of run.events()) if (event.type === 'step.ended') misfits.push(event.misfit)
    expect(misfits).toEqual([[expect.stringMatching(/^answer: /), expect.stringMatching(/^sure: /)], undefined])
  })

  it('fails with a code when the repair does not fit either, every token counted (K4, B5)', async () => {
    const run = await ask(scripted(says('no JSON'), says({ wrong: 1 })))
    expect(await run.result()).toMatchObject({
      status: 'failed',
      error: { code: 'WAYSTONE_NODE_OUTPUT_MISFIT' },
      usage: { modelCalls: 2, inputTokens: 200, outputTokens: 20, estimatedCalls: 0 },
    })
  })

  it('accepts JSON in one fenced block, and null for an optional key', async () => {
    const run = await ask(scripted(says('```json\n{"answer":"4","sure":null}\n```')))
    expect((await run.result()).output).toEqual({ answer: '4' })
  })

  it.each([
    ['refusal', 'WAYSTONE_NODE_MODEL_REFUSED'],
    ['length', 'WAYSTONE_NODE_MODEL_CUT'],
    ['content-filter', 'WAYSTONE_NODE_MODEL_FILTERED'],
  ])('ends %s as failed with its code and its usage', async (finish, code) => {
    const run = await ask(scripted({ ...says('I will not'), finish }))
    expect(await run.result()).toMatchObject({
      status: 'failed',
      error: { code },
      usage: { inputTokens: 100, outputTokens: 10, estimatedCalls: 0 },
    })
  })

  it.each([
    ['nothing', undefined],
    ['a string', 'hello'],
    ['null', null],
    ['an empty object', {}],
    ['no message', { finish: 'stop', usage: scriptedUsage, model: 'm' }],
    [
      'calls with the same id',
      {
        ...asks(['add', {}]),
        message: { role: 'assistant', content: [], calls: [1, 2].map(() => ({ id: 'x', name: 'add', arguments: {} })) },
      },
    ],
    [
      'arguments that are no JSON',
      {
        ...asks(),
        message: { role: 'assistant', content: [], calls: [{ id: 'x', name: 'add', arguments: { at: new Date() } }] },
      },
    ],
    ['usage that is NaN', says(answer, { ...scriptedUsage, inputTokens: Number.NaN })],
    ['negative usage', says(answer, { ...scriptedUsage, outputTokens: -1 })],
  ])('ends %s as failed with a clear code', async (_, response) => {
    const run = await ask(scripted(response))
    const result = await run.result()
    expect(result).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_MODEL_NONSENSE' } })
  })

  it('keeps the usage of nonsense that reports one, and charges the reservation of what does not (B5)', async () => {
    const reported = await (await ask(scripted({ usage: scriptedUsage }))).result()
    expect(reported.usage).toMatchObject({ modelCalls: 1, inputTokens: 100, outputTokens: 10, estimatedCalls: 0 })
    const silent = await (await ask(scripted('hello'))).result()
    expect(silent.usage).toMatchObject({ modelCalls: 1, inputTokens: 500, outputTokens: 50, estimatedCalls: 1 })
  })

  it('charges the reservation when the provider does not say (B5)', async () => {
    const run = await ask(scripted(says(answer, null)), { prices: { fast: { inputUsd: 2, outputUsd: 10 } } })
    expect((await run.result()).usage).toMatchObject({
      modelCalls: 1,
      inputTokens: 500,
      outputTokens: 50,
      estimatedCalls: 1,
      costUsd: (500 * 2 + 50 * 10) / 1e6,
    })
  })

  it('survives a model that throws a string', async () => {
    const run = await ask(
      scripted(() => {
        throw 'out of order' as unknown as Error
      }),
    )
    expect(await run.result()).toMatchObject({
      status: 'failed',
      error: { code: 'WAYSTONE_NODE_THREW', message: expect.stringContaining('out of order') as string },
    })
  })

  it('charges nothing but the call when the provider answered with an error status, and figures it gave', async () => {
    const status = scripted(() =>
      Promise.reject(nodeError('WAYSTONE_NODE_THREW', 'too many requests', { details: { status: 429 } })),
    )
    expect((await (await ask(status)).result()).usage).toMatchObject({
      modelCalls: 1,
      inputTokens: 0,
      estimatedCalls: 0,
    })
    const given = scripted(() =>
      Promise.reject(nodeError('WAYSTONE_NODE_THREW', 'cut', { details: { usage: scriptedUsage } })),
    )
    expect((await (await ask(given)).result()).usage).toMatchObject({
      modelCalls: 1,
      inputTokens: 100,
      estimatedCalls: 0,
    })
  })

  it('computes cost from prices by the model that answered, cached tokens apart (B5)', async () => {
    const usage = { inputTokens: 1_000, outputTokens: 100, cachedTokens: 400, reasoningTokens: 50 }
    const prices = { 'scripted-1': { inputUsd: 2, cachedInputUsd: 0.5, outputUsd: 10 } }
    const run = await ask(scripted(says(answer, usage)), { prices })
    expect((await run.result()).usage).toMatchObject({ costUsd: 0.0024, cachedTokens: 400, reasoningTokens: 50 })
  })

  it('sums up: usage of the steps is usage of the run (B5)', async () => {
    const run = await ask(scripted(asks(['add', { left: 1, right: 1 }]), says({ answer: 1 }), says(answer)))
    const result = await run.result()
    let inputTokens = 0
    let calls = 0
    for await (const event of run.events()) {
      if (event.type !== 'step.ended') continue
      inputTokens += event.usage?.inputTokens ?? 0
      calls += event.usage?.modelCalls ?? 0
    }
    expect([inputTokens, calls]).toEqual([result.usage.inputTokens, result.usage.modelCalls])
    expect(calls).toBe(3)
  })

  it('fails when its model calls are used up', async () => {
    const turns = Array.from({ length: 6 }, () => asks(['add', { left: 1, right: 1 }]))
    expect(await (await ask(scripted(...turns))).result()).toMatchObject({
      status: 'failed',
      error: { code: 'WAYSTONE_NODE_MODEL_CALLS_USED_UP' },
      usage: { modelCalls: 6 },
    })
  })

  it('shows provisional tokens as they come, and stores none', async () => {
    const listening = Promise.withResolvers<void>()
    const shown = Promise.withResolvers<void>()
    const model = scripted(async (options: { onToken: (text: string) => void }) => {
      await listening.promise
      options.onToken('4')
      options.onToken('2')
      await shown.promise
      return says(answer)
    })
    const runtime = createRuntime({ models: { fast: model } })
    open.push(runtime)
    const run = await runtime.start(workflow, { input: { question: '2+2?' } })
    const tokens: string[] = []
    const types: string[] = []
    for await (const event of run.events({ tokens: true })) {
      types.push(event.type)
      listening.resolve()
      if (event.type !== 'token.received') continue
      tokens.push(event.text)
      expect(event.isProvisional).toBe(true)
      if (tokens.length === 2) shown.resolve()
    }
    expect(tokens).toEqual(['4', '2'])
    expect(types.indexOf('token.received')).toBeLessThan(types.indexOf('step.ended'))
    const again: string[] = []
    for await (const event of run.events({ tokens: true })) again.push(event.type)
    expect(again).not.toContain('token.received')
  })

  it('continues where it stopped when it is visited again, and hears verdicts as data', async () => {
    const nodes = w.nodes({
      write: w.agent({
        model: 'fast',
        instructions: 'Write.',
        reads: ['question'],
        hears: ['check'],
        writes: ['answer'],
        memory: 'continue',
      }),
      check: w.gate({
        reads: ['answer'],
        outcomes: ['pass', 'revise'],
        decide: ({ state }) => (state.answer === 'good' ? 'pass' : { outcome: 'revise', reasons: ['too short'] }),
      }),
    })
    const loop = w.workflow('loop', {
      input: z.object({ question: z.string() }),
      output: ['answer'],
      nodes,
      start: nodes.write,
      edges: {
        write: { done: nodes.check },
        check: { pass: END, revise: { to: nodes.write, limit: 2, otherwise: END } },
      },
    })
    const model = scripted(says({ answer: 'bad' }), says({ answer: 'good' }))
    const runtime = createRuntime({ models: { fast: model } })
    open.push(runtime)
    const run = await runtime.start(loop, { input: { question: 'q' } })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { answer: 'good' } })
    const texts = model.requests[1]?.messages.map(({ role, content }) => [
      role,
      ...content.map((part) => (part.type === 'text' ? part.text : '')),
    ])
    expect(texts).toEqual([
      ['user', '{"question":"q"}'],
      ['assistant', '{"answer":"bad"}'],
      [
        'user',
        '{"question":"q"}',
        'Verdicts on the work so far:\n{"check":{"outcome":"revise","reasons":["too short"]}}',
      ],
    ])
  })

  it('asks a reviewing model for the verdict of a gate (Q1)', async () => {
    const nodes = w.nodes({
      review: w.gate({ model: 'fast', instructions: 'Judge.', reads: ['question'], outcomes: ['pass', 'fail'] }),
      echo: w.task({
        effect: 'pure',
        hears: ['review'],
        writes: ['answer'],
        run: ({ heard }) => ({ answer: JSON.stringify(heard.review) }),
      }),
    })
    const reviewed = w.workflow('reviewed', {
      input: z.object({ question: z.string() }),
      output: ['answer'],
      nodes,
      start: nodes.review,
      edges: { review: { pass: END, fail: nodes.echo }, echo: { done: END } },
    })
    const model = scripted(
      says({ outcome: 'maybe', reasons: [], score: null }),
      says({ outcome: 'fail', reasons: ['rude'], score: 0.1 }),
    )
    const runtime = createRuntime({ models: { fast: model } })
    open.push(runtime)
    const run = await runtime.start(reviewed, { input: { question: 'q' } })
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { answer: '{"outcome":"fail","reasons":["rude"],"score":0.1}' },
      usage: { modelCalls: 2 },
    })
    expect(JSON.stringify(model.requests[1]?.messages.at(-1))).toContain('is not one of: pass, fail')
  })
})
