import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { check } from '../check/check.ts'
import { compile } from '../compile/compile.ts'
import { END, FAIL } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import type { Workflow } from '../define/workflow.ts'
import { failureNames, type FailureName } from '../errors/failure-names.ts'
import { nodeFailure } from '../errors/node-error.ts'
import { buildGraph } from '../graph/build.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { RunEvent } from './run-event.ts'
import type { Run, Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ topic: z.string(), facts: z.array(z.string()).optional(), answer: z.string().optional() })
const input = z.object({ topic: z.string() })

function runtimeWith(workflow: Workflow, options: RuntimeOptions = {}): Runtime {
  // Some of these runs can only be had of graphs that check refuses.
  const runtime = createRuntime({ ...options, workflows: [compile(workflow, { unchecked: true })] })
  open.push(runtime)
  return runtime
}

async function begun(workflow: Workflow, options: RuntimeOptions = {}): Promise<Run> {
  return (await runtimeWith(workflow, options).start(workflow, { input: { topic: 'tea' } })) as Run
}

async function factsOf(run: Run): Promise<readonly RunEvent[]> {
  const facts: RunEvent[] = []
  for await (const event of run.events()) facts.push(event)
  return facts
}

/** What a run of one task came to whose `failed` is routed by the name of what went wrong. */
async function routed(failure: FailureName, run: () => unknown): Promise<unknown> {
  const n = w.nodes({
    // Author code may give back anything.
    work: w.task({ effect: 'pure', retry: { attempts: 1 }, writes: ['answer'], run: run as () => { answer: string } }),
    mend: w.task({ effect: 'pure', writes: ['answer'], run: () => ({ answer: 'mended' }) }),
  })
  const workflow = w.workflow('routed', {
    input,
    output: ['answer'],
    nodes: n,
    start: n.work,
    edges: { work: { done: END, failed: [{ when: w.failure(failure), to: n.mend }, FAIL] }, mend: { done: END } },
  })
  const result = await (await begun(workflow)).result()
  return result.status === 'completed' ? result.output?.['answer'] : result.error?.failure
}

describe('failures by name (R8)', () => {
  it('timeout: an attempt that takes too long ends with an outcome of its own', async () => {
    const clock = createManualClock()
    const n = w.nodes({
      work: w.task({
        effect: 'pure',
        timeout: '1s',
        retry: { attempts: 1 },
        run: () => new Promise<undefined>(() => undefined),
      }),
    })
    const workflow = w.workflow('slow', {
      input,
      output: [],
      nodes: n,
      start: n.work,
      edges: { work: { done: END, timeout: [{ when: w.failure('timeout'), to: END }, FAIL] } },
    })
    const run = await begun(workflow, { clock })
    await clock.advance(1_001)
    expect((await run.result()).status).toBe('completed')
    expect(await factsOf(run)).toContainEqual(
      expect.objectContaining({
        type: 'step.ended',
        outcome: 'timeout',
        error: expect.objectContaining({ failure: 'timeout' }) as unknown,
      }),
    )
  })

  it('partial-result: a map that got less than it was to get keeps what there is', async () => {
    const n = w.nodes({
      each: w.map({
        over: () => ['a', 'b', 'c', 'd', 'e'],
        writes: ['facts'],
        effect: 'pure',
        retry: { attempts: 1 },
        run: (item) => {
          if (item === 'c') throw new RangeError('no c')
          return item
        },
        maxItems: 5,
        failed: 'drop',
        apply: (results) => ({ facts: results.flatMap(({ output }) => (output === undefined ? [] : [output])) }),
      }),
    })
    const workflow = w.workflow('partly', {
      input,
      output: ['facts'],
      nodes: n,
      start: n.each,
      edges: { each: { done: END, unsatisfied: END } },
    })
    const run = await begun(workflow)
    expect((await run.result()).output).toEqual({ facts: expect.arrayContaining(['a', 'b']) as unknown })
    expect(await factsOf(run)).toContainEqual(
      expect.objectContaining({
        type: 'edge.taken',
        decision: expect.objectContaining({ outcome: 'unsatisfied', failure: 'partial-result' }) as unknown,
      }),
    )
  })

  it('partial-result: an answer that was cut at its limit of tokens says so', async () => {
    const n = w.nodes({
      think: w.agent({ model: 'main', instructions: 'x', writes: ['answer'], retry: { attempts: 1 } }),
    })
    const workflow = w.workflow('cut', {
      input,
      output: ['answer'],
      nodes: n,
      start: n.think,
      edges: { think: { done: END, failed: [{ when: w.failure('partial-result'), to: END }, FAIL] } },
    })
    const cut = { ...says('{"answer": "half'), finish: 'length' }
    const run = await begun(workflow, { models: { main: scripted(cut, cut, cut) } })
    expect((await run.result()).status).toBe('completed')
  })

  it('conflict: the author says that two things cannot both be, and an edge takes it', async () => {
    const disagree = (): never => {
      throw nodeFailure('two sources disagree', { failure: 'conflict' })
    }
    expect(await routed('conflict', disagree)).toBe('mended')
    expect(await routed('bad-output', disagree)).toBe('conflict')
  })

  it('conflict: two branches that would overwrite each other are found before any run', () => {
    const write = (answer: string) => w.task({ effect: 'pure', writes: ['answer'], run: () => ({ answer }) })
    const n = w.nodes({
      begin: w.task({ effect: 'pure', run: () => undefined }),
      a: write('a'),
      b: write('b'),
      both: w.join(),
    })
    const workflow = w.workflow('writers', {
      input,
      output: ['answer'],
      nodes: n,
      start: n.begin,
      edges: {
        begin: { done: { fork: [n.a, n.b], join: n.both } },
        a: { done: n.both },
        b: { done: n.both },
        both: { done: END },
      },
    })
    expect(check(buildGraph(workflow)).findings.map(({ code }) => code)).toEqual([
      'WAYSTONE_DEFINITION_PARALLEL_WRITERS',
    ])
  })

  it('missing-input: a node whose required key nothing has written is not begun', async () => {
    const s = defineState({ topic: z.string(), plan: z.string() })
    let isBegun = false
    const n = s.nodes({
      skip: s.task({ effect: 'pure', run: () => undefined }),
      use: s.task({ reads: ['plan'], run: () => void (isBegun = true) }),
    })
    const workflow = s.workflow('lacking', {
      input,
      output: [],
      nodes: n,
      start: n.skip,
      edges: {
        skip: { done: n.use },
        use: { done: END, failed: [{ when: s.failure('missing-input'), to: END }, FAIL] },
      },
    })
    expect(check(buildGraph(workflow)).findings[0]?.code).toBe('WAYSTONE_DEFINITION_READ_BEFORE_WRITE')
    const run = await begun(workflow)
    expect((await run.result()).status).toBe('completed')
    expect(isBegun).toBe(false)
    expect(await factsOf(run)).toContainEqual(
      expect.objectContaining({
        type: 'step.ended',
        node: 'use',
        error: expect.objectContaining({ code: 'WAYSTONE_NODE_MISSING_INPUT', failure: 'missing-input' }) as unknown,
      }),
    )
  })

  it('ambiguous-goal: an outcome of that name fails the run with it, where it leads to FAIL', async () => {
    const n = w.nodes({
      read: w.gate({ reads: ['topic'], outcomes: ['clear', 'ambiguous-goal'], decide: () => 'ambiguous-goal' }),
    })
    const workflow = w.workflow('unclear', {
      input,
      output: [],
      nodes: n,
      start: n.read,
      edges: { read: { clear: END, 'ambiguous-goal': FAIL } },
    })
    const { status, error } = await (await begun(workflow)).result()
    expect({ status, error }).toMatchObject({
      status: 'failed',
      error: {
        code: 'WAYSTONE_NODE_FAIL_TAKEN',
        message: 'read.ambiguous-goal led to FAIL, by edge read.ambiguous-goal of unclear',
        failure: 'ambiguous-goal',
      },
    })
  })

  it('bad-output: a patch that does not fit, a tool and a model that break their schemas', async () => {
    expect(await routed('bad-output', () => ({ answer: 7 }))).toBe('mended')
    expect(await routed('bad-output', () => ({ answer: 7n }))).toBe('mended')
    expect(await routed('bad-output', () => ({ question: 'why' }))).toBe('mended')
    const lying = defineTool({
      name: 'lie',
      description: 'x',
      effect: 'pure',
      input: z.object({ topic: z.string() }),
      output: z.object({ answer: z.string() }),
      run: () => ({ answer: 7 }) as unknown as { answer: string },
    })
    const n = w.nodes({
      ask: w.tool(lying, { reads: ['topic'], writes: ['answer'], retry: { attempts: 1 } }),
      think: w.agent({ model: 'main', instructions: 'x', writes: ['answer'] }),
    })
    const workflow = w.workflow('lying', {
      input,
      output: ['answer'],
      nodes: n,
      start: n.ask,
      edges: {
        ask: { done: END, failed: [{ when: w.failure('bad-output'), to: n.think }, END] },
        think: { done: END },
      },
    })
    const main = scripted(says({ wrong: 1 }), says({ wrong: 2 }), says({ wrong: 3 }))
    const { error } = await (await begun(workflow, { models: { main } })).result()
    expect(error).toMatchObject({ code: 'WAYSTONE_NODE_OUTPUT_MISFIT', failure: 'bad-output' })
  })

  it('routing-error: an outcome that no edge takes ends the run with every guard and what it read', async () => {
    const isLong = w.guard('isLong', ['topic'], ({ topic }) => topic.length > 10)
    const n = w.nodes({ work: w.task({ effect: 'pure', run: () => undefined }) })
    const workflow = w.workflow('nowhere', {
      input,
      output: [],
      nodes: n,
      start: n.work,
      edges: { work: { done: [{ when: isLong, to: END }] } },
    })
    const run = await begun(workflow)
    const { error } = await run.result()
    expect(error).toMatchObject({ code: 'WAYSTONE_NODE_NO_ROUTE', failure: 'routing-error' })
    expect(await factsOf(run)).toContainEqual(
      expect.objectContaining({
        type: 'edge.taken',
        decision: expect.objectContaining({
          taken: ':no-route',
          candidates: [
            {
              edge: 'work.done.0',
              verdict: 'guard',
              guards: [{ guard: 'isLong', result: false, read: { topic: 'tea' } }],
            },
          ],
        }) as unknown,
      }),
    )
  })

  it('routing-error: a route that is not offered is told the model and nothing of it is run', async () => {
    const n = w.nodes({ think: w.agent({ model: 'main', instructions: 'x', writes: ['answer'] }) })
    const workflow = w.workflow('stray', {
      input,
      output: ['answer'],
      nodes: n,
      start: n.think,
      edges: { think: { done: END } },
    })
    const main = scripted(asks(['transfer_to_nobody', {}]), says({ answer: 'myself' }))
    const result = await (await begun(workflow, { models: { main } })).result()
    expect(result.output).toEqual({ answer: 'myself' })
    const told = main.requests[1]?.messages.flatMap((message) => (message.role === 'tool' ? [message] : []))
    expect(told).toMatchObject([
      {
        isError: true,
        name: 'transfer_to_nobody',
        content: [{ text: '{"error":"there is no tool \\"transfer_to_nobody\\"; the tools are: none"}' }],
      },
    ])
  })

  it('has one list of names', () => {
    expect(failureNames).toHaveLength(9)
  })
})

describe('w.failure', () => {
  it.each([
    ['on an outcome that nothing failed for', 'done'],
    ['of a name that is none', 'failed'],
  ])('is refused %s', (_, outcome) => {
    const n = w.nodes({ work: w.task({ effect: 'pure', run: () => undefined }) })
    const name = (outcome === 'done' ? 'conflict' : 'sadness') as FailureName
    const workflow = w.workflow('misplaced', {
      input,
      output: [],
      nodes: n,
      start: n.work,
      edges: { work: { done: END, [outcome]: [{ when: w.not(w.failure(name)), to: END }, END] } },
    })
    expect(() => buildGraph(workflow)).toThrow(
      expect.objectContaining({
        code: 'WAYSTONE_DEFINITION_BAD_GUARD',
        message: expect.stringContaining(`edges.work.${outcome}`) as string,
      }),
    )
  })
})

/** A loop that is to find facts and finds none from some round on. */
function digging(found: readonly string[], stall: object = {}) {
  const enough = w.guard('enough', ['facts'], ({ facts = [] }) => facts.length >= 3)
  let round = 0
  const n = w.nodes({
    dig: w.task({
      reads: ['facts'],
      writes: ['facts'],
      run: ({ state }) => ({ facts: [...(state.facts ?? []), ...found.slice(round, ++round)] }),
    }),
    look: w.task({ effect: 'pure', reads: ['facts'], run: () => undefined }),
    replan: w.task({ run: () => undefined }),
    sorry: w.task({ effect: 'pure', writes: ['answer'], run: () => ({ answer: 'incomplete' }) }),
  })
  return w.workflow('digging', {
    input,
    output: ['answer'],
    nodes: n,
    start: n.dig,
    edges: {
      dig: { done: n.look },
      look: {
        done: [
          { when: enough, to: END },
          { to: n.dig, limit: 50, otherwise: FAIL },
        ],
      },
      replan: { done: { to: n.dig, limit: 50, otherwise: FAIL } },
      sorry: { done: END },
    },
    limits: { stall: { transitions: 3, to: n.replan, otherwise: n.sorry, ...stall } },
  })
}

describe('stall (R6)', () => {
  it('leads to its edge, then to the other one, each with an event that says so', async () => {
    const workflow = digging(['one'])
    const runtime = runtimeWith(workflow)
    const run = (await runtime.start(workflow, { input: { topic: 'tea' } })) as Run
    expect(await run.result()).toMatchObject({ status: 'completed', output: { answer: 'incomplete' } })
    const facts = await factsOf(run)
    expect(facts.filter(({ type }) => type === 'run.stalled')).toMatchObject([
      { transitions: 3, times: 1, to: 'replan' },
      { transitions: 3, times: 2, to: 'sorry' },
    ])
    const taken = facts.flatMap((fact) => (fact.type === 'edge.taken' ? [fact.decision.taken] : []))
    expect(taken).toEqual([
      'dig.done', // one fact, and a node entered for the first time
      'look.done.1',
      'dig.done',
      'limits.stall',
      'replan.done',
      'dig.done',
      'limits.stall:otherwise',
      'sorry.done',
    ])
    const { divergence } = await replayRun(runtime.store, compile(workflow), run.runId)
    expect(divergence).toBeNull()
  })

  it('is not one while something changes', async () => {
    const run = await begun(digging(['one', 'two', 'three']))
    expect((await run.result()).status).toBe('completed')
    expect((await factsOf(run)).some(({ type }) => type === 'run.stalled')).toBe(false)
  })

  it('watches only the keys it is told to', async () => {
    const run = await begun(digging(['one', 'two', 'three'], { watch: ['answer'] }))
    await run.result()
    expect((await factsOf(run)).filter(({ type }) => type === 'run.stalled')).toHaveLength(1)
  })

  it('fails the run by its name where nothing is declared', async () => {
    const n = w.nodes({ idle: w.task({ effect: 'pure', run: () => undefined }) })
    const workflow = w.workflow('idle', {
      input,
      output: [],
      nodes: n,
      start: n.idle,
      edges: { idle: { done: { to: n.idle, limit: 50, otherwise: END } } },
      limits: { stall: { transitions: 4 } },
    })
    const run = await begun(workflow)
    expect(await run.result()).toMatchObject({
      status: 'failed',
      error: { code: 'WAYSTONE_NODE_STALLED', failure: 'stall' },
      sequence: 4,
    })
  })

  it('counts anew when an operator changes something', async () => {
    const n = w.nodes({
      ask: w.approval({ show: ['topic'], expiresIn: '1h' }),
      idle: w.task({ effect: 'pure', run: () => undefined }),
    })
    const workflow = w.workflow('asking', {
      input,
      output: [],
      nodes: n,
      start: n.ask,
      edges: {
        ask: { approved: END, rejected: n.idle, expired: n.idle },
        idle: { done: { to: n.ask, limit: 50, otherwise: FAIL } },
      },
      limits: { stall: { transitions: 3 } },
    })
    const clock = createManualClock()
    const run = await begun(workflow, { clock })
    for (let round = 0; round < 4; round++) {
      await clock.advance(3_600_001)
      await run.patch({ state: { topic: `tea ${round}` }, by: 'ada', reason: 'again' })
    }
    expect((await run.status()).status).toBe('waiting')
    await clock.advance(4 * 3_600_001)
    expect((await run.status()).error?.failure).toBe('stall')
  })

  it('bounds what a run can do, and is where no path of its own leads', () => {
    const { findings, bounds } = check(buildGraph(digging([])))
    expect(findings).toEqual([])
    // 1 + 50 rounds of two, three times over at most, by as many ways in; and the two nodes of the stall.
    expect(bounds.steps.graph.max).toBeGreaterThan(100)
    expect(bounds.steps.graph.max).toBeLessThan(1_000)
  })

  it('is refused with a place where it makes no sense', () => {
    expect(() => buildGraph(digging([], { transitions: 0, watch: [], limit: 1.5, nobody: 1 }))).toThrow(
      expect.objectContaining({
        issues: [
          expect.objectContaining({
            place: expect.objectContaining({ path: 'digging.limits.stall.nobody' }) as unknown,
          }),
          expect.objectContaining({
            place: expect.objectContaining({ path: 'digging.limits.stall.watch' }) as unknown,
          }),
          expect.objectContaining({
            place: expect.objectContaining({ path: 'digging.limits.stall.transitions' }) as unknown,
          }),
          expect.objectContaining({
            place: expect.objectContaining({ path: 'digging.limits.stall.limit' }) as unknown,
          }),
        ],
      }),
    )
  })
})

describe('deadlock (R6)', () => {
  const worker = (fails: boolean) =>
    w.task({
      effect: 'pure',
      retry: { attempts: 1 },
      run: () => {
        if (fails) throw new RangeError('no')
      },
    })

  function joining(isRouted: boolean): Workflow {
    const n = w.nodes({
      begin: w.task({ effect: 'pure', run: () => undefined }),
      a: worker(false),
      b: worker(true),
      c: worker(true),
      meet: w.join({ wait: { atLeast: 2 }, failed: 'drop' }),
    })
    const edges = {
      begin: { done: { fork: [n.a, n.b, n.c], join: n.meet } },
      a: { done: n.meet },
      b: { done: n.meet },
      c: { done: n.meet },
      meet: { done: END, unsatisfied: END },
    }
    const workflow = w.workflow('joining', { input, output: [], nodes: n, start: n.begin, edges })
    if (isRouted) return workflow
    // The edge is lost on the way, as it may be in a graph that nobody has checked.
    return w.workflow('joining', {
      input,
      output: [],
      nodes: n,
      start: n.begin,
      edges: { ...edges, meet: { done: END, unsatisfied: [{ when: w.guard('never', [], () => false), to: END }] } },
    })
  }

  it('of a join that nobody can satisfy any more is told by an event, and its edge is taken', async () => {
    const run = await begun(joining(true))
    expect((await run.result()).status).toBe('completed')
    expect((await factsOf(run)).filter(({ type }) => type === 'run.deadlocked')).toMatchObject([
      { node: 'meet', joined: 1, needed: 2, to: ':end' },
    ])
  })

  it('without an edge ends the run by its name instead of waiting for ever', async () => {
    const run = await begun(joining(false))
    expect(await run.result()).toMatchObject({
      status: 'failed',
      error: { code: 'WAYSTONE_NODE_DEADLOCK', failure: 'deadlock' },
    })
    expect((await factsOf(run)).some(({ type }) => type === 'run.deadlocked')).toBe(true)
  })

  it('of a join that waits for more branches than there are is found before any run', () => {
    const n = w.nodes({
      begin: w.task({ effect: 'pure', run: () => undefined }),
      a: worker(false),
      b: worker(false),
      meet: w.join({ wait: { atLeast: 3 } }),
    })
    const workflow = w.workflow('greedy', {
      input,
      output: [],
      nodes: n,
      start: n.begin,
      edges: {
        begin: { done: { fork: [n.a, n.b], join: n.meet } },
        a: { done: n.meet },
        b: { done: n.meet },
        meet: { done: END },
      },
    })
    expect(() => compile(workflow, { unchecked: true })).toThrow(
      expect.objectContaining({ code: 'WAYSTONE_DEFINITION_JOIN_UNSATISFIABLE' }),
    )
  })
})
