import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { check } from '../check/check.ts'
import { END, FAIL } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import type { Workflow } from '../define/workflow.ts'
import { nodeError } from '../errors/node-error.ts'
import { buildGraph } from '../graph/build.ts'
import { parseGraph } from '../graph/parse.ts'
import { readHistory } from '../replay/history.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { RunEvent } from './run-event.ts'
import type { Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

function runtimeWith(options: RuntimeOptions = {}): Runtime {
  const runtime = createRuntime(options)
  open.push(runtime)
  return runtime
}

/** What must be seen nowhere outside of the group. */
const card = 'card-4242-4242'
const clerkNote = 'the balance is 77 dollars'

const keyTool = defineTool({
  name: 'sign',
  description: 'Signs with a key.',
  effect: 'pure',
  secrets: ['SIGN_KEY'],
  input: z.object({ text: z.string() }),
  output: z.object({ signed: z.string() }),
  run: async ({ text }, context) => ({ signed: `${text} by ${(await context.secret('SIGN_KEY')).length} letters` }),
})

/** A shop: what the group billing knows of a card is nobody else's business. */
function shop(own: readonly 'secrets'[] = []) {
  const w = defineState({ order: z.string(), invoice: z.string().optional(), letter: z.string().optional() })
  const billing = w.group('billing', {
    state: { card: z.string().optional(), balance: z.string().optional(), signed: z.string().optional() },
    exports: ['invoice'],
    verdicts: ['allowed'],
    own,
  })
  const isCovered = billing.guard('isCovered', ['balance'], ({ balance = '' }) => balance !== '')
  const n = w.nodes({
    greet: w.agent({ model: 'outside', instructions: 'Greet.', reads: ['order'], writes: ['letter'] }),
    lookUp: billing.task({
      effect: 'pure',
      reads: ['order'],
      writes: ['card'],
      run: (_given, context) => {
        context.log(`found ${card}`)
        return { card }
      },
    }),
    clerk: billing.agent({ model: 'inside', instructions: 'Bill.', reads: ['card'], writes: ['balance'] }),
    sign: billing.tool(keyTool, {
      reads: ['order'],
      writes: ['signed'],
      input: ({ state }) => ({ text: state.order }),
    }),
    allowed: billing.gate({
      reads: ['balance'],
      outcomes: ['yes', 'no'],
      decide: () => ({ outcome: 'yes', reasons: ['covered'] }),
    }),
    fail: billing.task({
      effect: 'pure',
      retry: { attempts: 1 },
      reads: ['card'],
      run: ({ state }) => {
        throw new RangeError(`no money on ${state.card ?? ''}`)
      },
    }),
    export: billing.task({ effect: 'pure', writes: ['invoice'], run: () => ({ invoice: 'i-1' }) }),
    thank: w.agent({
      model: 'outside',
      instructions: 'Thank.',
      reads: ['order', 'invoice', 'letter'],
      hears: ['allowed'],
      writes: ['letter'],
      memory: 'continue',
    }),
  })
  return w.workflow('shop', {
    input: z.object({ order: z.string() }),
    output: ['invoice', 'letter'],
    nodes: n,
    start: n.greet,
    edges: {
      greet: { done: n.lookUp },
      lookUp: { done: n.clerk },
      clerk: { done: [{ when: isCovered, to: n.sign }, FAIL] },
      sign: { done: n.allowed },
      allowed: { yes: n.fail, no: n.fail },
      fail: { done: n.export, failed: n.export },
      export: { done: n.thank },
      thank: { done: END },
    },
  })
}

async function shopped(workflow: ReturnType<typeof shop>, options: RuntimeOptions) {
  const outside = scripted(says({ letter: 'Dear' }), says({ letter: 'Thank you' }))
  const inside = scripted(says({ balance: clerkNote }))
  const runtime = runtimeWith({ models: { outside, inside }, ...options })
  const run = await runtime.start(workflow, { input: { order: 'o-1' } })
  const result = await run.result()
  const events: RunEvent[] = []
  for await (const event of run.events()) events.push(event)
  return { runtime, run, result, events, outside, inside }
}

const insiders = new Set(['lookUp', 'clerk', 'sign', 'allowed', 'fail', 'export'])

describe('groups (M3)', () => {
  it('keep a private key out of every prompt, checkpoint and event of others (byte search)', async () => {
    const store = createMemoryStore()
    const { run, result, events, outside, inside } = await shopped(shop(), { store, secrets: () => 'abcdefgh' })
    expect(result).toMatchObject({ status: 'completed', output: { invoice: 'i-1', letter: 'Thank you' } })
    expect(JSON.stringify(inside.requests)).toContain(card)

    const stored = await store.checkpoints(run.runId, 0, result.sequence)
    const others = stored.filter(({ text }) => {
      const { step } = JSON.parse(text) as { step?: { node?: string }; why?: { node?: string } }
      const { why } = JSON.parse(text) as { why?: { node?: string } }
      return !insiders.has(step?.node ?? why?.node ?? '')
    })
    expect(others).toHaveLength(3)
    const seen = [
      JSON.stringify(outside.requests),
      ...others.map(({ text }) => text),
      ...events
        .filter((event) => !('node' in event && insiders.has(event.node ?? '')))
        .map((event) => JSON.stringify({ ...event, decision: null })),
      ...events.flatMap((event) =>
        event.type === 'edge.taken' && !insiders.has(event.decision.node) ? [JSON.stringify(event.decision)] : [],
      ),
      JSON.stringify(result),
    ]
    for (const text of seen) {
      expect(text).not.toContain(card)
      expect(text).not.toContain(clerkNote)
    }
  })

  it('tell a failure outside by its code and name, and keep what it said', async () => {
    const w = defineState({ order: z.string() })
    const billing = w.group('billing', { state: { card: z.string().optional() } })
    const n = w.nodes({
      fail: billing.task({
        effect: 'pure',
        retry: { attempts: 1 },
        run: () => {
          throw new RangeError(`no money on ${card}`)
        },
      }),
    })
    const workflow = w.workflow('broke', {
      input: z.object({ order: z.string() }),
      output: [],
      nodes: n,
      start: n.fail,
      edges: { fail: { done: END } },
    })
    const run = await runtimeWith().start(workflow, { input: { order: 'o-1' } })
    expect((await run.result()).error).toMatchObject({
      code: 'WAYSTONE_NODE_THREW',
      message: 'node fail of group billing failed; its own checkpoint says how',
    })
    const errors: unknown[] = []
    for await (const event of run.events()) if (event.type === 'step.ended') errors.push(event.error?.message)
    expect(errors).toEqual([`no money on ${card}`])
  })

  it.each(['plain', 'nested'] as const)(
    'tell no more of what could not be undone, or was answered otherwise, in the result of a run that is %s',
    async (how) => {
      const fails = (): never => {
        throw new RangeError(`no money on ${card}`)
      }
      const tool = (name: string) =>
        defineTool({
          name,
          description: '',
          effect: 'pure',
          retry: { attempts: 1 },
          input: z.object({}),
          output: z.object({}),
          run: fails,
        })
      const v = defineState({ order: z.string(), letter: z.string().optional() })
      const inside = how === 'plain' ? v.group('billing', { state: {} }) : v
      const n = v.nodes({
        pay: inside.task({
          effect: 'keyed',
          run: () => undefined,
          compensate: { effect: 'keyed', retry: { attempts: 1 }, run: fails },
        }),
        ask: inside.agent({
          model: 'clerk',
          instructions: '',
          tools: [tool('weigh')],
          toolRules: { weigh: { otherwise: {} } },
        }),
        end: v.task({ effect: 'pure', retry: { attempts: 1 }, run: fails, hears: [] }),
      })
      const paying = v.workflow('paying', {
        input: z.object({ order: z.string() }),
        output: [],
        nodes: n,
        start: n.pay,
        edges: { pay: { done: n.ask }, ask: { done: n.end }, end: { done: END, failed: FAIL } },
      })
      const w = defineState({ order: z.string() })
      const billing = w.group('billing', { state: {} })
      const m = w.nodes({ all: billing.nested(paying, { reads: ['order'] }) })
      const around = w.workflow('around', {
        input: z.object({ order: z.string() }),
        output: [],
        nodes: m,
        start: m.all,
        edges: { all: { done: END, failed: END } },
      })
      const models = { clerk: scripted(asks(['weigh', {}]), says('sorry')) }
      const runtime = runtimeWith({ models })
      const given = { input: { order: 'o-1' } }
      const result =
        how === 'plain'
          ? await (await runtime.start(paying, given)).result()
          : await (await runtime.start(around, given)).result()
      const { compensation, degraded, error } = result
      expect(compensation?.failed).toHaveLength(1)
      expect(degraded).toHaveLength(1)
      const { message } = error ?? {}
      // What fails outside of the group says so.
      expect(message).toBe(how === 'plain' ? `no money on ${card}` : undefined)
      expect(JSON.stringify({ compensation, degraded })).not.toContain(card)
    },
  )

  it('tell no more of what could not be undone when the workflow that is nested in one is closed while it undoes', async () => {
    const asked = (): never => {
      throw nodeError('WAYSTONE_NODE_OUTCOME_UNKNOWN', `the line about ${card} went dead`)
    }
    const fails = (): never => {
      throw new RangeError(`no money on ${card}`)
    }
    const v = defineState({ order: z.string() })
    const once = { effect: 'unsafe', retry: { attempts: 1 } } as const
    const n = v.nodes({
      hold: v.task({ effect: 'keyed', run: () => undefined, compensate: { ...once, run: asked } }),
      pay: v.task({ effect: 'keyed', run: () => undefined, compensate: { ...once, effect: 'keyed', run: fails } }),
      end: v.task({ effect: 'pure', retry: { attempts: 1 }, run: fails }),
    })
    const input = z.object({ order: z.string() })
    const edges = { hold: { done: n.pay }, pay: { done: n.end }, end: { done: END, failed: FAIL } }
    const paying = v.workflow('paying', { input, output: [], nodes: n, start: n.hold, edges })
    const w = defineState({ order: z.string() })
    const m = w.nodes({ all: w.group('billing', { state: {} }).nested(paying, { reads: ['order'] }) })
    const around = w.workflow('around', {
      input,
      output: [],
      nodes: m,
      start: m.all,
      edges: { all: { done: END, failed: END } },
    })
    const runtime = runtimeWith({})
    const run = await runtime.start(around, { input: { order: 'o-1' } })
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    expect(await run.requests()).toMatchObject([{ kind: 'unknown' }])
    await run.cancel({ by: 'ada', reason: 'enough' })
    const { compensation } = await run.result()
    expect(compensation?.failed).toMatchObject([
      {
        node: 'all/pay',
        outcome: 'failed',
        error: { message: 'node all of group billing failed; its own checkpoint says how' },
      },
      { node: 'all/hold', outcome: 'unknown' },
    ])
    expect(JSON.stringify(compensation)).not.toContain(card)
    const history = await readHistory(runtime.store, run.runId)
    expect(JSON.stringify(history.checkpoints.at(-1))).not.toContain(card)
    expect((await replayRun(runtime.store, around, run.runId)).divergence).toBeNull()
  })

  it('have secrets of their own, which nothing outside is given, and nobody else is asked', async () => {
    const asked: string[] = []
    const { events } = await shopped(shop(['secrets']), {
      secrets: (name) => void asked.push(name),
      groups: { billing: { secrets: (name) => (name === 'SIGN_KEY' ? 'a-key-of-theirs' : undefined) } },
    })
    expect(asked).toEqual([])
    expect(events).toContainEqual(expect.objectContaining({ type: 'step.ended', node: 'sign', outcome: 'done' }))
  })

  it("do not run on what is everybody's when they have something of their own", async () => {
    const start = shopped(shop(['secrets']), { secrets: () => 'abcdefgh' })
    await expect(start).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_GROUPS_UNBOUND',
      message: expect.stringContaining('secrets of "billing"') as string,
    })
    await expect(
      shopped(shop(['secrets']), { groups: { billing: { secrets: () => undefined } } }),
    ).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_SECRETS_MISSING',
      message: expect.stringContaining('SIGN_KEY (of group billing)') as string,
    })
  })

  it('are in the graph, which is read back as it was written', () => {
    const { graph } = buildGraph(shop(['secrets']))
    expect(graph.groups?.['billing']).toMatchObject({
      keys: ['card', 'balance', 'signed'],
      exports: ['invoice'],
      verdicts: ['allowed'],
      own: ['secrets'],
    })
    expect(graph.state['card']?.group).toBe('billing')
    expect(graph.nodes['clerk']?.group).toBe('billing')
    expect(parseGraph(JSON.stringify(graph))).toEqual(graph)
    const { groups: _, ...lost } = graph
    expect(() => parseGraph(JSON.stringify(lost))).toThrow(expect.objectContaining({ code: 'WAYSTONE_STORE_CORRUPT' }))
    expect(buildGraph(shop()).hashes.graph).not.toBe(buildGraph(shop(['secrets'])).hashes.graph)
  })
})

/** Untyped code may do anything; a group called billing with the private key card and the exported key invoice. */
function untyped(
  change: (parts: { readonly w: ReturnType<typeof state>; readonly billing: ReturnType<typeof group> }) => object,
): Workflow {
  const w = state()
  const billing = group(w)
  const nodes = w.nodes({
    pay: billing.gate({ reads: ['card'], outcomes: ['yes'], decide: () => 'yes' }),
    ...(change({ w, billing }) as { other: ReturnType<typeof w.task> }),
  })
  return w.workflow('untyped', {
    input: z.object({ order: z.string() }),
    output: [],
    nodes,
    start: nodes.pay,
    edges: { pay: { yes: nodes.other }, other: { done: END } },
  })
}

const state = () => defineState({ order: z.string(), invoice: z.string().optional(), note: z.string().optional() })
const group = (w: ReturnType<typeof state>) =>
  w.group('billing', { state: { card: z.string().optional() }, exports: ['invoice'] })

describe('the border of a group', () => {
  const task = { effect: 'pure', run: () => undefined }

  it.each([
    ['reads of another', () => ({ reads: ['card'] }), 'WAYSTONE_DEFINITION_PRIVATE_KEY', 'node "other" reads "card"'],
    [
      'writes of another',
      () => ({ writes: ['card'] }),
      'WAYSTONE_DEFINITION_PRIVATE_KEY',
      'node "other" writes "card"',
    ],
    ['verdicts that are not exported', () => ({ hears: ['pay'] }), 'WAYSTONE_DEFINITION_NOT_EXPORTED', 'hears "pay"'],
  ])('is not crossed by %s', (_, options, code, message) => {
    const workflow = untyped(({ w }) => ({
      other: w.task({ ...task, ...options() } as unknown as Parameters<typeof w.task>[0]),
    }))
    expect(check(buildGraph(workflow)).findings).toMatchObject([
      { code, severity: 'error', message: expect.stringContaining(message) as string },
    ])
  })

  it('is not crossed by what the group does not export', () => {
    const workflow = untyped(({ billing }) => ({
      other: billing.task({ ...task, writes: ['note'] } as unknown as Parameters<typeof billing.task>[0]),
    }))
    expect(check(buildGraph(workflow)).findings).toMatchObject([
      { code: 'WAYSTONE_DEFINITION_NOT_EXPORTED', message: expect.stringContaining('it exports "invoice"') as string },
    ])
  })

  it('is not crossed by a guard of the group on an edge of others', () => {
    const w = state()
    const billing = group(w)
    const hasCard = billing.guard('hasCard', ['card'], ({ card: number = '' }) => number !== '')
    const n = w.nodes({
      pay: billing.task({ effect: 'pure', reads: ['card'], run: () => undefined }),
      ship: w.task({ effect: 'pure', run: () => undefined }),
    })
    const workflow = w.workflow('peeking', {
      input: z.object({ order: z.string() }),
      output: [],
      nodes: n,
      start: n.ship,
      edges: { ship: { done: [{ when: hasCard, to: END }, n.pay] }, pay: { done: [{ when: hasCard, to: END }, FAIL] } },
    })
    expect(check(buildGraph(workflow)).findings).toMatchObject([
      {
        code: 'WAYSTONE_DEFINITION_PRIVATE_KEY',
        message: 'guard "hasCard" at node "ship" reads "card", which is private to group "billing"',
      },
    ])
  })

  it('is not crossed by a guard of the group at a branch of others', () => {
    const w = state()
    const billing = group(w)
    const hasCard = billing.guard('hasCard', ['card'], ({ card: number = '' }) => number !== '')
    const work = { effect: 'pure', run: () => undefined } as const
    const n = w.nodes({
      pay: billing.task({ ...work, reads: ['card'] }),
      ship: w.task(work),
      a: w.task(work),
      b: w.task(work),
      both: w.join(),
    })
    const workflow = w.workflow('peeking', {
      input: z.object({ order: z.string() }),
      output: [],
      nodes: n,
      start: n.pay,
      edges: {
        pay: { done: n.ship },
        ship: { done: { fork: [{ to: n.a, when: hasCard }, n.b], join: n.both } },
        a: { done: n.both },
        b: { done: n.both },
        both: { done: END },
      },
    })
    expect(check(buildGraph(workflow)).findings).toMatchObject([
      {
        code: 'WAYSTONE_DEFINITION_PRIVATE_KEY',
        message: 'guard "hasCard" at node "ship" reads "card", which is private to group "billing"',
      },
    ])
  })

  it('is not crossed by messages that a handoff takes along', () => {
    const w = state()
    const billing = group(w)
    const escalating = () => {
      const help = { description: 'Help.', contract: z.object({ what: z.string() }), slice: 'all' } as const
      const n = w.nodes({
        clerk: billing.agent({ model: 'main', instructions: 'x', reads: ['card'], handoffs: { help } }),
        helper: billing.agent({ model: 'main', instructions: 'x', reads: ['card'] }),
        boss: w.agent({ model: 'main', instructions: 'x' }),
      })
      return w.workflow('handing', {
        input: z.object({ order: z.string() }),
        output: [],
        nodes: n,
        start: n.clerk,
        edges: { clerk: { done: END, help: n.helper }, helper: { done: END }, boss: { done: END } },
        limits: { handoffs: { max: 1, escalateTo: n.boss } },
      })
    }
    const handing = (slice: 'all' | 'contract') => {
      const n = w.nodes({
        clerk: billing.agent({
          model: 'main',
          instructions: 'x',
          reads: ['card'],
          handoffs: { help: { description: 'Help.', contract: z.object({ what: z.string() }), slice } },
        }),
        helper: w.agent({ model: 'main', instructions: 'x' }),
      })
      return w.workflow('handing', {
        input: z.object({ order: z.string() }),
        output: [],
        nodes: n,
        start: n.clerk,
        edges: { clerk: { done: END, help: n.helper }, helper: { done: END } },
      })
    }
    expect(check(buildGraph(handing('contract'))).findings).toEqual([])
    expect(check(buildGraph(escalating())).findings).toMatchObject([
      {
        code: 'WAYSTONE_DEFINITION_NOT_EXPORTED',
        message: 'handoff "help" of "clerk" takes messages of group "billing" along to "boss"',
      },
    ])
    expect(check(buildGraph(handing('all'))).findings).toMatchObject([
      {
        code: 'WAYSTONE_DEFINITION_NOT_EXPORTED',
        message: 'handoff "help" of "clerk" takes messages of group "billing" along to "helper"',
      },
    ])
  })

  it('is not crossed by what goes into the run or comes out of it', () => {
    const w = state()
    const billing = group(w)
    const n = w.nodes({ pay: billing.task({ effect: 'pure', writes: ['card'], run: () => ({ card: 'c' }) }) })
    const workflow = w.workflow('open', {
      input: z.object({ order: z.string() }),
      output: ['card' as 'order'],
      nodes: n,
      start: n.pay,
      edges: { pay: { done: END } },
    })
    expect(check(buildGraph(workflow)).findings).toMatchObject([
      {
        code: 'WAYSTONE_DEFINITION_PRIVATE_KEY',
        message: expect.stringContaining('the output holds "card"') as string,
      },
    ])
  })

  it('is one where stores are: a group that has its own nests no other such group', () => {
    const inner = state()
    const lab = inner.group('lab', { own: ['store'] })
    const innerNodes = inner.nodes({ look: lab.task({ effect: 'pure', run: () => undefined }) })
    const looking = inner.workflow('looking', {
      input: z.object({ order: z.string() }),
      output: [],
      nodes: innerNodes,
      start: innerNodes.look,
      edges: { look: { done: END } },
    })
    const w = state()
    const vault = w.group('vault', { own: ['store'] })
    const n = w.nodes({
      look: vault.nested(looking, { reads: ['order'] }),
      free: w.nested(looking, { reads: ['order'] }),
    })
    const workflow = w.workflow('boxes', {
      input: z.object({ order: z.string() }),
      output: [],
      nodes: n,
      start: n.look,
      edges: { look: { done: n.free }, free: { done: END } },
    })
    expect(check(buildGraph(workflow)).findings).toMatchObject([
      {
        code: 'WAYSTONE_DEFINITION_PRIVATE_KEY',
        message: 'node "look" of group "vault" nests group "lab"; both have a store of their own',
      },
    ])
  })

  it('is drawn by one w.group, with names and options that make sense', () => {
    const w = state()
    const one = group(w)
    const two = w.group('billing', {})
    const odd = w.group('no name', {})
    const colour = { colour: 'red' }
    const bad = w.group('bad', {
      ...colour,
      state: { order: z.string() },
      exports: ['nothing' as 'order'],
      own: ['house' as 'secrets'],
      verdicts: [],
    })
    const work = { effect: 'pure', run: () => undefined } as const
    const n = w.nodes({ a: one.task(work), b: two.task(work), c: odd.task(work), d: bad.task(work) })
    const workflow = w.workflow('odd', {
      input: z.object({ order: z.string() }),
      output: [],
      nodes: n,
      start: n.a,
      edges: { a: { done: n.b }, b: { done: n.c }, c: { done: n.d }, d: { done: END } },
    })
    expect(() => buildGraph(workflow)).toThrow(
      expect.objectContaining({
        issues: [
          'two groups are named "billing"',
          'group name "no name" is no valid name',
          'group "bad" has no option "colour"',
          'group "bad": own is a list; expected is a list of "secrets", "store"',
          'group "bad": exports names "nothing", which is no state key',
          'state key "order" of group "bad" is a key of the shared state, or of another group',
        ].map((message) => expect.objectContaining({ message }) as unknown),
      }),
    )
  })
})
