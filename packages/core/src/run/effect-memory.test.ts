import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { systemClock } from '../base/clock.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { compile } from '../compile/compile.ts'
import { END } from '../define/edge.ts'
import type { EffectMemory, MemoryUse } from '../define/effect-memory.ts'
import { recallTool, rememberTool } from '../define/memory-tools.ts'
import { defineState } from '../define/state.ts'
import { defineTool, type EffectContext } from '../define/tool.ts'
import type { Workflow } from '../define/workflow.ts'
import { nodeFailure } from '../errors/node-error.ts'
import { createVolatileMemory } from '../memory/volatile-memory.ts'
import { replayRun } from '../replay/replay-run.ts'
import { forkRun } from '../replay/fork-run.ts'
import { createRuntime } from './create-runtime.ts'
import { stepMemory } from './effect-memory.ts'
import type { Runtime, RuntimeOptions } from './runtime.ts'
import { createSecretVault } from './secrets.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

function runtimeWith(options: RuntimeOptions): Runtime {
  const runtime = createRuntime(options)
  open.push(runtime)
  return runtime
}

const now = Date.now()
const w = defineState({ text: z.string(), out: z.string().optional() })
const ofCustomer = ['preferences', { tag: 'customer' }] as const
const everything = { scope: ofCustomer, access: 'write' } as const

/** A workflow of one task that uses the memory. */
function using(
  memory: MemoryUse | undefined,
  run: (memory: EffectMemory, text: string, context: EffectContext) => Promise<string | undefined>,
): Workflow<{ text: string }, { out?: string | undefined }> {
  const n = w.nodes({
    work: w.task({
      reads: ['text'],
      writes: ['out'],
      effect: 'keyed',
      retry: { attempts: 3, backoff: 1 },
      timeout: '5s',
      ...(memory !== undefined && { memory }),
      async run({ state }, context) {
        const out = await run(context.memory, state.text, context)
        return out === undefined ? {} : { out }
      },
    }),
  })
  return w.workflow('using', {
    input: z.object({ text: z.string() }),
    output: ['out'],
    nodes: n,
    start: n.work,
    edges: { work: { done: END } },
  })
}

const remembers = using(everything, async (memory, text) => {
  await memory.put('seat', text)
  return undefined
})
const recalls = using({ scope: ofCustomer, access: 'read' }, async (memory, text) => {
  const { entries } = await memory.search(text)
  return JSON.stringify(entries.map(({ key, value }) => [key, value]))
})

async function ended(
  runtime: Runtime,
  workflow: Workflow<{ text: string }>,
  options: { readonly text?: string; readonly tags?: { readonly [name: string]: string } } = {},
): Promise<{ readonly output: unknown; readonly code: string | undefined; readonly runId: string }> {
  const { text = 'aisle seat', tags = { customer: 'ann' } } = options
  const run = await runtime.start(workflow, { input: { text }, tags })
  const { output, error, runId } = await run.result()
  return { output, code: error?.code, runId }
}

const byHand = { by: 'ada', reason: 'another customer' }

describe('context.memory', () => {
  it('outlives the runs and their store: another run reads what one has remembered (S5)', async () => {
    const memory = createVolatileMemory()
    const store = createMemoryStore()
    await ended(runtimeWith({ memory, store }), remembers)
    await store.close()
    // Not a run is left: the second runtime has a store of its own.
    const second = runtimeWith({ memory, store: createMemoryStore() })
    expect((await second.list()).rows).toEqual([])
    expect((await ended(second, recalls)).output).toEqual({ out: '[["seat","aisle seat"]]' })
  })

  it("keeps one customer's memory from the runs of another (M3)", async () => {
    const memory = createVolatileMemory()
    const runtime = runtimeWith({ memory })
    await ended(runtime, remembers)
    expect((await ended(runtime, recalls, { tags: { customer: 'bob' } })).output).toEqual({ out: '[]' })
    for (const tags of [{}, { customer: '' }])
      await expect(runtime.start(recalls, { input: { text: '' }, tags })).rejects.toMatchObject({
        code: 'WAYSTONE_INPUT_START',
        message: expect.stringContaining('tags that the run is not given: "customer" (scope of ') as string,
      })
    const { runId } = await ended(runtime, recalls)
    const forked = await runtime.open(await forkRun(runtime, runId, { at: 0, tags: { customer: '' }, ...byHand }))
    await forked.resume()
    expect((await forked.result()).error?.code).toBe('WAYSTONE_NODE_MEMORY_TAG')
    expect((await memory.list({ scope: [], now })).entries.map(({ scope }) => scope)).toEqual([['preferences', 'ann']])
  })

  it('replays a run when the memory is gone, and reads nothing (R1)', async () => {
    const memory = createVolatileMemory()
    const store = createMemoryStore()
    const runtime = runtimeWith({ memory, store })
    await ended(runtime, remembers)
    const { runId, output } = await ended(runtime, recalls)
    expect(output).toEqual({ out: '[["seat","aisle seat"]]' })
    await memory.close()
    expect((await replayRun(store, recalls, runId)).divergence).toBeNull()
  })

  it('writes once when an attempt fails after it has written', async () => {
    const memory = createVolatileMemory()
    const answers: unknown[] = []
    const twice = using(everything, async (mine, _text, { attempt }) => {
      answers.push(await mine.put('count', attempt), await mine.put('count', `${attempt} again`))
      answers.push(await mine.delete('other'))
      if (attempt < 3) throw nodeFailure('not yet', { retryable: true })
      return 'done'
    })
    const runtime = runtimeWith({ memory })
    expect((await ended(runtime, twice)).output).toEqual({ out: 'done' })
    expect(answers).toHaveLength(9)
    expect(answers.slice(3, 6)).toEqual(answers.slice(0, 3))
    expect(answers.slice(6)).toEqual(answers.slice(0, 3))
    expect((await memory.list({ scope: [], now })).entries).toMatchObject([{ key: 'count', value: '1 again' }])
    // Another run is another effect.
    await ended(
      runtime,
      using(everything, async (mine) => void (await mine.put('count', 'new'))),
    )
    expect((await memory.list({ scope: [], now })).entries).toMatchObject([{ value: 'new' }])
  })

  it('stores no secret that was resolved, in any part of an entry (S6)', async () => {
    const token = 'hunter2+key/with?signs='
    const leak = defineTool({
      name: 'leak',
      description: 'Remembers everything it knows.',
      effect: 'keyed',
      secrets: ['TOKEN'],
      memory: { scope: ['s'], access: 'write' },
      input: z.object({ text: z.string() }),
      output: z.object({ out: z.string() }),
      async run({ text }, context) {
        const { memory: mine } = context
        const value = await context.secret('TOKEN')
        const encoded = Buffer.from(`user:${value}`).toString('base64')
        await mine.put(`k ${value}`, { value, encoded }, { text: value, tags: [value], under: [value] })
        return { out: text }
      },
    })
    const n = w.nodes({ leak: w.tool(leak, { reads: ['text'], writes: ['out'] }) })
    const leaky = w.workflow('leaky', {
      input: z.object({ text: z.string() }),
      output: ['out'],
      nodes: n,
      start: n.leak,
      edges: { leak: { done: END } },
    })
    const memory = createVolatileMemory()
    expect((await ended(runtimeWith({ memory, secrets: () => token }), leaky)).code).toBeUndefined()
    const [entry] = (await memory.list({ scope: [], now })).entries
    expect(JSON.stringify(entry)).not.toMatch(/hunter2|aHVudGVyM/)
    expect(entry).toMatchObject({ scope: ['s', '[secret TOKEN]'], key: 'k [secret TOKEN]', tags: ['[secret TOKEN]'] })
  })

  it('lists, gets and deletes below its scope, and lets what is kept expire', async () => {
    const memory = createVolatileMemory()
    const all = using(everything, async (mine) => {
      await mine.put('a', 1, { under: ['trips'], tags: ['t'], expiresIn: '1h' })
      const { revision } = await mine.put('b', 2)
      const listed = await mine.list({ tag: 't' })
      const got = await mine.get('a', { under: ['trips'] })
      const gone = await mine.delete('b', { ifRevision: revision })
      return JSON.stringify([
        listed.entries.length,
        got?.value,
        gone,
        (await mine.list()).entries.map(({ key }) => key),
      ])
    })
    expect((await ended(runtimeWith({ memory }), all)).output).toEqual({ out: '[1,1,true,["a"]]' })
    const [entry] = (await memory.list({ scope: [], now })).entries
    expect((entry?.expiresAt ?? 0) - (entry?.createdAt ?? 0)).toBe(3_600_000)
    const never = using(everything, async (mine) => void (await mine.put('c', 1, { expiresIn: 0 })))
    expect((await ended(runtimeWith({ memory }), never)).code).toBe('WAYSTONE_INPUT_MEMORY')
  })

  it('refuses what was not declared', async () => {
    const runtime = runtimeWith({ memory: createVolatileMemory() })
    const reader = using({ scope: ['s'], access: 'read' }, async (mine) => void (await mine.put('k', 1)))
    const nobody = using(undefined, async (mine) => void (await mine.get('k')))
    expect((await ended(runtime, reader)).code).toBe('WAYSTONE_NODE_MEMORY_UNDECLARED')
    expect((await ended(runtime, nobody)).code).toBe('WAYSTONE_NODE_MEMORY_UNDECLARED')
  })

  it('refuses the start where there is none, before anything runs', async () => {
    const runtime = runtimeWith({})
    await expect(runtime.start(recalls, { input: { text: 'x' } })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_MEMORY_MISSING',
      message: 'workflow "using" uses long-term memory (node work); this runtime has none',
    })
  })

  it('fails an effect that comes to a runtime without one', async () => {
    const compiled = compile(recalls)
    const record = compiled.graph.nodes['work']
    if (record === undefined) throw new RangeError('there is no such node')
    const scope = { effectId: 'r/0', runId: 'r', node: 'work', isAborted: false }
    const ports = { memory: null, vault: createSecretVault(() => undefined) }
    const host = { clock: systemClock, store: createMemoryStore(), ports }
    await expect(stepMemory({ compiled, record, open: {}, scope }, host).get('seat')).rejects.toMatchObject({
      code: 'WAYSTONE_NODE_MEMORY_UNBOUND',
    })
  })

  it.each(['cancelled', 'timed out'])(
    'lets a write under way end and no later one begin, once its attempt was %s (R9, T7)',
    async (how) => {
      const begun = Promise.withResolvers<undefined>()
      const stored = Promise.withResolvers<undefined>()
      const after = Promise.withResolvers<unknown>()
      const memory = createVolatileMemory()
      const put = memory.put.bind(memory)
      const slow = Object.assign(memory, {
        async put(write: Parameters<typeof put>[0]) {
          begun.resolve(undefined)
          await stored.promise
          return await put(write)
        },
      })
      const workflow = using(everything, async (mine, text, { attempt }) => {
        await mine.put('first', text)
        const late = mine.put(`later, attempt ${attempt}`, text)
        late.catch((error: unknown) => after.resolve(error))
        await late
        return undefined
      })
      const clock = createManualClock()
      const runtime = runtimeWith({ memory: slow, clock })
      const run = await runtime.start(workflow, { input: { text: 'aisle' }, tags: { customer: 'ann' } })
      await begun.promise
      if (how === 'cancelled') await run.cancel({ by: 'ops', reason: 'enough' })
      else await clock.advance(5_000)
      stored.resolve(undefined)
      expect(await after.promise).toMatchObject({ code: 'WAYSTONE_NODE_ABORTED' })
      await clock.advance(5_000)
      expect(await run.result()).toMatchObject({ status: how === 'cancelled' ? 'cancelled' : 'completed' })
      const { entries } = await memory.list({ scope: ['preferences'], now: clock.now() })
      const next = how === 'cancelled' ? [] : ['later, attempt 2']
      expect(entries.map(({ key }) => key)).toEqual(['first', ...next])
    },
  )

  it('lets gates read, and decides by what is remembered', async () => {
    const n = w.nodes({
      known: w.gate({
        reads: ['text'],
        outcomes: ['yes', 'no'],
        memory: { scope: ofCustomer, access: 'read' },
        decide: async (_given, { memory }) => ((await memory.get('seat')) === undefined ? 'no' : 'yes'),
      }),
      note: w.task({ writes: ['out'], effect: 'pure', run: () => ({ out: 'known' }) }),
    })
    const gated = w.workflow('gated', {
      input: z.object({ text: z.string() }),
      output: ['out'],
      nodes: n,
      start: n.known,
      edges: { known: { yes: n.note, no: END }, note: { done: END } },
    })
    const runtime = runtimeWith({ memory: createVolatileMemory() })
    expect((await ended(runtime, gated)).output).toEqual({})
    await ended(runtime, remembers)
    expect((await ended(runtime, gated)).output).toEqual({ out: 'known' })
  })
})

describe('recallTool and rememberTool', () => {
  it("let an agent remember and a later run's agent recall, in the scope of its run alone (S5)", async () => {
    const tools = [
      recallTool({ scope: ofCustomer }),
      rememberTool({ scope: ofCustomer, expiresIn: '365d', tags: ['agent'] }),
    ]
    const n = w.nodes({
      clerk: w.agent({ model: 'fast', instructions: 'Help.', reads: ['text'], writes: ['out'], tools }),
    })
    const desk = w.workflow('desk', {
      input: z.object({ text: z.string() }),
      output: ['out'],
      nodes: n,
      start: n.clerk,
      edges: { clerk: { done: END } },
    })
    const memory = createVolatileMemory()
    const model = scripted(
      asks(['remember', { key: 'seat', text: 'an aisle seat' }]),
      says({ out: 'noted' }),
      asks(['recall', { text: 'which SEAT"*' }]),
      says({ out: 'aisle' }),
      asks(['recall', { text: 'seat' }]),
      says({ out: 'unknown' }),
    )
    const runtime = runtimeWith({ memory, models: { fast: model } })
    for (const customer of ['ann', 'ann', 'bob']) await ended(runtime, desk, { tags: { customer } })
    const told = model.requests.map(({ messages }) => JSON.stringify(messages.filter(({ role }) => role === 'tool')))
    expect(told[1]).toContain('isNew')
    expect(told[3]).toContain('an aisle seat')
    expect(told[5]).not.toContain('aisle')
  })
})
