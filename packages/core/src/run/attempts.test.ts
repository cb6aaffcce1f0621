import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { clockStart, createManualClock } from '../../test/support/manual-clock.ts'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { END, FAIL } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool, type EffectContext } from '../define/tool.ts'
import { nodeError } from '../errors/node-error.ts'
import { createRuntime } from './create-runtime.ts'
import type { Run, Runtime, RuntimeOptions } from './runtime.ts'
import type { RunEvent } from './run-event.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ text: z.string() })
type Work = (context: EffectContext) => { text: string } | Promise<{ text: string }>

function oneTask(run: Work, options: { effect?: 'pure' | 'unsafe'; timeout?: '1s'; attempts?: number }) {
  const { attempts = 1, ...rest } = options
  const n = w.nodes({
    work: w.task({
      writes: ['text'],
      retry: { attempts, backoff: '1s', factor: 2, jitter: 0 },
      ...rest,
      run: (_, context) => run(context),
    }),
  })
  return w.workflow('one', {
    input: z.object({ text: z.string() }),
    output: ['text'],
    nodes: n,
    start: n.work,
    edges: { work: { done: END } },
  })
}

function withTimeoutEdge(run: Work) {
  const n = w.nodes({
    work: w.task({
      effect: 'pure',
      writes: ['text'],
      timeout: '1s',
      retry: { attempts: 1 },
      run: (_, context) => run(context),
    }),
    late: w.task({ effect: 'pure', writes: ['text'], run: () => ({ text: 'timed out' }) }),
  })
  return w.workflow('timed', {
    input: z.object({ text: z.string() }),
    output: ['text'],
    nodes: n,
    start: n.work,
    edges: { work: { done: END, timeout: n.late }, late: { done: END } },
  })
}

function start(workflow: Parameters<Runtime['start']>[0], options: RuntimeOptions): Promise<Run<object>> {
  const runtime = createRuntime(options)
  open.push(runtime)
  return runtime.start(workflow, { input: { text: 'start' } })
}

async function endings(
  run: Run<object>,
): Promise<readonly (readonly [attempt: number, outcome: string, isLate: boolean])[]> {
  const found: (readonly [number, string, boolean])[] = []
  for await (const event of run.events())
    if (event.type === 'step.ended') found.push([event.attempt, event.outcome, event.isLate])
  return found
}

describe('attempts', () => {
  it('come after their backoff, under one effect id (T4, T5)', async () => {
    const clock = createManualClock()
    const seen: [number, string][] = []
    const workflow = oneTask(
      (context) => {
        seen.push([context.now() - clockStart, context.effectId])
        if (context.attempt < 3) throw new Error('not yet')
        return { text: `attempt ${context.attempt}` }
      },
      { effect: 'pure', attempts: 3 },
    )
    const run = await start(workflow, { clock })
    await clock.advance(10_000)
    expect(await run.result()).toMatchObject({ status: 'completed', output: { text: 'attempt 3' } })
    expect(seen).toEqual([0, 1_000, 3_000].map((at) => [at, `${run.runId}/0`]))
    expect(await endings(run)).toEqual([
      [1, 'failed', false],
      [2, 'failed', false],
      [3, 'done', false],
    ])
  })

  it('begin with what an operator has patched while they waited (H7)', async () => {
    const clock = createManualClock()
    const seen: string[] = []
    const n = w.nodes({
      work: w.task({
        effect: 'pure',
        reads: ['text'],
        writes: ['text'],
        retry: { attempts: 2, backoff: '1s', jitter: 0 },
        run: ({ state }, { attempt }) => {
          seen.push(state.text)
          if (attempt < 2) throw new Error('not yet')
          return { text: `${state.text}!` }
        },
      }),
    })
    const workflow = w.workflow('patched', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.work,
      edges: { work: { done: END } },
    })
    const run = await start(workflow, { clock })
    await clock.settle()
    await run.patch({ state: { text: 'mended' }, by: 'ada', reason: 'a typing error' })
    await clock.advance(1_000)
    expect(await run.result()).toMatchObject({ status: 'completed', output: { text: 'mended!' } })
    expect(seen).toEqual(['start', 'mended'])
  })

  it('wait at least as long as the failure asks', async () => {
    const clock = createManualClock()
    const seen: number[] = []
    const workflow = oneTask(
      (context) => {
        seen.push(context.now() - clockStart)
        if (context.attempt === 1)
          throw nodeError('WAYSTONE_NODE_THREW', 'busy', { retryable: true, retryAfterMs: 7_000 })
        return { text: 'x' }
      },
      { effect: 'pure', attempts: 2 },
    )
    const run = await start(workflow, { clock })
    await clock.advance(10_000)
    await run.result()
    expect(seen).toEqual([0, 7_000])
  })

  it('are not repeated when the failure says so, nor for an unsafe effect that says nothing', async () => {
    const final = oneTask(() => Promise.reject(nodeError('WAYSTONE_NODE_THREW', 'no use')), {
      effect: 'pure',
      attempts: 3,
    })
    expect(await endings(await start(final, {}))).toEqual([[1, 'failed', false]])
    const unsafe = oneTask(() => Promise.reject(new Error('?')), { effect: 'unsafe', attempts: 3 })
    expect(await endings(await start(unsafe, {}))).toEqual([[1, 'failed', false]])
  })

  it('end with outcome timeout, signal fired, and drop what comes after (T7)', async () => {
    const clock = createManualClock()
    let signal: AbortSignal | undefined
    const late = Promise.withResolvers<{ text: string }>()
    const workflow = withTimeoutEdge((context) => {
      signal = context.signal
      return late.promise
    })
    const run = await start(workflow, { clock })
    await clock.advance(999)
    expect(signal?.aborted).toBe(false)
    await clock.advance(1)
    expect(signal?.aborted).toBe(true)
    late.resolve({ text: 'too late' })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { text: 'timed out' } })
    const events: RunEvent[] = []
    for await (const event of run.events()) events.push(event)
    expect(events.find((event) => event.type === 'step.ended' && event.outcome === 'timeout')).toMatchObject({
      error: { code: 'WAYSTONE_NODE_TIMEOUT' },
    })
  })

  it('end unknown when an unsafe effect takes too long: it may have happened', async () => {
    const clock = createManualClock()
    const run = await start(
      oneTask(() => new Promise(() => undefined), { effect: 'unsafe', timeout: '1s' }),
      { clock },
    )
    await clock.advance(1_000)
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    expect(await run.requests()).toMatchObject([{ kind: 'unknown', node: 'work' }])
  })

  it('reach for an alternate tool, then degrade, as paths of the graph (T4)', async () => {
    const calls: string[] = []
    const flaky = (name: string, failures: number) =>
      defineTool({
        name,
        description: 'Fetches.',
        effect: 'pure',
        retry: { attempts: 2, backoff: 1 },
        input: z.object({}),
        output: z.object({ text: z.string() }),
        run: () => {
          calls.push(name)
          if (calls.filter((one) => one === name).length <= failures) throw new Error(`${name} is down`)
          return { text: name }
        },
      })
    const make = (failures: number) => {
      const n = w.nodes({
        first: w.tool(flaky('first', 2), { writes: ['text'], input: () => ({}) }),
        second: w.tool(flaky('second', failures), { writes: ['text'], input: () => ({}) }),
        degraded: w.task({ effect: 'pure', writes: ['text'], run: () => ({ text: 'degraded: true' }) }),
      })
      return w.workflow('fallback', {
        input: z.object({ text: z.string() }),
        output: ['text'],
        nodes: n,
        start: n.first,
        edges: {
          first: { done: END, failed: n.second },
          second: { done: END, failed: n.degraded },
          degraded: { done: END },
        },
      })
    }
    expect(await (await start(make(1), {})).result()).toMatchObject({
      output: { text: 'second' },
      usage: { toolCalls: 4 },
    })
    expect(calls.splice(0)).toEqual(['first', 'first', 'second', 'second'])
    expect(await (await start(make(2), {})).result()).toMatchObject({
      status: 'completed',
      output: { text: 'degraded: true' },
    })
  })
})

describe('cancel', () => {
  const hanging = (seen: { signal?: AbortSignal; wrote?: boolean }) =>
    oneTask(
      async (context) => {
        seen.signal = context.signal
        await new Promise((_, reject) =>
          context.signal.addEventListener('abort', () => reject(context.signal.reason as Error)),
        )
        seen.wrote = true
        return { text: 'never' }
      },
      { effect: 'pure', attempts: 3 },
    )

  it('fires the signal at once, ends as cancelled, and nothing is written after it (T7, R9)', async () => {
    const seen: { signal?: AbortSignal; wrote?: boolean } = {}
    const run = await start(hanging(seen), {})
    const order: string[] = []
    seen.signal?.addEventListener('abort', () => order.push('signal'))
    // Not in ms: how long a turn of the event loop takes is the machine's business.
    const turn = setImmediate(() => order.push('turn'))
    const accepted = await run.cancel({ by: 'ann', reason: 'not needed' })
    clearImmediate(turn)
    expect(accepted.type).toBe('applied')
    expect(order).toEqual(['signal'])
    expect(await run.result()).toMatchObject({ status: 'cancelled' })
    expect(seen.wrote).toBeUndefined()
    expect(await endings(run)).toEqual([[1, 'failed', true]])
    expect((await run.status()).sequence).toBe(2)
  })

  it('settles what a cancelled model call used', async () => {
    const n = w.nodes({ think: w.agent({ model: 'fast', instructions: 'x', writes: ['text'] }) })
    const workflow = w.workflow('agent', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.think,
      edges: { think: { done: END } },
    })
    const answer = Promise.withResolvers<unknown>()
    const asked = Promise.withResolvers<AbortSignal>()
    const model = scripted((options: { signal: AbortSignal }) => {
      asked.resolve(options.signal)
      return answer.promise
    })
    const run = await start(workflow, { models: { fast: model } })
    const signal = await asked.promise
    await run.cancel({ by: 'ann', reason: 'x' })
    expect(signal.aborted).toBe(true)
    answer.resolve(says({ text: 'late' }))
    expect(await run.result()).toMatchObject({
      status: 'cancelled',
      usage: { modelCalls: 1, inputTokens: 100, estimatedCalls: 0 },
    })
  })

  it('waits a moment for an effect that does not stop, then ends without it', async () => {
    const clock = createManualClock()
    const run = await start(
      oneTask(() => new Promise(() => undefined), { effect: 'unsafe' }),
      { clock },
    )
    await clock.settle()
    await run.cancel({ by: 'ann', reason: 'x' })
    const result = run.result()
    await clock.advance(1_000)
    expect(await result).toMatchObject({ status: 'cancelled' })
    expect(await endings(run)).toEqual([[1, 'unknown', true]])
    const errors: unknown[] = []
    for await (const event of run.events()) if (event.type === 'step.ended') errors.push(event.error?.code)
    expect(errors).toEqual(['WAYSTONE_NODE_ABORTED'])
  })

  it('takes back an attempt that waits for its backoff', async () => {
    const clock = createManualClock()
    let attempts = 0
    const workflow = oneTask(
      () => {
        attempts += 1
        throw new Error('again')
      },
      { effect: 'pure', attempts: 5 },
    )
    const run = await start(workflow, { clock })
    await clock.settle()
    await run.cancel({ by: 'ann', reason: 'x' })
    await clock.advance(60_000)
    expect((await run.result()).status).toBe('cancelled')
    expect(attempts).toBe(1)
  })

  it('reaches tool calls inside an agent', async () => {
    const signals: AbortSignal[] = []
    const slow = defineTool({
      name: 'slow',
      description: 'Waits.',
      effect: 'pure',
      input: z.object({}),
      output: z.object({}),
      run: (_, context) => {
        signals.push(context.signal)
        return new Promise((__, reject) => context.signal.addEventListener('abort', () => reject(new Error('stopped'))))
      },
    })
    const n = w.nodes({ think: w.agent({ model: 'fast', instructions: 'x', tools: [slow], writes: ['text'] }) })
    const workflow = w.workflow('agent', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.think,
      edges: { think: { done: END, failed: FAIL } },
    })
    const run = await start(workflow, { models: { fast: scripted(asks(['slow', { n: 1 }], ['slow', { n: 2 }])) } })
    while (signals.length < 2) await new Promise((resolve) => void setImmediate(resolve))
    await run.cancel({ by: 'ann', reason: 'x' })
    expect(signals.every((signal) => signal.aborted)).toBe(true)
    expect((await run.result()).status).toBe('cancelled')
  })

  it.each(['model', 'tool'])('closes the connection on which a %s waits for its server (R9)', async (kind) => {
    const asked = Promise.withResolvers<void>()
    const closed = Promise.withResolvers<void>()
    const server = createServer((_, response) => {
      response.on('close', closed.resolve)
      response.flushHeaders()
      asked.resolve()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
      const model = scripted(async ({ signal }: { signal: AbortSignal }) =>
        says(await (await fetch(url, { signal })).text()),
      )
      const n = w.nodes({ think: w.agent({ model: 'fast', instructions: 'x', writes: ['text'] }) })
      const agent = w.workflow('agent', {
        input: z.object({ text: z.string() }),
        output: ['text'],
        nodes: n,
        start: n.think,
        edges: { think: { done: END } },
      })
      const task = oneTask(async ({ signal }) => ({ text: await (await fetch(url, { signal })).text() }), {
        effect: 'pure',
      })
      const run = await start(kind === 'model' ? agent : task, { models: { fast: model } })
      await asked.promise
      await run.cancel({ by: 'ann', reason: 'x' })
      await closed.promise
      const { status, sequence } = await run.result()
      expect(status).toBe('cancelled')
      await new Promise((resolve) => void setImmediate(resolve))
      expect((await run.status()).sequence).toBe(sequence)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('is refused for a run that has ended', async () => {
    const run = await start(
      oneTask(() => ({ text: 'x' }), { effect: 'pure' }),
      {},
    )
    await run.result()
    expect(await run.cancel({ by: 'ann', reason: 'x' })).toMatchObject({ type: 'refused', reason: 'run-ended' })
  })
})

describe('hold', () => {
  it('withholds an attempt that waits for its backoff, until release', async () => {
    const clock = createManualClock()
    const seen: number[] = []
    const workflow = oneTask(
      (context) => {
        seen.push(context.now() - clockStart)
        if (context.attempt === 1) throw new Error('again')
        return { text: 'x' }
      },
      { effect: 'pure', attempts: 2 },
    )
    const run = await start(workflow, { clock })
    await clock.settle()
    await run.hold({ by: 'ann', reason: 'look' })
    expect((await run.result()).status).toBe('held')
    await clock.advance(10_000)
    expect(seen).toEqual([0])
    await run.release({ by: 'ann', reason: 'go' })
    expect((await run.result()).status).toBe('completed')
    expect(seen).toEqual([0, 10_000])
  })

  it('lets what runs end, begins nothing new until release', async () => {
    const gate = Promise.withResolvers<{ text: string }>()
    const begun: string[] = []
    const n = w.nodes({
      first: w.task({ effect: 'pure', writes: ['text'], run: () => gate.promise }),
      second: w.task({
        effect: 'pure',
        writes: ['text'],
        run: () => {
          begun.push('second')
          return { text: 'second' }
        },
      }),
    })
    const workflow = w.workflow('two', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.first,
      edges: { first: { done: n.second }, second: { done: END } },
    })
    const run = await start(workflow, {})
    expect((await run.hold({ by: 'ann', reason: 'look' })).type).toBe('applied')
    expect(await run.hold({ by: 'bob', reason: 'me too' })).toMatchObject({ type: 'refused', reason: 'already-held' })
    gate.resolve({ text: 'first' })
    expect(await run.result()).toMatchObject({ status: 'held' })
    expect(begun).toEqual([])
    expect((await run.release({ by: 'ann', reason: 'fine' })).type).toBe('applied')
    expect(await run.result()).toMatchObject({ status: 'completed', output: { text: 'second' } })
  })
})
