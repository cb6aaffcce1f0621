import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { says, scripted } from '../../test/support/scripted-model.ts'
import { mortalView, viewOf } from '../../test/support/store-view.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { Store } from '../checkpoint/store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { storeError } from '../errors/store-error.ts'
import { createRuntime } from './create-runtime.ts'
import { requestSchema } from './request-schema.ts'
import type { Run, Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

function runtimeWith(options: RuntimeOptions): Runtime {
  const runtime = createRuntime(options)
  open.push(runtime)
  return runtime
}

const w = defineState({
  order: z.string(),
  amountUsd: z.number(),
  note: z.string().optional(),
  result: z.string().optional(),
})
const paid: unknown[] = []
const pay = defineTool({
  name: 'pay',
  description: 'Pays an amount back.',
  input: z.object({ order: z.string(), amountUsd: z.number().max(1_000) }),
  output: z.object({ result: z.string() }),
  run: (input) => {
    paid.push(input)
    return { result: `paid ${input.amountUsd}` }
  },
})

const n = w.nodes({
  manager: w.approval({
    show: ['order', 'amountUsd', 'note'],
    role: 'manager',
    reason: 'Money leaves the house.',
    edits: ['amountUsd'],
    canAskBack: true,
    response: z.object({ note: z.string().min(3).optional() }),
  }),
  refund: w.tool(pay, { reads: ['order', 'amountUsd'], writes: ['result'] }),
  declined: w.task({
    effect: 'pure',
    hears: ['manager'],
    writes: ['result'],
    run: ({ heard }) => ({ result: `no: ${JSON.stringify(heard.manager?.reasons)}` }),
  }),
  explain: w.task({
    effect: 'pure',
    hears: ['manager'],
    writes: ['note'],
    run: ({ heard }) => ({ note: `about: ${JSON.stringify(heard.manager?.reasons)}` }),
  }),
})
const refunds = w.workflow('refunds', {
  input: z.object({ order: z.string(), amountUsd: z.number() }),
  output: ['result'],
  nodes: n,
  start: n.manager,
  edges: {
    manager: {
      approved: n.refund,
      edited: n.refund,
      rejected: n.declined,
      asked: { to: n.explain, limit: 3, otherwise: n.declined },
    },
    refund: { done: END },
    declined: { done: END },
    explain: { done: n.manager },
  },
  limits: { steps: 20 },
})

async function waiting(options: RuntimeOptions = {}): Promise<Run<object>> {
  paid.length = 0
  const run = await runtimeWith(options).start(refunds, { input: { order: 'o-1', amountUsd: 120 } })
  expect((await run.result()).status).toBe('waiting')
  return run
}

describe('requests', () => {
  it('hold everything a person needs, and fit the published schema (H3)', async () => {
    const run = await waiting()
    const requests = await run.requests()
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({
      id: `${run.runId}/0`,
      workflow: 'refunds',
      node: 'manager',
      kind: 'approval',
      reason: 'Money leaves the house.',
      role: 'manager',
      evidence: { order: 'o-1', amountUsd: 120 },
      options: [
        { outcome: 'approved', edges: ['manager.approved'], to: 'refund' },
        { outcome: 'rejected', edges: ['manager.rejected'], to: 'declined' },
        { outcome: 'edited', edges: ['manager.edited'], to: 'refund' },
        { outcome: 'asked', edges: ['manager.asked'], to: 'explain' },
      ],
      edits: ['amountUsd'],
      sequence: 0,
      expiresAt: null,
    })
    expect(requests[0]?.action).toContainEqual({
      outcome: 'approved',
      node: 'refund',
      tool: 'pay',
      input: { order: 'o-1', amountUsd: 120 },
    })
    expect(requests[0]?.responseSchema).toMatchObject({ type: 'object' })
    expect(z.fromJSONSchema(requestSchema).safeParse(requests[0]).error).toBeUndefined()
    expect(z.fromJSONSchema(requestSchema).safeParse({ ...requests[0], digest: 7 }).success).toBe(false)
    expect(paid).toEqual([])
  })
})

describe('decide', () => {
  it('approves, and only then does the tool run (H1, H5)', async () => {
    const run = await waiting()
    const [request] = await run.requests()
    expect(
      await run.decide(request ?? '', { outcome: 'approved', by: 'ann', response: { note: 'fine by me' } }),
    ).toEqual({ type: 'applied', sequence: 1 })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { result: 'paid 120' } })
    expect(paid).toEqual([{ order: 'o-1', amountUsd: 120 }])
    const decided: unknown[] = []
    for await (const event of run.events()) if (event.type === 'request.decided') decided.push(event)
    expect(decided).toMatchObject([{ outcome: 'approved', by: 'ann', through: 'api', node: 'manager' }])
  })

  it('rejects with a reason that is heard, and not without one (H5)', async () => {
    const run = await waiting()
    await expect(run.decide(`${run.runId}/0`, { outcome: 'rejected', by: 'ann' })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_DECISION',
    })
    await run.decide(`${run.runId}/0`, { outcome: 'rejected', by: 'ann', reason: 'no receipt' })
    expect(await run.result()).toMatchObject({ output: { result: 'no: ["no receipt"]' } })
    expect(paid).toEqual([])
  })

  it('edits arguments, parsed again by their schema (H5)', async () => {
    const run = await waiting()
    const decide = (edits: object) =>
      run.decide(`${run.runId}/0`, { outcome: 'edited', by: 'ann', edits: edits as { amountUsd: number } })
    await expect(decide({ amountUsd: 'much' })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_DECISION',
      message: expect.stringContaining('amountUsd') as string,
    })
    await expect(decide({})).rejects.toMatchObject({ message: expect.stringContaining('hold nothing') as string })
    await expect(decide({ order: 'o-2' })).rejects.toMatchObject({
      message: expect.stringContaining('may be edited: amountUsd') as string,
    })
    await expect(run.decide(`${run.runId}/0`, { outcome: 'edited', by: 'ann' })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_DECISION',
    })
    await expect(
      run.decide(`${run.runId}/0`, { outcome: 'approved', by: 'ann', edits: { amountUsd: 1 } }),
    ).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_DECISION' })
    expect((await decide({ amountUsd: 80 })).type).toBe('applied')
    expect(await run.result()).toMatchObject({ output: { result: 'paid 80' } })
  })

  it('asks back and asks again after the answer (H5)', async () => {
    const run = await waiting()
    await run.decide(`${run.runId}/0`, { outcome: 'asked', by: 'ann', reason: 'which receipt?' })
    expect((await run.result()).status).toBe('waiting')
    expect(await run.requests()).toMatchObject([{ step: 2, evidence: { note: 'about: ["which receipt?"]' } }])
  })

  it('parses the answer by its schema', async () => {
    const run = await waiting()
    const decide = run.decide(`${run.runId}/0`, { outcome: 'approved', by: 'ann', response: { note: 'x' } })
    await expect(decide).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_DECISION',
      message: expect.stringContaining('note') as string,
    })
  })

  it('refuses outcomes that are not offered, requests that are not there, second and changed ones, each with a reason', async () => {
    const run = await waiting()
    const [request] = await run.requests()
    if (request === undefined) throw new TypeError('no request')
    expect(await run.decide(request, { outcome: 'maybe', by: 'ann' })).toMatchObject({
      type: 'refused',
      reason: 'outcome-not-offered',
    })
    expect(await run.decide(request, { outcome: 'expired', by: 'ann' })).toMatchObject({
      reason: 'outcome-not-offered',
    })
    expect(await run.decide('other/0', { outcome: 'approved', by: 'ann' })).toMatchObject({ reason: 'stale-request' })
    expect(await run.decide(`${run.runId}/7`, { outcome: 'approved', by: 'ann' })).toMatchObject({
      reason: 'stale-request',
    })
    expect(await run.decide({ ...request, digest: 'old' }, { outcome: 'approved', by: 'ann' })).toMatchObject({
      reason: 'digest-mismatch',
    })
    expect((await run.status()).sequence).toBe(0)
    const both = await Promise.all([
      run.decide(request, { outcome: 'asked', by: 'ann', reason: 'why?' }),
      run.decide(request, { outcome: 'rejected', by: 'bob', reason: 'no' }),
    ])
    expect(both.map(({ type }) => type).toSorted()).toEqual(['applied', 'refused'])
    await run.result()
    expect(await run.decide(request, { outcome: 'approved', by: 'ann' })).toMatchObject({
      type: 'refused',
      reason: 'already-decided',
    })
    await run.cancel({ by: 'ann', reason: 'x' })
    expect(await run.decide(request, { outcome: 'approved', by: 'ann' })).toMatchObject({
      type: 'refused',
      reason: 'run-ended',
    })
  })

  it('moves a run on from another process, long after the first has gone (H2)', async () => {
    const store = createMemoryStore()
    const first = await waiting({ store })
    await open.splice(0)[0]?.close()
    const second = await runtimeWith({ store, workflows: [refunds] }).open(first.runId)
    const [request] = await second.requests()
    expect((await second.decide(request ?? '', { outcome: 'approved', by: 'ann' })).type).toBe('applied')
    expect(await second.result()).toMatchObject({ status: 'completed', output: { result: 'paid 120' } })
    expect(paid).toHaveLength(1)
  })

  it('moves a run on from another process while the first lives (H2)', async () => {
    const store = createMemoryStore()
    const first = await waiting({ store })
    const end = first.result({ until: 'end' })
    const second = await runtimeWith({ store }).open(refunds, first.runId)
    await second.decide(`${first.runId}/0`, { outcome: 'approved', by: 'ann' })
    expect(await end).toMatchObject({ status: 'completed' })
    expect(paid).toHaveLength(1)
  })
})

describe('expiry', () => {
  const e = w.nodes({
    manager: w.approval({ show: ['order'], expiresIn: '1h' }),
    late: w.task({ effect: 'pure', writes: ['result'], run: () => ({ result: 'expired' }) }),
    approved: w.task({ effect: 'pure', writes: ['result'], run: () => ({ result: 'approved' }) }),
  })
  const expiring = w.workflow('expiring', {
    input: z.object({ order: z.string(), amountUsd: z.number() }),
    output: ['result'],
    nodes: e,
    start: e.manager,
    edges: {
      manager: { approved: e.approved, rejected: END, expired: e.late },
      late: { done: END },
      approved: { done: END },
    },
  })
  const begin = (runtime: Runtime) => runtime.start(expiring, { input: { order: 'o-1', amountUsd: 1 } })

  it('is not forgotten when the store was not well at that moment', async () => {
    const clock = createManualClock()
    let isWell = true
    const store = viewOf(createMemoryStore(), (method) => {
      if (!isWell && method === 'acquire') throw storeError('WAYSTONE_STORE_LOCKED', 'locked')
    })
    const runtime = runtimeWith({ clock, store })
    const run = await runtime.start(expiring, { input: { order: 'o-1', amountUsd: 5 } })
    expect((await run.result()).status).toBe('waiting')
    isWell = false
    await clock.advance(3_600_000)
    isWell = true
    await clock.advance(10_000)
    expect(await run.result()).toMatchObject({ status: 'completed', output: { result: 'expired' } })
  })

  it('takes its edge when nobody decides, in the process that waits', async () => {
    const clock = createManualClock()
    const run = await begin(runtimeWith({ clock }))
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    expect(await run.requests()).toMatchObject([{ expiresAt: clock.now() + 3_600_000 }])
    await clock.advance(3_600_000)
    expect(await run.result()).toMatchObject({ status: 'completed', output: { result: 'expired' } })
  })

  it('takes its edge in another process that works, later', async () => {
    const clock = createManualClock()
    const store = createMemoryStore()
    const first = runtimeWith({ clock, store })
    const run = await begin(first)
    await run.result()
    await first.close()
    await clock.advance(7_200_000)
    const second = runtimeWith({ clock, store, workflows: [expiring] })
    second.work()
    await clock.advance(1_000)
    expect(await (await second.open(run.runId)).status()).toMatchObject({
      status: 'completed',
      output: { result: 'expired' },
    })
  })

  it('beats a decision that comes too late, even when nobody was there to see it', async () => {
    const clock = createManualClock()
    const store = createMemoryStore()
    const first = runtimeWith({ clock, store })
    const run = await begin(first)
    await run.result()
    await first.close()
    await clock.advance(7_200_000)
    const again = await runtimeWith({ clock, store, workflows: [expiring] }).open(run.runId)
    expect(await again.decide(`${run.runId}/0`, { outcome: 'approved', by: 'ann' })).toMatchObject({
      type: 'refused',
      reason: 'request-expired',
      message: expect.stringMatching(
        /^step 0 of manager expired at .*Z, and nobody had decided; the run went on to late$/,
      ) as string,
    })
    expect(await again.result()).toMatchObject({ output: { result: 'expired' } })
  })

  it('is beaten by a decision that was delivered in time', async () => {
    const clock = createManualClock()
    const store = createMemoryStore()
    const first = runtimeWith({ clock, store })
    const run = await begin(first)
    await run.result()
    const [request] = await run.requests()
    await first.close()
    const payload = {
      step: 0,
      outcome: 'approved',
      digest: request?.digest ?? '',
      reason: '',
      by: 'ann',
      through: 'test',
    }
    await store.deliver(run.runId, {
      id: 'in-time',
      at: clock.now() + 1,
      type: 'request.decided',
      from: 'person',
      payload,
    })
    await clock.advance(7_200_000)
    const again = await runtimeWith({ clock, store, workflows: [expiring] }).open(run.runId)
    await again.resume()
    expect(await again.result()).toMatchObject({ output: { result: 'approved' } })
  })
})

describe('gates before people and tools', () => {
  const asked = (store: Store, amountUsd: number, confidence: number) => {
    const s = defineState({
      amountUsd: z.number(),
      confidence: z.number().optional(),
      text: z.string().optional(),
      result: z.string().optional(),
    })
    const isLow = s.guard('isLow', ['confidence'], (state) => (state.confidence ?? 0) < 0.8)
    const isLarge = s.guard('isLarge', ['amountUsd'], (state) => state.amountUsd >= 100)
    const model = scripted(says({ confidence, text: 'x' }))
    const nodes = s.nodes({
      safe: s.gate({
        reads: ['amountUsd'],
        outcomes: ['pass', 'blocked'],
        decide: ({ state }) => (state.amountUsd < 0 ? { outcome: 'blocked', reasons: ['negative'] } : 'pass'),
      }),
      think: s.agent({ model: 'fast', instructions: 'x', reads: ['amountUsd'], writes: ['confidence', 'text'] }),
      person: s.approval({ show: ['amountUsd', 'confidence'] }),
      refund: s.tool(pay, {
        reads: ['amountUsd'],
        writes: ['result'],
        input: ({ state }) => ({ order: 'o', amountUsd: state.amountUsd }),
      }),
    })
    const workflow = s.workflow('triggers', {
      input: z.object({ amountUsd: z.number() }),
      output: ['result'],
      nodes,
      start: nodes.safe,
      edges: {
        safe: { pass: nodes.think, blocked: END },
        think: { done: [{ when: s.any(isLow, isLarge), to: nodes.person }, nodes.refund] },
        person: { approved: nodes.refund, rejected: END },
        refund: { done: END },
      },
    })
    paid.length = 0
    return { model, run: runtimeWith({ store, models: { fast: model } }).start(workflow, { input: { amountUsd } }) }
  }

  it.each([
    ['a large amount', 500, 0.9, ['waiting', 0]],
    ['low confidence', 5, 0.2, ['waiting', 0]],
    ['neither', 5, 0.9, ['completed', 1]],
  ])('ask before the tool on %s (H1)', async (_, amountUsd, confidence, ended) => {
    const { run } = asked(createMemoryStore(), amountUsd, confidence)
    expect([(await (await run).result()).status, paid.length]).toEqual(ended)
  })

  it('block before the model is called (Q4)', async () => {
    const { run, model } = asked(createMemoryStore(), -1, 1)
    expect(await (await run).result()).toMatchObject({ status: 'completed', output: {} })
    expect(model.requests).toEqual([])
    expect(paid).toEqual([])
  })
})

describe('unknown outcomes', () => {
  const u = w.nodes({ refund: w.tool(pay, { reads: ['order', 'amountUsd'], writes: ['result'] }) })
  const unrouted = w.workflow('unrouted', {
    input: z.object({ order: z.string(), amountUsd: z.number() }),
    output: ['result'],
    nodes: u,
    start: u.refund,
    edges: { refund: { done: END } },
  })

  /** A run whose process died while the tool ran: the store has its mark and no result. */
  async function unknown(): Promise<Run<object>> {
    paid.length = 0
    const store = createMemoryStore()
    const clock = createManualClock()
    const dead = { self: () => ({ host: 'h', pid: 1, processStartedAt: '1' }), stateOf: () => 'dead' as const }
    const mortal = mortalView(store, (method, kill) => method === 'commit' && kill())
    const run = await createRuntime({ store: mortal.store, clock, liveness: dead }).start(unrouted, {
      input: { order: 'o-1', amountUsd: 120 },
    })
    await clock.settle()
    expect(paid.splice(0)).toHaveLength(1)
    const again = await runtimeWith({ store, clock, liveness: dead, workflows: [unrouted] }).open(run.runId)
    await again.resume()
    expect((await again.result()).status).toBe('waiting')
    expect(paid).toEqual([])
    return again
  }

  it('are asked about with the exact input, and not repeated', async () => {
    const run = await unknown()
    expect(await run.requests()).toMatchObject([
      {
        kind: 'unknown',
        options: [
          { outcome: 'happened', edges: ['refund.done'] },
          { outcome: 'did-not-happen', edges: [], to: 'refund' },
          { outcome: 'failed', edges: ['refund.failed'] },
        ],
      },
    ])
    expect((await run.requests())[0]?.action).toContainEqual({
      outcome: 'did-not-happen',
      node: 'refund',
      tool: 'pay',
      input: { order: 'o-1', amountUsd: 120 },
    })
  })

  it('go on with what came of it when it happened', async () => {
    const run = await unknown()
    await expect(
      run.decide(`${run.runId}/0`, { outcome: 'happened', by: 'ann', result: { result: 7 } }),
    ).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_DECISION' })
    await run.decide(`${run.runId}/0`, { outcome: 'happened', by: 'ann', result: { result: 'paid by hand' } })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { result: 'paid by hand' } })
    expect(paid).toEqual([])
  })

  it('are tried again when it did not happen, and fail when it failed', async () => {
    const again = await unknown()
    await again.decide(`${again.runId}/0`, { outcome: 'did-not-happen', by: 'ann' })
    expect(await again.result()).toMatchObject({ status: 'completed', output: { result: 'paid 120' } })
    const failed = await unknown()
    await failed.decide(`${failed.runId}/0`, { outcome: 'failed', by: 'ann', reason: 'bank said no' })
    expect(await failed.result()).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_DECLARED_FAILED' } })
  })
})
