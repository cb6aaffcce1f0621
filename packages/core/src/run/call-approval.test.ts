import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import type { Json } from '../base/json.ts'
import { asks, says, scripted, type ScriptedModel } from '../../test/support/scripted-model.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { Store } from '../checkpoint/store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import type { ModelResponse } from '../define/model.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import { requestSchema } from './request-schema.ts'
import type { DecisionInput, Request, Run, Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

function runtimeWith(options: RuntimeOptions): Runtime {
  const runtime = createRuntime(options)
  open.push(runtime)
  return runtime
}

const Refund = z.object({ order: z.string(), usd: z.number().positive(), urgent: z.boolean().optional() })
const paid: { readonly input: unknown; readonly effectId: string }[] = []
const looked: string[] = []
const look = defineTool({
  name: 'look',
  description: 'Looks an order up.',
  effect: 'pure',
  input: z.object({ order: z.string() }),
  output: z.object({ usd: z.number() }),
  run: ({ order }) => {
    looked.push(order)
    return { usd: 120 }
  },
})
const refundTerms = {
  name: 'refund',
  description: 'Pays an order back.',
  input: Refund,
  output: z.object({ receipt: z.string() }),
  run: (input: z.output<typeof Refund>, { effectId }: { readonly effectId: string }) => {
    paid.push({ input, effectId })
    return { receipt: `r-${input.usd}` }
  },
} as const
const refund = defineTool({
  ...refundTerms,
  approval: { reason: 'Money leaves the house.', role: 'manager', expiresIn: '1h' },
})

const w = defineState({ order: z.string(), reply: z.string().optional() })

// oxlint-disable-next-line typescript/explicit-function-return-type -- the type of a workflow is what inference makes of it
function deskWith(tool: typeof refund) {
  const n = w.nodes({
    clerk: w.agent({
      model: 'fast',
      instructions: 'Help.',
      reads: ['order'],
      writes: ['reply'],
      tools: [look, tool],
    }),
  })
  return w.workflow('desk', {
    input: z.object({ order: z.string() }),
    output: ['reply'],
    nodes: n,
    start: n.clerk,
    edges: { clerk: { done: END } },
  })
}
const desk = deskWith(refund)

/** An answer that says something and asks for calls. */
function saysAndAsks(text: string, ...calls: readonly (readonly [string, Json])[]): ModelResponse {
  const answer = asks(...calls)
  return { ...answer, message: { ...answer.message, content: [{ type: 'text', text }] } }
}

interface Begun {
  readonly run: Run<object>
  readonly model: ScriptedModel
  readonly store: Store
}

async function begin(answers: readonly unknown[], options: RuntimeOptions = {}): Promise<Begun> {
  paid.length = 0
  looked.length = 0
  const model = scripted(...answers)
  const store = createMemoryStore()
  const runtime = runtimeWith({ models: { fast: model }, store, ...options })
  const run = await runtime.start(desk, { input: { order: 'o-1' } })
  expect((await run.result()).status).toBe('waiting')
  return { run, model, store }
}

async function onlyRequest(run: Run<object>): Promise<Request> {
  const [request, ...others] = await run.requests()
  if (request === undefined || others.length > 0) throw new RangeError('not one request')
  return request
}

const call = ['refund', { order: 'o-1', usd: 120 }] as const
const done = says({ reply: 'done' })

function toldIn(model: ScriptedModel, turn: number): readonly unknown[] {
  return (model.requests[turn]?.messages ?? []).flatMap((message) =>
    message.role === 'tool'
      ? [JSON.parse(message.content.map((part) => (part.type === 'text' ? part.text : '')).join('')) as Json]
      : [],
  )
}

describe('a request about a call', () => {
  it('holds everything a person needs, and fits the published schema (H3)', async () => {
    const { run } = await begin([saysAndAsks('The order was paid twice.', ['look', { order: 'o-1' }], call), done])
    expect(looked).toEqual(['o-1'])
    expect(paid).toEqual([])
    const request = await onlyRequest(run)
    expect(request).toMatchObject({
      id: `${run.runId}/2`,
      workflow: 'desk',
      node: 'clerk',
      kind: 'call',
      reason: 'Money leaves the house.',
      role: 'manager',
      said: 'The order was paid twice.',
      evidence: { order: 'o-1' },
      action: [
        { outcome: 'approved', node: 'clerk', tool: 'refund', input: { order: 'o-1', usd: 120 } },
        { outcome: 'edited', node: 'clerk', tool: 'refund' },
        { outcome: 'rejected', node: 'clerk' },
        { outcome: 'asked', node: 'clerk' },
      ],
      options: [
        { outcome: 'approved', edges: [], to: 'clerk' },
        { outcome: 'edited' },
        { outcome: 'rejected' },
        { outcome: 'asked' },
      ],
      edits: [],
      argumentsSchema: { type: 'object', properties: { usd: { type: 'number' } } },
      responseSchema: null,
      usage: { modelCalls: 1, toolCalls: 1, inputTokens: 100 },
      sequence: 1,
    })
    expect(request.expiresAt).toBe(request.openedAt + 3_600_000)
    expect(z.fromJSONSchema(requestSchema).safeParse(request).error).toBeUndefined()
  })

  it('is there while other calls run', async () => {
    const release = Promise.withResolvers<{ usd: number }>()
    const slow = defineTool({ ...lookTerms, run: () => release.promise })
    const n = w.nodes({ clerk: w.agent({ model: 'fast', instructions: '', writes: ['reply'], tools: [slow, refund] }) })
    const both = w.workflow('both', {
      input: z.object({ order: z.string() }),
      output: ['reply'],
      nodes: n,
      start: n.clerk,
      edges: { clerk: { done: END } },
    })
    paid.length = 0
    const model = scripted(asks(['slow', {}], call), done)
    const run = await runtimeWith({ models: { fast: model } }).start(both, { input: { order: 'o-1' } })
    for await (const event of run.events()) if (event.type === 'request.opened') break
    expect((await run.status()).status).toBe('running')
    const [request] = await run.requests()
    if (request?.kind !== 'call') throw new RangeError('no request about a call')
    expect(await run.decide(request, { outcome: 'approved', by: 'ann' })).toMatchObject({ type: 'applied' })
    for await (const event of run.events())
      if (event.type === 'step.ended' && event.tool === 'refund' && event.kind === 'call') break
    expect(paid).toHaveLength(1)
    expect(model.requests).toHaveLength(1)
    release.resolve({ usd: 1 })
    expect((await run.result()).status).toBe('completed')
    expect(toldIn(model, 1)).toEqual([{ usd: 1 }, { receipt: 'r-120' }])
  })
})

const lookTerms = {
  name: 'slow',
  description: 'Looks slowly.',
  effect: 'pure',
  input: z.object({}),
  output: z.object({ usd: z.number() }),
} as const

describe('deciding about a call', () => {
  it('approves: the very arguments run, under the id of the step that asked (H1, H5)', async () => {
    const { run, model } = await begin([asks(call), done])
    await run.decide(await onlyRequest(run), { outcome: 'approved', by: 'ann' })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { reply: 'done' } })
    expect(paid).toEqual([{ input: { order: 'o-1', usd: 120 }, effectId: `${run.runId}/1` }])
    expect(toldIn(model, 1)).toEqual([{ receipt: 'r-120' }])
  })

  it('rejects with a reason, which the model is told (H5)', async () => {
    const { run, model } = await begin([asks(call), done])
    const request = await onlyRequest(run)
    await expect(run.decide(request, { outcome: 'rejected', by: 'ann' })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_DECISION',
    })
    await run.decide(request, { outcome: 'rejected', by: 'ann', reason: 'no receipt' })
    expect((await run.result()).status).toBe('completed')
    expect(paid).toEqual([])
    expect(toldIn(model, 1)).toEqual([{ error: 'not run: a person rejected the call: no receipt' }])
    expect(model.requests[1]?.messages.at(-1)).toMatchObject({ role: 'tool', isError: true })
  })

  it('asks back: the question reaches the model, whose next call is asked about anew (H5)', async () => {
    const again = saysAndAsks('It was paid twice: see receipt 7.', call)
    const { run, model } = await begin([asks(call), again, done])
    await run.decide(await onlyRequest(run), { outcome: 'asked', by: 'ann', reason: 'why?' })
    expect((await run.result()).status).toBe('waiting')
    expect(JSON.stringify(toldIn(model, 1))).toContain('why?')
    const request = await onlyRequest(run)
    expect(request).toMatchObject({ step: 3, said: 'It was paid twice: see receipt 7.' })
    await run.decide(request, { outcome: 'approved', by: 'ann' })
    expect((await run.result()).status).toBe('completed')
    expect(paid).toHaveLength(1)
  })

  it('edits arguments, parsed again by the input of the tool, and tells the model (H5)', async () => {
    const { run, model } = await begin([asks(['refund', { order: 'o-1', usd: 120, urgent: true }]), done])
    const request = await onlyRequest(run)
    const refuse = async (decision: Omit<DecisionInput, 'outcome' | 'by'>, why: string): Promise<void> => {
      const given = { outcome: 'edited', by: 'ann', ...decision }
      await expect(run.decide(request, given)).rejects.toMatchObject({
        code: 'WAYSTONE_INPUT_DECISION',
        message: expect.stringContaining(why) as string,
      })
    }
    await refuse({}, 'needs `edits`')
    await refuse({ edits: {} }, '`edits` hold nothing')
    await refuse({ edits: { usd: -1 } }, 'usd')
    await refuse({ edits: { usd: 'much' } }, 'usd')
    await refuse({ edits: { udf: 50 } }, 'has no argument udf; it has: order, usd, urgent')
    await refuse({ arguments: { usd: 50 } }, 'order')
    await refuse({ edits: { usd: 50 }, arguments: { usd: 50 } }, 'not both')
    await refuse({ edits: { usd: 50 }, response: {} }, 'neither')
    await refuse({ edits: 7 as unknown as object as DecisionInput['edits'] & object }, 'is no object')
    await expect(run.decide(request, { outcome: 'approved', by: 'ann', edits: { usd: 1 } })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_DECISION',
    })
    expect((await run.status()).sequence).toBe(1)
    await run.decide(request, { outcome: 'edited', by: 'ann', edits: { usd: 80 }, reason: 'half' })
    expect((await run.result()).status).toBe('completed')
    expect(paid).toMatchObject([{ input: { order: 'o-1', usd: 80, urgent: true } }])
    expect(toldIn(model, 1)).toEqual([
      {
        note: 'a person changed the arguments; the call was run with these',
        arguments: { order: 'o-1', usd: 80, urgent: true },
        reason: 'half',
        result: { receipt: 'r-80' },
      },
    ])
  })

  it('takes whole arguments too, so that one can be taken out', async () => {
    const { run } = await begin([asks(['refund', { order: 'o-1', usd: 120, urgent: true }]), done])
    await run.decide(await onlyRequest(run), { outcome: 'edited', by: 'ann', arguments: { order: 'o-1', usd: 9 } })
    await run.result()
    expect(paid).toMatchObject([{ input: { order: 'o-1', usd: 9 } }])
  })

  it('is refused by reason code when it is the second, misplaced, or about something else (H4)', async () => {
    const { run } = await begin([asks(call, call), done])
    const [first, second] = await run.requests()
    if (first === undefined || second === undefined) throw new RangeError('two calls are asked about')
    const yes = { outcome: 'approved', by: 'ann' }
    expect(await run.decide({ ...second, digest: first.digest }, yes)).toMatchObject({ reason: 'digest-mismatch' })
    expect(await run.decide(first, { ...yes, outcome: 'expired' })).toMatchObject({ reason: 'outcome-not-offered' })
    const both = await Promise.all([run.decide(first, yes), run.decide(first, yes)])
    expect(both).toMatchObject([{ type: 'applied' }, { type: 'refused', reason: 'already-decided' }])
    expect((await run.result()).status).toBe('waiting')
    expect(paid).toHaveLength(1)
    await run.decide(second, { outcome: 'rejected', by: 'bob', reason: 'once is enough' })
    expect((await run.result()).status).toBe('completed')
    expect(await run.decide(second, yes)).toMatchObject({ type: 'refused', reason: 'run-ended' })
    expect(paid).toHaveLength(1)
  })
})

describe('rules about calls', () => {
  const by = (when: (input: z.output<typeof Refund>) => boolean | string) =>
    deskWith(defineTool({ ...refundTerms, approval: { when } }))

  it('look at parsed arguments: over a threshold a person is asked and told why (H1)', async () => {
    paid.length = 0
    const model = scripted(asks(['refund', { order: 'a', usd: 50 }], ['refund', { order: 'b', usd: 500 }]), done)
    const workflow = by(({ usd }) => usd > 100 && `${usd} USD is over 100`)
    const run = await runtimeWith({ models: { fast: model } }).start(workflow, { input: { order: 'o-1' } })
    expect((await run.result()).status).toBe('waiting')
    expect(paid).toMatchObject([{ input: { order: 'a' } }])
    expect(await run.requests()).toMatchObject([
      { reason: '500 USD is over 100', action: [{ input: { order: 'b' } }, {}, {}, {}] },
    ])
  })

  it.each([
    [
      'throw',
      (): boolean => {
        throw new TypeError('no idea')
      },
      'threw: no idea',
    ],
    ['promise', () => Promise.reject(new Error('later')) as unknown as boolean, 'gave a promise'],
    ['give nothing', () => undefined as unknown as boolean, 'gave undefined'],
  ])('that %s ask in doubt', async (_, when, why) => {
    const run = await runtimeWith({ models: { fast: scripted(asks(call)) } }).start(by(when), {
      input: { order: 'o-1' },
    })
    expect((await run.result()).status).toBe('waiting')
    expect((await run.requests())[0]?.reason).toContain(why)
  })
})

describe('a run that waits for an answer about a call', () => {
  it('goes on from storage alone, without a new model call before the answer (H2)', async () => {
    const { run, store, model } = await begin([asks(['look', { order: 'o-1' }], call)])
    await open.splice(0)[0]?.close()
    const other = scripted(done)
    const again = await runtimeWith({ store, models: { fast: other }, workflows: [desk] }).open(run.runId)
    const [request] = await again.requests()
    expect(request).toMatchObject({ kind: 'call', node: 'clerk' })
    expect((await again.decide(request ?? '', { outcome: 'approved', by: 'ann' })).type).toBe('applied')
    expect(await again.result()).toMatchObject({ status: 'completed' })
    expect([paid.length, looked.length, model.requests.length, other.requests.length]).toEqual([1, 1, 1, 1])
    expect((await replayRun(store, desk, run.runId)).divergence).toBeNull()
  })

  it('lets the call expire, and the model is told (H6)', async () => {
    const clock = createManualClock()
    const { run, model } = await begin([asks(call), done], { clock })
    await clock.advance(3_600_000)
    expect((await run.result()).status).toBe('completed')
    expect(paid).toEqual([])
    expect(toldIn(model, 1)).toEqual([{ error: 'not run: nobody approved the call in time' }])
  })

  it('names the call in its events', async () => {
    const { run } = await begin([asks(call), done])
    await run.decide(await onlyRequest(run), { outcome: 'approved', by: 'ann' })
    await run.result()
    const about: unknown[] = []
    for await (const event of run.events()) if (event.type.startsWith('request.')) about.push(event)
    expect(about).toMatchObject([
      { type: 'request.opened', kind: 'call', tool: 'refund', node: 'clerk', step: 1 },
      { type: 'request.decided', outcome: 'approved', tool: 'refund', by: 'ann' },
    ])
  })
})
