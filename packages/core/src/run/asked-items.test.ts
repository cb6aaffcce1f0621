import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { mortalView } from '../../test/support/store-view.ts'
import { check } from '../check/check.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { Json } from '../base/json.ts'
import { defineAgent } from '../define/agent.ts'
import { END, FAIL } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import type { Workflow } from '../define/workflow.ts'
import { DefinitionError } from '../errors/definition-error.ts'
import { nodeFailure } from '../errors/node-error.ts'
import { buildGraph } from '../graph/build.ts'
import { parseGraph } from '../graph/parse.ts'
import { auditRun } from '../replay/audit-run.ts'
import { forkRun } from '../replay/fork-run.ts'
import { readHistory } from '../replay/history.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Liveness } from './liveness.ts'
import type { DecisionInput, Request, Run, Runtime, RuntimeOptions } from './runtime.ts'

const opened: Runtime[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((runtime) => runtime.close()))
})

function runtimeWith(options: RuntimeOptions = {}): Runtime {
  const runtime = createRuntime(options)
  opened.push(runtime)
  return runtime
}

const dead: Liveness = { self: () => ({ host: 'here', pid: 1, processStartedAt: '1' }), stateOf: () => 'dead' }
const orders = ['a', 'b', 'c', 'd']

interface Paid {
  readonly paid: { readonly order: string; readonly usd: number }[]
}

/** A map that pays each order back, and what was paid. */
function paying(
  options: object = {},
  {
    tool = {},
    routes = {},
    isProven = true,
  }: { readonly tool?: object; readonly routes?: object; readonly isProven?: boolean } = {},
): { readonly workflow: Workflow<{ orders: string[] }, { results?: Json }>; readonly done: Paid } {
  const done: Paid = { paid: [] }
  const pay = defineTool({
    name: 'pay',
    description: 'Pays an order back.',
    effect: 'keyed',
    input: z.object({ order: z.string(), usd: z.number().positive() }),
    output: z.object({ receipt: z.string() }),
    run: (given) => {
      done.paid.push(given)
      return { receipt: `${given.order} ${given.usd}` }
    },
    ...tool,
  })
  const w = defineState({ orders: z.array(z.string()), results: z.json().optional() })
  const n = w.nodes({
    payAll: w.map({
      over: 'orders',
      writes: ['results'],
      item: pay,
      input: (order, { index }) => ({ order, usd: 100 * (index + 1) }),
      maxItems: 10,
      approval: true,
      failed: 'keep',
      apply: (results) => ({
        results: results.map(({ output, error }) => output?.receipt ?? `${error?.code}: ${error?.message}`),
      }),
      ...options,
    }),
  })
  const workflow = w.workflow('paying', {
    input: z.object({ orders: z.array(z.string()) }),
    output: ['results'],
    nodes: n,
    start: n.payAll,
    edges: { payAll: { done: END, ...routes } },
    policies: isProven ? [{ never: pay, without: 'approval' }] : [],
  })
  return { workflow, done }
}

async function asked(run: Run): Promise<readonly Request[]> {
  await run.result()
  return await run.requests()
}

async function decide(run: Run, item: number, decision: Omit<DecisionInput, 'by'>): Promise<unknown> {
  const request = (await run.requests()).find(({ items }) => items?.[0] === item)
  if (request === undefined) throw new TypeError(`item ${item} is not asked about`)
  return await run.decide(request, { by: 'ada', ...decision })
}

describe('a map with approval', () => {
  it('asks about each item with its exact arguments, and takes mixed answers (H4, H5)', async () => {
    const { workflow, done } = paying({ approval: { reason: 'Money leaves the house.', role: 'manager' } })
    const runtime = runtimeWith()
    const run = await runtime.start(workflow, { input: { orders } })
    const requests = await asked(run)
    expect(requests).toHaveLength(4)
    expect(requests[2]).toMatchObject({
      node: 'payAll/ask',
      items: [2],
      reason: 'Money leaves the house.',
      role: 'manager',
      evidence: { input: { order: 'c', usd: 300 } },
      edits: ['input'],
    })
    expect(requests[2]?.action).toContainEqual({
      outcome: 'approved',
      node: 'call',
      tool: 'pay',
      input: { order: 'c', usd: 300 },
    })
    expect(done.paid).toEqual([])
    await decide(run, 1, { outcome: 'approved' })
    await run.result()
    expect(done.paid).toEqual([{ order: 'b', usd: 200 }])
    await decide(run, 3, { outcome: 'rejected', reason: 'too much' })
    await expect(decide(run, 0, { outcome: 'edited', edits: { input: { order: 'a', usd: -1 } } })).rejects.toThrow(
      /usd/,
    )
    await decide(run, 0, { outcome: 'edited', edits: { input: { order: 'a', usd: 50 } } })
    await decide(run, 2, { outcome: 'approved' })
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: {
        results: ['a 50', 'b 200', 'c 300', 'WAYSTONE_NODE_NOT_APPROVED: a person rejected it: too much'],
      },
    })
    expect(done.paid).toHaveLength(3)
    expect(await replayRun(runtime.store, workflow, run.runId)).toMatchObject({ divergence: null })
    const audit = await auditRun(runtime.store, run.runId)
    expect(audit.people.map(({ items, outcome }) => [items, outcome])).toEqual([
      [[1], 'approved'],
      [[3], 'rejected'],
      [[0], 'edited'],
      [[2], 'approved'],
    ])
    expect(audit.policies.map(({ within, uses, violations }) => [within, uses.length, violations])).toEqual([
      [undefined, 3, []],
      ['payAll', 3, []],
    ])
  })

  it('asks as many at a time as may run, and the next when one has been decided', async () => {
    const { workflow, done } = paying({ concurrency: 2 })
    const run = await runtimeWith().start(workflow, { input: { orders } })
    expect((await asked(run)).map(({ items }) => items)).toEqual([[0], [1]])
    await decide(run, 1, { outcome: 'approved' })
    expect((await asked(run)).map(({ items }) => items)).toEqual([[0], [2]])
    expect(done.paid).toEqual([{ order: 'b', usd: 200 }])
  })

  it('asks about the items that a function says, with its reason; what throws asks', async () => {
    const when = ({ usd }: { readonly usd: number }): boolean | string => {
      if (usd === 300) throw new Error('no idea')
      return usd > 350 && `${usd} USD is over 350`
    }
    const { workflow, done } = paying({ approval: { when } }, { isProven: false })
    const run = await runtimeWith().start(workflow, { input: { orders } })
    const requests = await asked(run)
    expect(requests.map(({ items, evidence }) => [items, evidence['why']])).toEqual([
      [[2], undefined],
      [[3], '400 USD is over 350'],
    ])
    expect(done.paid.map(({ order }) => order)).toEqual(['a', 'b'])
    await decide(run, 2, { outcome: 'rejected', reason: 'no' })
    await decide(run, 3, { outcome: 'approved' })
    expect(await run.result()).toMatchObject({ status: 'completed' })
    expect(done.paid.map(({ order }) => order)).toEqual(['a', 'b', 'd'])
  })

  it('takes what the tool says of its calls where it says true', async () => {
    const approval = { reason: 'as always', when: ({ usd }: { readonly usd: number }) => usd > 350 }
    const { workflow } = paying({}, { tool: { approval }, isProven: false })
    const run = await runtimeWith().start(workflow, { input: { orders } })
    expect((await asked(run)).map(({ items, reason }) => [items, reason])).toEqual([[[3], 'as always']])
  })

  it('goes on without an item about which nobody decides in time (H6)', async () => {
    const clock = createManualClock()
    const { workflow, done } = paying(
      { approval: { expiresIn: '1h' }, failed: 'drop' },
      { routes: { unsatisfied: FAIL } },
    )
    const run = await runtimeWith({ clock }).start(workflow, { input: { orders: ['a', 'b'] } })
    await clock.settle()
    await decide(run, 0, { outcome: 'approved' })
    await clock.settle()
    await clock.advance(3_600_000)
    await clock.settle()
    expect(await run.result()).toMatchObject({ status: 'failed' })
    expect(done.paid.map(({ order }) => order)).toEqual(['a'])
  })

  it('ends with the first wanted item, and asks about no other any more', async () => {
    const { workflow, done } = paying({ done: 'first', wanted: () => true }, { routes: { unsatisfied: FAIL } })
    const run = await runtimeWith().start(workflow, { input: { orders } })
    await asked(run)
    await decide(run, 2, { outcome: 'approved' })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { results: ['c 300'] } })
    expect(await run.requests()).toEqual([])
    expect(done.paid).toHaveLength(1)
  })

  it('tries a call that fails again under one yes, and fails the map where a no is to (H4)', async () => {
    let tries = 0
    const run = (): { receipt: string } => {
      tries += 1
      if (tries === 1) throw nodeFailure('busy', { retryable: true })
      return { receipt: 'r' }
    }
    const retry = { attempts: 2, backoff: 1 }
    const { workflow } = paying({ retry, failed: 'raise' }, { tool: { run } })
    const started = await runtimeWith().start(workflow, { input: { orders } })
    await asked(started)
    await decide(started, 0, { outcome: 'approved' })
    expect(await asked(started)).toHaveLength(3)
    expect(tries).toBe(2)
    await decide(started, 1, { outcome: 'rejected', reason: 'stop' })
    expect(await started.result()).toMatchObject({
      status: 'failed',
      error: { code: 'WAYSTONE_NODE_NOT_APPROVED' },
    })
  })

  it('asks nobody twice and pays nothing twice after a crash (T5)', async () => {
    const { workflow, done } = paying({ concurrency: 4 })
    const store = createMemoryStore()
    let commits = 0
    const mortal = mortalView(store, (method, kill) => method === 'commit' && ++commits === 14 && kill())
    const clock = createManualClock()
    const first = await createRuntime({ store: mortal.store, clock, liveness: dead, workflows: [workflow] }).start(
      workflow,
      { input: { orders } },
    )
    await clock.settle()
    for (const item of [0, 1, 2]) {
      await decide(first, item, { outcome: 'approved' }).catch(() => undefined)
      await clock.settle()
    }
    const run = await runtimeWith({ store, clock, liveness: dead, workflows: [workflow] }).open(first.runId)
    await run.resume()
    await clock.settle()
    for (const { items } of await run.requests()) await decide(run, items?.[0] ?? 0, { outcome: 'approved' })
    expect(await run.result()).toMatchObject({ status: 'completed' })
    expect(done.paid.map(({ order }) => order).toSorted()).toEqual(orders)
    expect((await auditRun(store, run.runId)).policies.flatMap(({ violations }) => violations)).toEqual([])
    expect(await replayRun(store, workflow, run.runId)).toMatchObject({ divergence: null })
  })

  it('forks with what is still asked, and what was said in the run before is not asked again', async () => {
    const { workflow, done } = paying()
    const runtime = runtimeWith({ workflows: [workflow] })
    const run = await runtime.start(workflow, { input: { orders } })
    await asked(run)
    await decide(run, 0, { outcome: 'approved' })
    await run.result()
    const at = (await readHistory(runtime.store, run.runId)).last
    const fork = await runtime.open(await forkRun(runtime, run.runId, { at, by: 'ada', reason: 'again' }))
    expect((await asked(fork)).map(({ items }) => items)).toEqual([[1], [2], [3]])
    for (const item of [1, 2, 3]) await decide(fork, item, { outcome: 'approved' })
    expect(await fork.result()).toMatchObject({ status: 'completed' })
    expect(done.paid.map(({ order }) => order)).toEqual(orders)
  })

  it('refuses to fork where a call is under way: the yes was for the one before (H4)', async () => {
    let end = (): void => undefined
    const hanging = new Promise<void>((resolve) => {
      end = resolve
    })
    const run = async (): Promise<{ receipt: string }> => {
      await hanging
      return { receipt: 'r' }
    }
    const { workflow } = paying({}, { tool: { run } })
    const runtime = runtimeWith({ workflows: [workflow] })
    const started = await runtime.start(workflow, { input: { orders: ['a'] } })
    await asked(started)
    await decide(started, 0, { outcome: 'approved' })
    const at = (await readHistory(runtime.store, started.runId)).last
    await expect(forkRun(runtime, started.runId, { at, by: 'ada', reason: 'again' })).rejects.toThrow(/pay/)
    end()
    expect(await started.result()).toMatchObject({ status: 'completed' })
  })
})

describe('the option approval of a map', () => {
  const problemsOf = (config: object): readonly string[] => {
    try {
      const { findings } = check(buildGraph(paying(config).workflow))
      return findings.map(({ code, place }) => `${code} ${place.path}`)
    } catch (error) {
      if (!DefinitionError.isInstance(error)) throw error
      return error.issues.map(({ place, message }) => `${place.path}: ${message}`)
    }
  }

  it('proves that each call is asked about, unless a function says which (H4)', () => {
    expect(problemsOf({})).toEqual([])
    expect(problemsOf({ approval: { when: () => true } })).toEqual([
      'WAYSTONE_DEFINITION_POLICY_VIOLATED paying.policies.0',
    ])
    expect(problemsOf({ approval: false })).toEqual(['WAYSTONE_DEFINITION_POLICY_VIOLATED paying.policies.0'])
  })

  it('advises what is not there already, and names the map in findings about its items', () => {
    const hintOf = (config: object, tool: object = {}): string | undefined =>
      check(buildGraph(paying(config, { tool }).workflow)).findings.find(({ code }) => code.endsWith('_VIOLATED'))?.hint
    const when = (): boolean => true
    expect(hintOf({ approval: false })).toContain('the call of every item: `approval: true`, on map "payAll".')
    expect(hintOf({}, { approval: { when } })).toContain(
      'What its `when` says of the input of an item proves nothing. Or ask a person about the call of every item: terms of its own without `when`, as `approval: { reason: "…" }`, on map "payAll".',
    )
    expect(hintOf({ approval: false }, { approval: { when } })).toContain('terms of its own without `when`')
  })

  it('is named by findings about what is made for its items (G1)', () => {
    const reader = defineAgent({
      model: 'nobody',
      instructions: 'Read.',
      input: z.object({ file: z.string() }),
      output: z.object({ text: z.string() }),
    })
    const w = defineState({ files: z.array(z.string()) })
    const n = w.nodes({
      readAll: w.map({ over: 'files', item: reader, input: (file) => ({ file }), maxItems: 3, apply: () => ({}) }),
    })
    const reading = w.workflow('reading', {
      input: z.object({ files: z.array(z.string()) }),
      output: ['files'],
      nodes: n,
      start: n.readAll,
      edges: { readAll: { done: END } },
    })
    const messages = check(buildGraph(reading), { models: {} }).findings.map(({ message }) => message)
    expect(messages).toContainEqual(expect.stringContaining('"readAll/agent"'))
    expect(messages.join('\n')).not.toContain('"agent"')
  })

  it('is in the graph, which can be stored and read', () => {
    const { graph } = buildGraph(paying().workflow)
    expect(graph.nodes['payAll']).toMatchObject({ tool: null, workflow: 'payAll:asked', asks: 'always' })
    expect(parseGraph(JSON.stringify(graph))).toEqual(graph)
    expect(check(buildGraph(paying().workflow)).bounds.steps.graph.max).toBe(2 + 10 * 3)
  })

  it.each<[string, object, string]>([
    [
      'what it does not know',
      { approval: { canAskBack: true } },
      'approval of node "payAll" has no option "canAskBack"',
    ],
    ['what is no approval', { approval: 'yes' }, 'approval is "yes"; expected is true, false or an object'],
    ['edits under a quorum', { approval: { canEdit: true, quorum: { need: 2 } } }, 'canEdit is true'],
    ['how an item is undone', { compensate: { run: () => undefined } }, 'compensate'],
    [
      'a function as work',
      { item: undefined, input: undefined, run: () => 1 },
      'approval is true; expected is left out',
    ],
  ])('refuses %s', (_what, config, message) => {
    expect(problemsOf(config).join('\n')).toContain(message)
  })
})
