import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { check } from '../check/check.ts'
import { defineAgent } from '../define/agent.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { DefinitionError } from '../errors/definition-error.ts'
import { buildGraph, type BuiltGraph } from './build.ts'
import { parseGraph } from './parse.ts'

const w = defineState({ orders: z.array(z.object({ order: z.string() })), name: z.string().optional() })
const look = defineTool({
  name: 'look',
  description: 'Looks.',
  effect: 'keyed',
  timeout: '1s',
  input: z.object({ order: z.string() }),
  output: z.object({ amountUsd: z.number() }),
  run: () => ({ amountUsd: 1 }),
})

/** A map as somebody may write it who has no types. */
function build(config: object): BuiltGraph {
  const map = Reflect.get(w, 'map') as (config: object) => ReturnType<typeof w.map<'orders', unknown, typeof look>>
  const n = w.nodes({ each: map({ over: 'orders', maxItems: 10, ...config }) })
  return buildGraph(
    w.workflow('mapped', {
      input: z.object({ orders: z.array(z.object({ order: z.string() })) }),
      output: [],
      nodes: n,
      start: n.each,
      edges: { each: { done: END } },
    }),
  )
}

function issuesOf(config: object): readonly string[] {
  try {
    build(config)
  } catch (error) {
    if (DefinitionError.isInstance(error)) return error.issues.map(({ place, message }) => `${place.path}: ${message}`)
    throw error
  }
  return []
}

const readerConfig = {
  model: 'small',
  instructions: 'Read it.',
  input: z.object({ order: z.string() }),
  output: z.string(),
}
const reader = defineAgent(readerConfig)
const e = defineState({ order: z.string(), amount: z.number().optional() })
const en = e.nodes({ look: e.tool(look, { reads: ['order'], writes: ['amount'], apply: () => ({ amount: 1 }) }) })
const entry = e.workflow('entry', {
  input: z.object({ order: z.string() }),
  output: ['amount'],
  nodes: en,
  start: en.look,
  edges: { look: { done: END } },
})
const o = defineState({ order: z.number() })
const on = o.nodes({ rest: o.task({ run: () => undefined }) })
const other = o.workflow('other', {
  input: z.object({ order: z.number() }),
  output: [],
  nodes: on,
  start: on.rest,
  edges: { rest: { done: END } },
})

describe('a map in the graph', () => {
  it('is a plain record with its defaults, which reads back', () => {
    const { graph } = build({ item: look })
    expect(graph.nodes['each']).toMatchObject({
      kind: 'map',
      over: 'orders',
      reads: ['orders'],
      tool: 'look',
      effect: 'keyed',
      outcomes: ['done', 'failed'],
      retry: { attempts: 3 },
      timeoutMs: 1_000,
      maxItems: 10,
      excess: 'fail',
      concurrency: 8,
      done: 'all',
      failed: 'raise',
      losers: 'abort',
    })
    expect(parseGraph(JSON.stringify(graph))).toEqual(graph)
    expect(graph.tools).toHaveProperty('look')
  })

  it('changes the hash with each of its terms', () => {
    const base = { item: look }
    const hashes = [
      {},
      { maxItems: 11 },
      { excess: 'cut' },
      { concurrency: 2 },
      { losers: 'finish' },
      { failed: 'keep' },
    ]
    expect(new Set(hashes.map((more) => build({ ...base, ...more }).hashes.graph)).size).toBe(hashes.length)
  })

  it('is bounded by its items (G4)', () => {
    const { bounds } = check(build({ item: look, concurrency: 3 }))
    expect(bounds.steps.graph.max).toBe(12)
    expect(bounds.toolCalls.graph.max).toBe(30)
    expect(bounds.durationMs.graph.max).toBe(4 * (3_000 + 500 + 1_000))
  })

  const wrong: readonly (readonly [config: object, issue: RegExp])[] = [
    [{}, /each\.item: .*expected is a tool, an agent or a workflow, or `run`/],
    [{ item: look, run: () => 1 }, /item is .*expected is left out beside `run`/],
    [{ item: 7 }, /found 7 where a tool is expected/],
    [{ run: () => 1, input: () => 1 }, /input is .*`run` is given the item/],
    [{ item: look, maxItems: undefined }, /maxItems is undefined; expected is a whole number, 1 or more/],
    [{ item: look, maxItems: 0 }, /maxItems is 0/],
    [{ item: look, concurrency: 1_000 }, /concurrency is 1000; expected is a whole number, 1 to 256/],
    [{ item: look, over: 'none' }, /over names "none", which is no state key/],
    [{ item: look, over: 'name' }, /over is "name"; expected is a state key that holds a list/],
    [{ item: look, over: 3 }, /over is 3; expected is a state key that holds a list, or a function/],
    [{ item: look, done: 'some' }, /done is "some"; expected is 'all', 'any', 'first'/],
    [{ item: look, done: { atLeast: 0 } }, /done\.atLeast: .*atLeast is 0/],
    [{ item: look, done: {} }, /atLeast is undefined/],
    [{ item: look, done: 'first' }, /wanted is undefined; expected is a function/],
    [{ item: look, wanted: () => true }, /wanted is .*left out where done is not 'first'/],
    [{ item: look, failed: 'skip' }, /failed is "skip"/],
    [{ item: look, excess: 'warn' }, /excess is "warn"/],
    [{ item: look, writes: ['name'] }, /apply is undefined; expected is a function/],
    [{ item: look, effect: 'pure' }, /effect is pure, but its tool is keyed/],
    [{ item: look, of: 1 }, /has no option "of"/],
    [{ item: reader, effect: 'keyed' }, /effect is "keyed"; expected is left out: the tools inside/],
    [{ item: entry, compensate: { tool: look } }, /compensate is .*; expected is left out: what runs inside/],
    [{ item: entry, timeout: '1s' }, /timeout is "1s"; expected is left out: give the workflow/],
    [{ item: reader, timeout: 'soon' }, /each:agent\.nodes\.agent\.timeout: node "each\/agent": timeout is "soon"/],
    [{ item: other }, /input of its workflow: "order" is string in the arguments, but number/],
    [{ item: defineAgent({ ...readerConfig, input: z.object({ id: z.number() }) }) }, /of its agent: it needs "id"/],
  ]

  it('holds the workflow that its items run, which for an agent is made of it', () => {
    const { graph: workflows } = build({ item: entry, retry: { attempts: 2 } })
    expect(workflows.nodes['each']).toMatchObject({
      tool: null,
      workflow: 'entry',
      effect: 'pure',
      retry: { attempts: 2 },
    })
    expect(Object.keys(workflows.workflows ?? {})).toEqual(['entry'])
    expect(parseGraph(JSON.stringify(workflows))).toEqual(workflows)
    const { graph: agents, hashes } = build({ item: reader, retry: { attempts: 2 }, timeout: '9s' })
    expect(agents.nodes['each']).toMatchObject({ workflow: 'each:agent', retry: { attempts: 1 }, timeoutMs: null })
    expect(agents.workflows?.['each:agent']?.nodes['agent']).toMatchObject({
      kind: 'agent',
      model: 'small',
      retry: { attempts: 2 },
      timeoutMs: 9_000,
    })
    expect(parseGraph(JSON.stringify(agents))).toEqual(agents)
    expect(build({ item: defineAgent({ ...readerConfig, maxModelCalls: 2 }) }).hashes.graph).not.toBe(hashes.graph)
    const lost = JSON.stringify({ ...agents, workflows: {} })
    expect(() => parseGraph(lost)).toThrow(/node each names "each:agent", which is not in it/)
  })

  it.each(wrong)('refuses %j with its place (G1)', (config, issue) => {
    expect(issuesOf(config).join('\n')).toMatch(issue)
  })

  it('refuses items that do not fit the input of the tool', () => {
    const bad = defineTool({ ...lookConfig, input: z.object({ id: z.number() }) })
    expect(issuesOf({ item: bad }).join('\n')).toMatch(/needs "id", which the arguments do not have/)
    expect(issuesOf({ item: bad, input: () => ({ id: 1 }) })).toEqual([])
  })
})

const lookConfig = {
  name: 'look',
  description: 'Looks.',
  output: z.object({}),
  run: () => ({}),
} as const

describe('check of a map', () => {
  it('sees the tool inside: one yes covers one run (G5)', () => {
    const pay = defineTool({ ...lookConfig, name: 'pay', effect: 'unsafe', input: z.object({ order: z.string() }) })
    const findingsWith = (maxItems: number): readonly string[] => {
      const n = w.nodes({
        ask: w.approval({ show: ['orders'] }),
        each: w.map({ over: 'orders', maxItems, item: pay }),
      })
      const workflow = w.workflow('paying', {
        input: z.object({ orders: z.array(z.object({ order: z.string() })) }),
        output: [],
        nodes: n,
        start: n.ask,
        edges: { ask: { approved: n.each, rejected: END }, each: { done: END } },
        policies: [{ never: pay, without: [n.ask, 'approved'] }],
      })
      return check(buildGraph(workflow)).findings.map(({ code }) => code)
    }
    expect(findingsWith(1)).toEqual([])
    expect(findingsWith(2)).toEqual(['WAYSTONE_DEFINITION_POLICY_VIOLATED'])
  })

  it('refuses two parallel maps that write one key without a merge rule (S3)', () => {
    const both = defineState({ orders: z.array(z.string()), found: z.array(z.string()).optional() })
    const each = () =>
      both.map({
        over: 'orders',
        maxItems: 3,
        effect: 'pure',
        writes: ['found'],
        run: (order) => order,
        apply: (results) => ({ found: results.map(({ output }) => output) }),
      })
    const n = both.nodes({
      plan: both.task({ effect: 'pure', run: () => undefined }),
      left: each(),
      right: each(),
      meet: both.join(),
    })
    const workflow = both.workflow('both', {
      input: z.object({ orders: z.array(z.string()) }),
      output: ['found'],
      nodes: n,
      start: n.plan,
      edges: {
        plan: { done: { fork: [n.left, n.right], join: n.meet } },
        left: { done: n.meet },
        right: { done: n.meet },
        meet: { done: END },
      },
    })
    expect(
      check(buildGraph(workflow))
        .findings.map(({ message }) => message)
        .join('\n'),
    ).toMatch(/found/)
  })
})
