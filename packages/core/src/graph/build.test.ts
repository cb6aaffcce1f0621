import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { END, FAIL } from '../define/edge.ts'
import { rule } from '../define/rule.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { isWorkflow, type Workflow } from '../define/workflow.ts'
import { DefinitionError } from '../errors/definition-error.ts'
import { buildGraph } from './build.ts'
import { parseGraph } from './parse.ts'

const Note = z.object({ id: z.string(), text: z.string() })
const lookUp = defineTool({
  name: 'look-up',
  description: 'Looks an order up.',
  effect: 'pure',
  timeout: '5s',
  input: z.object({ order: z.string() }),
  output: z.object({ amountUsd: z.number() }),
  run: () => ({ amountUsd: 20 }),
})
const pay = defineTool({
  name: 'pay',
  description: 'Pays.',
  secrets: ['BANK'],
  input: z.object({ order: z.string() }),
  output: z.object({ receipt: z.string() }),
  run: ({ order }) => ({ receipt: order }),
})

const w = defineState({
  order: z.string(),
  amountUsd: z.number().optional(),
  notes: rule.append(Note, { key: 'id' }),
  reply: z.string().optional(),
})
const isSmall = w.guard('isSmall', ['amountUsd'], ({ amountUsd = 0 }) => amountUsd < 100, { version: 2 })

const n = w.nodes({
  find: w.tool(lookUp, { reads: ['order'], writes: ['amountUsd'] }),
  triage: w.agent({
    model: 'fast',
    instructions: 'Triage.',
    tools: [lookUp, pay],
    reads: ['order'],
    writes: ['notes'],
  }),
  manager: w.approval({ show: ['order', 'amountUsd'], edits: ['amountUsd'], expiresIn: '2d', canAskBack: true }),
  refund: w.tool(pay, {
    reads: ['order'],
    writes: ['notes'],
    timeout: 1_000,
    apply: ({ receipt }) => ({ notes: [{ id: receipt, text: 'paid' }] }),
  }),
  tone: w.gate({ reads: ['reply'], hears: ['manager'], outcomes: ['pass', 'rude'], decide: () => 'pass' }),
  judge: w.gate({ reads: ['reply'], outcomes: ['fine', 'poor'], model: 'good', instructions: 'Judge.' }),
  tidy: w.task({ effect: 'idempotent', run: () => {} }),
})

function refunds(): Workflow {
  return w.workflow('refunds', {
    version: 3,
    input: z.object({ order: z.string() }),
    output: ['reply'],
    nodes: n,
    start: n.find,
    edges: {
      find: { done: n.triage, timeout: n.manager },
      triage: { done: [{ when: isSmall, to: n.refund }, n.manager] },
      manager: { approved: n.refund, rejected: FAIL, edited: n.refund, expired: END, asked: n.triage },
      refund: { done: n.tone, unknown: n.manager },
      tone: { pass: n.judge, rude: { to: n.triage, limit: 2, per: n.manager, otherwise: FAIL } },
      judge: { fine: n.tidy, poor: FAIL },
      tidy: { done: END },
    },
    limits: { steps: 60, costUsd: { max: 0.5, check: 'after' }, duration: '30m', exhausted: n.tidy },
    policies: [{ never: pay, without: [n.manager, 'approved'], given: w.not(isSmall) }],
  })
}

/** What is wrong with a definition, as `code path: message`. Untyped: it stands for JavaScript that no compiler has seen. */
function issuesOf(make: () => unknown): readonly string[] {
  try {
    buildGraph(make() as Workflow)
    return []
  } catch (error) {
    if (!DefinitionError.isInstance(error)) throw error
    return error.issues.map(({ code, place, message }) => `${code} ${place.path}: ${message}`)
  }
}

/** A workflow of one node named `work` over the state `order`, with some of it replaced. */
function small(parts: {
  readonly state?: object
  readonly node?: object
  readonly tool?: unknown
  readonly edges?: unknown
  readonly config?: object
}): unknown {
  const builder = defineState((parts.state ?? { order: z.string(), count: z.number().optional() }) as never)
  const node =
    parts.tool === undefined
      ? builder.task({ run: () => {}, ...parts.node })
      : builder.tool(parts.tool as never, { ...parts.node } as never)
  const nodes = builder.nodes({ work: node })
  return builder.workflow('small', {
    input: z.object({}),
    output: [],
    nodes,
    start: nodes.work,
    edges: parts.edges ?? { work: { done: END } },
    ...parts.config,
  } as never)
}

describe('buildGraph', () => {
  const built = buildGraph(refunds())

  it('gives frozen JSON, once per workflow', () => {
    const workflow = refunds()
    expect(isWorkflow(workflow)).toBe(true)
    expect(buildGraph(workflow)).toBe(buildGraph(workflow))
    expect(JSON.parse(JSON.stringify(built.graph))).toEqual(built.graph)
    expect(Object.isFrozen(built.graph.nodes['find'])).toBe(true)
  })

  it('has only the outcomes that can happen', () => {
    const outcomes = Object.values(built.graph.nodes).map(({ id, outcomes: list }) => `${id}: ${list.join(' ')}`)
    expect(outcomes).toMatchInlineSnapshot(`
      [
        "find: done failed timeout",
        "triage: done failed unknown",
        "manager: approved rejected edited expired asked",
        "refund: done failed unknown",
        "tone: pass rude failed",
        "judge: fine poor failed",
        "tidy: done failed",
      ]
    `)
  })

  it('makes implicit edges for outcomes that are not routed', () => {
    const implicit = built.graph.edges.filter(({ isImplicit }) => isImplicit).map(({ id, to }) => `${id} → ${to}`)
    expect(implicit).toMatchInlineSnapshot(`
      [
        "find.failed → :fail",
        "triage.failed → :fail",
        "triage.unknown → :person",
        "refund.failed → :fail",
        "tone.failed → :fail",
        "judge.failed → :fail",
        "tidy.failed → :fail",
      ]
    `)
  })

  it('reads guards, limits and priorities of edges', () => {
    const edges = built.graph.edges.filter(({ from }) => from === 'triage' || from === 'tone')
    expect(edges.map(({ id, when, to, limit, otherwise }) => ({ id, when, to, limit, otherwise })))
      .toMatchInlineSnapshot(`
      [
        {
          "id": "triage.done.0",
          "limit": null,
          "otherwise": null,
          "to": "refund",
          "when": {
            "guard": "isSmall",
          },
        },
        {
          "id": "triage.done.1",
          "limit": null,
          "otherwise": null,
          "to": "manager",
          "when": null,
        },
        {
          "id": "triage.failed",
          "limit": null,
          "otherwise": null,
          "to": ":fail",
          "when": null,
        },
        {
          "id": "triage.unknown",
          "limit": null,
          "otherwise": null,
          "to": ":person",
          "when": null,
        },
        {
          "id": "tone.pass",
          "limit": null,
          "otherwise": null,
          "to": "judge",
          "when": null,
        },
        {
          "id": "tone.rude",
          "limit": {
            "max": 2,
            "per": "manager",
          },
          "otherwise": ":fail",
          "to": "triage",
          "when": null,
        },
        {
          "id": "tone.failed",
          "limit": null,
          "otherwise": null,
          "to": ":fail",
          "when": null,
        },
      ]
    `)
    expect(built.graph.guards['isSmall']).toMatchObject({ reads: ['amountUsd'], version: 2 })
  })

  it('reads limits and policies', () => {
    expect(built.graph.limits).toMatchObject({
      bounds: {
        steps: { max: 60, check: 'before' },
        costUsd: { max: 0.5, check: 'after' },
        durationMs: { max: 1_800_000, check: 'before' },
      },
      exhausted: 'tidy',
    })
    expect(built.graph.policies).toMatchObject([
      { never: 'pay', without: { node: 'manager', outcome: 'approved' }, given: { not: { guard: 'isSmall' } } },
    ])
  })

  it('tries an effect three times unless it is unsafe or decided by code', () => {
    const attempts = Object.values(built.graph.nodes).map(({ id, retry }) => `${id} ${retry.attempts}`)
    expect(attempts).toEqual(['find 3', 'triage 3', 'manager 1', 'refund 1', 'tone 1', 'judge 3', 'tidy 3'])
  })

  it('builds the output of an agent from the keys it writes', () => {
    expect(built.graph.nodes['triage']).toMatchObject({ outputSchema: { required: ['notes'] } })
  })

  it('says where everything was written, as file, line and path', () => {
    const find = built.graph.nodes['find']
    expect(find?.place).toMatchObject({ path: 'refunds.nodes.find', file: 'src/graph/build.test.ts' })
    const edge = (id: string): number => built.graph.edges.find((one) => one.id === id)?.place.line ?? 0
    expect(edge('tone.rude') - edge('refund.done')).toBe(1)
    // END has no line of its own: the node's place stands for it.
    expect(edge('manager.expired')).toBe(built.graph.nodes['manager']?.place.line)
    expect(built.graph.tools['look-up']?.place.line).toBeLessThan(find?.place.line ?? 0)
  })

  it('reads how a person is asked before calls of a tool', () => {
    const terms = { name: 'pay', description: '', input: z.object({ usd: z.number() }), output: z.object({}) } as const
    const recordOf = (approval: Parameters<typeof defineTool>[0]['approval']) => {
      const tool = defineTool({ ...terms, run: () => ({}), ...(approval !== undefined && { approval }) })
      const n = w.nodes({ work: w.agent({ model: 'm', instructions: '', tools: [tool] }) })
      const edges = { work: { done: END } }
      const built = buildGraph(w.workflow('asks', { input: z.object({}), output: [], nodes: n, start: n.work, edges }))
      expect(parseGraph(JSON.stringify(built.graph))).toEqual(built.graph)
      return { record: built.graph.tools['pay']?.approval, asks: typeof built.registry.tools.get('pay')?.asks }
    }
    const rule = { when: 'always', role: null, reason: '', expiresInMs: null, canEdit: true, canAskBack: true }
    expect(recordOf(undefined)).toEqual({ record: undefined, asks: 'undefined' })
    expect(recordOf(false)).toEqual({ record: undefined, asks: 'undefined' })
    expect(recordOf(true)).toEqual({ record: rule, asks: 'undefined' })
    const own = { role: 'boss', reason: 'money', expiresIn: '1h', canEdit: false, canAskBack: false } as const
    const read = { ...rule, role: 'boss', reason: 'money', expiresInMs: 3_600_000, canEdit: false, canAskBack: false }
    expect(recordOf({ ...own, when: () => true })).toEqual({ record: { ...read, when: 'arguments' }, asks: 'function' })
  })

  it('keeps functions apart from the graph', () => {
    expect(built.registry.guards.get('isSmall')?.({ amountUsd: 3 })).toBe(true)
    expect([...built.registry.nodes.keys()]).toEqual(Object.keys(built.graph.nodes))
    expect(built.registry.patchSchemas.get('notes')?.safeParse([{ id: '1', text: '' }]).success).toBe(true)
  })
})

describe('buildGraph refuses', () => {
  it('all that is wrong at once, each with code, place, message and hint', () => {
    const issues = issuesOf(() =>
      small({
        node: { reads: ['ordr'], timeout: '5 min', colour: 'red' },
        edges: { work: { done: undefined, fine: END }, wrok: { done: END } },
        config: { output: ['nothing'], limits: { steps: -1 } },
      }),
    )
    expect(issues).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_UNKNOWN_KEY small.nodes.work.colour: node "work" has no option "colour"",
        "WAYSTONE_DEFINITION_BAD_DURATION small.nodes.work.timeout: node "work": timeout is "5 min", which is no duration",
        "WAYSTONE_DEFINITION_UNKNOWN_STATE_KEY small.nodes.work.reads: node "work": reads names "ordr", which is no state key",
        "WAYSTONE_DEFINITION_UNKNOWN_NODE small.edges.wrok: edges names "wrok", which is no node",
        "WAYSTONE_DEFINITION_UNKNOWN_OUTCOME small.edges.work.fine: node "work" has no outcome "fine"",
        "WAYSTONE_DEFINITION_MISSING_EDGE small.edges.work.done: outcome "done" of node "work" has no edge",
        "WAYSTONE_DEFINITION_BAD_LIMIT small.limits.steps: limit steps is -1",
        "WAYSTONE_DEFINITION_UNKNOWN_STATE_KEY small.output: workflow "small": output names "nothing", which is no state key",
      ]
    `)
  })

  it('a missing target, naming node and path (G1, G3)', () => {
    expect(issuesOf(() => small({ edges: { work: { done: 'nowhere' } } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_MISSING_TARGET small.edges.work.done: edges.work.done: found "nowhere" where a target is expected",
      ]
    `)
    expect(issuesOf(() => small({ edges: { work: { done: { to: undefined, limit: 2 } } } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_MISSING_TARGET small.edges.work.done: edges.work.done: found undefined where a target is expected",
      ]
    `)
    expect(issuesOf(() => small({ edges: { work: { done: [] } } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_MISSING_EDGE small.edges.work.done: outcome "done" of node "work" has an empty list of edges",
      ]
    `)
    expect(issuesOf(() => small({ edges: {} }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_MISSING_EDGE small.edges.work.done: outcome "done" of node "work" has no edge",
      ]
    `)
    expect(issuesOf(() => small({ edges: 'none' }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_VALUE small.edges: edges is "none"; expected is an object of nodes",
      ]
    `)
    expect(issuesOf(() => small({ config: { start: END } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_MISSING_TARGET small.start: start is the end of the run, not a node",
      ]
    `)
  })

  it('outcomes that cannot happen', () => {
    expect(issuesOf(() => small({ edges: { work: { done: END, timeout: END } } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_UNKNOWN_OUTCOME small.edges.work.timeout: node "work" has no outcome "timeout"",
      ]
    `)
    const node = { effect: 'pure' }
    expect(issuesOf(() => small({ node, edges: { work: { done: END, unknown: END } } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_UNKNOWN_OUTCOME small.edges.work.unknown: node "work" has no outcome "unknown"",
      ]
    `)
    expect(issuesOf(() => small({ node: { outcomes: ['failed', 'so so'] }, edges: { work: {} } })))
      .toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_NAME small.nodes.work.outcomes: node "work": outcome "failed" is no valid name",
        "WAYSTONE_DEFINITION_BAD_NAME small.nodes.work.outcomes: node "work": outcome "so so" is no valid name",
        "WAYSTONE_DEFINITION_MISSING_EDGE small.edges.work.so so: outcome "so so" of node "work" has no edge",
      ]
    `)
  })

  it('shapes that do not fit where nothing maps between them (G1)', () => {
    const tool = defineTool({
      name: 'count',
      description: 'Counts.',
      input: z.object({ order: z.string(), count: z.number(), size: z.number() }),
      output: z.object({ count: z.string() }),
      run: () => ({ count: '' }),
    })
    const node = { reads: ['order', 'count'], writes: ['count', 'order'] }
    const state = { order: z.array(z.string()), count: z.number().optional() }
    expect(issuesOf(() => small({ tool, node, state }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_SHAPES_DIFFER small.nodes.work.input: node "work": the input needs "count", which may be absent from the state",
        "WAYSTONE_DEFINITION_SHAPES_DIFFER small.nodes.work.input: node "work": the input needs "size", but the node reads "order", "count"",
        "WAYSTONE_DEFINITION_SHAPES_DIFFER small.nodes.work.input: node "work": "order" is array in the state, but string in the input",
        "WAYSTONE_DEFINITION_SHAPES_DIFFER small.nodes.work.apply: node "work": "count" is string in the output, but number in the state",
        "WAYSTONE_DEFINITION_SHAPES_DIFFER small.nodes.work.apply: node "work": the output has no "order", which the node writes; it has "count"",
      ]
    `)
  })

  it('state that does not survive JSON', () => {
    const state = {
      at: z.date(),
      big: z.bigint(),
      table: z.map(z.string(), z.number()),
      set: z.object({ inner: z.set(z.string()) }),
      call: z.custom<() => void>(),
      instance: z.instanceof(Error),
      length: z.string().transform((text) => text.length),
      codec: z.stringbool(),
      number: z.coerce.number(),
      any: z.any(),
      list: z.array(z.unknown()),
      gap: z.array(z.string().optional()),
      symbol: z.symbol(),
      nothing: z.undefined(),
      tone: z.string().default('kind'),
      loose: z.looseObject({ id: z.string() }),
      text: 'text',
      'no name': z.string(),
    }
    expect(issuesOf(() => small({ state, config: { input: z.object({}) } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.at: state key "at" holds z.date(), which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.big: state key "big" holds z.bigint(), which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.table: state key "table" holds z.map(), which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.set: state key "set" holds z.set() at inner, which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.call: state key "call" holds z.custom() or z.instanceof(), which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.instance: state key "instance" holds z.custom() or z.instanceof(), which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.length: state key "length" holds a transform, which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.codec: state key "codec" holds a transform, which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.number: state key "number" holds z.coerce.number(), a transform, which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.any: state key "any" holds z.any(), which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.list: state key "list" holds z.unknown() at [], which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.gap: state key "gap" holds an optional value, which JSON has no room for, at [], which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.symbol: state key "symbol" holds z.symbol(), which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.nothing: state key "nothing" holds z.undefined(), which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.tone: state key "tone" has a default value, but a key that was not written is absent",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.loose: state key "loose" holds z.unknown() at {}, which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.state.text: state key "text" is "text", not a zod schema",
        "WAYSTONE_DEFINITION_BAD_NAME small.state.no name: state key "no name" is no valid name",
      ]
    `)
  })

  it('rules that do not fit', () => {
    const state = {
      a: rule.append(Note, { key: 'name' as 'id' }),
      b: rule.sum(z.string() as never),
      c: rule.merge(z.array(z.string()) as never),
      d: rule.reducer(z.number(), { name: '', reduce: () => 1 }),
      e: rule.reducer(z.number(), { name: 'count', version: 0, reduce: () => 1 }),
    }
    expect(issuesOf(() => small({ state }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_RULE small.state.a: state key "a": rule.append needs a key that is a field of its items, found "name"",
        "WAYSTONE_DEFINITION_BAD_RULE small.state.b: state key "b": rule.sum needs a number schema",
        "WAYSTONE_DEFINITION_BAD_RULE small.state.c: state key "c": rule.merge needs an object schema",
        "WAYSTONE_DEFINITION_BAD_RULE small.state.d: state key "d": rule.reducer needs { name, reduce } with a name, a function and a version of 1 or more",
        "WAYSTONE_DEFINITION_BAD_RULE small.state.e: state key "e": rule.reducer needs { name, reduce } with a name, a function and a version of 1 or more",
      ]
    `)
  })

  it('bad limits, durations and retries', () => {
    const issues = issuesOf(() =>
      small({
        node: { retry: { attempts: 0, backoff: 'soon', factor: 0.5, jitter: 2 } },
        edges: {
          work: {
            done: [
              { to: END, limit: 1.5 },
              { to: END, per: END },
              { to: END, otherwise: FAIL },
            ],
          },
        },
        config: {
          limits: { steps: Number.NaN, tokens: 1.5, costUsd: -1, duration: '0s', toolCalls: { max: 1, check: 'now' } },
        },
      }),
    )
    expect(issues).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_VALUE small.nodes.work.retry.attempts: node "work", retry: attempts is 0; expected is a whole number, 1 or more",
        "WAYSTONE_DEFINITION_BAD_DURATION small.nodes.work.retry.backoff: node "work", retry: backoff is "soon", which is no duration",
        "WAYSTONE_DEFINITION_BAD_VALUE small.nodes.work.retry.factor: node "work", retry: factor is 0.5; expected is a number from 1 to 1000",
        "WAYSTONE_DEFINITION_BAD_VALUE small.nodes.work.retry.jitter: node "work", retry: jitter is 2; expected is a number from 0 to 1",
        "WAYSTONE_DEFINITION_BAD_VALUE small.edges.work.done.0.limit: edge work.done.0: limit is 1.5; expected is a whole number, 0 or more",
        "WAYSTONE_DEFINITION_BAD_LIMIT small.edges.work.done.1: edge work.done.1 has per but no limit",
        "WAYSTONE_DEFINITION_BAD_LIMIT small.edges.work.done.2: edge work.done.2 has otherwise but no limit",
        "WAYSTONE_DEFINITION_BAD_LIMIT small.limits.steps: limit steps is NaN",
        "WAYSTONE_DEFINITION_BAD_VALUE small.limits.toolCalls.check: limit toolCalls: check is "now"; expected is one of "before", "after"",
        "WAYSTONE_DEFINITION_BAD_LIMIT small.limits.tokens: limit tokens is 1.5",
        "WAYSTONE_DEFINITION_BAD_LIMIT small.limits.costUsd: limit costUsd is -1",
        "WAYSTONE_DEFINITION_BAD_DURATION small.limits.duration.max: limit duration: max is "0s", which is no duration",
      ]
    `)
  })

  it('names that are not allowed or not unique (G3)', () => {
    const task = w.task({ run: () => {} })
    const edge = { done: END }
    const make = (nodes: object, edges: object): unknown => {
      const table = w.nodes(nodes as never) as { readonly [name: string]: never }
      const start = Object.values(table)[0]
      return w.workflow('named', { input: z.object({}), output: [], nodes: table, start, edges } as never)
    }
    expect(issuesOf(() => make({ '1st': task }, { '1st': edge }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_NAME named.nodes.1st: node name "1st" is no valid name",
      ]
    `)
    expect(issuesOf(() => make({ one: task, two: task }, { one: edge, two: edge }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_DUPLICATE named.nodes.two: one node has two names, "one" and "two"",
      ]
    `)
    expect(issuesOf(() => make({ constructor: task }, { constructor: edge }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_NAME named.nodes.constructor: node name "constructor" is no valid name",
      ]
    `)
    const common = w.nodes({ one: task, two: w.task({ run: () => {} }) })
    const again = { ...common, two: w.task({ run: () => {} }) }
    expect(issuesOf(() => make(again, { one: edge, two: edge }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_DUPLICATE named.nodes.two: node "two" is defined twice: in this table and in one that is spread into it",
      ]
    `)
    expect(issuesOf(() => make({ one: 'task' }, { one: edge }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_NODE named.nodes.one: node "one" is "task", not a node",
      ]
    `)
  })

  it('two guards or two tools of one name', () => {
    const twin = w.guard('isSmall', [], () => false)
    const other = defineTool({
      name: 'pay',
      description: 'Pays otherwise.',
      input: z.object({}),
      output: z.object({}),
      run: () => ({}),
    })
    const nodes = w.nodes({ one: w.tool(pay, { reads: ['order'] }), two: w.tool(other, {}) })
    const issues = issuesOf(() =>
      w.workflow('twins', {
        input: z.object({ order: z.string() }),
        output: [],
        nodes,
        start: nodes.one,
        edges: { one: { done: [{ when: isSmall, to: END }, { when: twin, to: END }, nodes.two] }, two: { done: END } },
      }),
    )
    expect(issues).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_DUPLICATE twins.tools.pay: two tools are named "pay"",
        "WAYSTONE_DEFINITION_DUPLICATE twins.guards.isSmall: two guards are named "isSmall"",
      ]
    `)
  })

  it('nodes and guards of another workflow or state, even one that looks the same', () => {
    const twin = defineState({ order: z.string() })
    const mine = defineState({ order: z.string() })
    const theirs = twin.nodes({ work: twin.task({ run: () => {} }) })
    const first = mine.nodes({ work: mine.task({ run: () => {} }) })
    const second = mine.nodes({ work: mine.task({ run: () => {} }) })
    const base = { input: z.object({}), output: [] }
    const here = twin.guard('here', ['order'], () => true)
    expect(
      issuesOf(() =>
        mine.workflow('w', { ...base, nodes: theirs, start: theirs.work, edges: { work: { done: END } } }),
      ),
    ).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_FOREIGN_STATE w.nodes.work: node "work" belongs to another state than workflow "w"",
      ]
    `)
    expect(
      issuesOf(() =>
        mine.workflow('w', { ...base, nodes: first, start: second.work, edges: { work: { done: second.work } } }),
      ),
    ).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_FOREIGN_NODE w.edges.work.done: edges.work.done names node "work" of another w.nodes table",
        "WAYSTONE_DEFINITION_FOREIGN_NODE w.start: start names node "work" of another w.nodes table",
      ]
    `)
    expect(
      issuesOf(() =>
        mine.workflow('w', {
          ...base,
          nodes: first,
          start: first.work,
          edges: { work: { done: [{ when: here, to: END }, END] } },
        }),
      ),
    ).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_FOREIGN_STATE w.guards.here: guard "here" belongs to another state than workflow "w"",
      ]
    `)
  })

  it('guards, tools and agents that are none', () => {
    expect(issuesOf(() => small({ edges: { work: { done: { when: () => true, to: END } } } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_GUARD small.edges.work.done: edges.work.done: found a function where a guard is expected",
      ]
    `)
    expect(issuesOf(() => small({ tool: { name: 'pay' } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_TOOL small.nodes.work: node "work": found an object where a tool is expected",
      ]
    `)
    const unnamed = defineTool({
      name: 'no name' as 'x',
      description: '',
      input: Note,
      output: Note,
      run: (note) => note,
    })
    expect(issuesOf(() => small({ tool: unnamed }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_NAME small.tools.no name: tool name "no name" is no valid name",
      ]
    `)
    const builder = defineState({ order: z.string() })
    const nodes = builder.nodes({ work: builder.agent({} as never, { reads: ['order'] } as never) })
    expect(
      issuesOf(() =>
        builder.workflow('w', {
          input: z.object({}),
          output: [],
          nodes,
          start: nodes.work,
          edges: { work: { done: END } },
        }),
      ),
    ).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_NODE w.nodes.work: node "work": found an object where an agent is expected",
      ]
    `)
  })

  it('a tool that is incomplete or holds what is not JSON', () => {
    const tool = defineTool({
      name: 'wait',
      input: z.object({}),
      output: z.object({ at: z.date() }),
      effect: 'safe',
    } as never)
    expect(issuesOf(() => small({ tool }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.tools.wait.output: tool "wait": output holds z.date() at at, which does not survive JSON",
        "WAYSTONE_DEFINITION_BAD_VALUE small.tools.wait.run: tool "wait": run is undefined; expected is a function",
        "WAYSTONE_DEFINITION_BAD_VALUE small.tools.wait.effect: tool "wait": effect is "safe"; expected is one of "pure", "idempotent", "keyed", "unsafe"",
        "WAYSTONE_DEFINITION_BAD_VALUE small.tools.wait.description: tool "wait": description is undefined; expected is text",
      ]
    `)
  })

  it('an approval of calls that is none', () => {
    const toolWith = (approval: unknown) => {
      const terms = { name: 'pay', description: '', input: z.object({}), output: z.object({}), run: () => ({}) }
      return defineTool({ ...terms, approval } as never)
    }
    expect(issuesOf(() => small({ tool: toolWith('always') }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_VALUE small.tools.pay.approval: tool "pay": approval is "always"; expected is true, false or an object",
      ]
    `)
    const bad = { when: 'over 100', role: 7, expiresIn: 'soon', canEdit: 'yes', who: 'boss' }
    expect(issuesOf(() => small({ tool: toolWith(bad) }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_UNKNOWN_KEY small.tools.pay.approval.who: approval of tool "pay" has no option "who"",
        "WAYSTONE_DEFINITION_BAD_VALUE small.tools.pay.approval.when: approval of tool "pay": when is "over 100"; expected is a function",
        "WAYSTONE_DEFINITION_BAD_VALUE small.tools.pay.approval.role: approval of tool "pay": role is 7; expected is text",
        "WAYSTONE_DEFINITION_BAD_DURATION small.tools.pay.approval.expiresIn: approval of tool "pay": expiresIn is "soon", which is no duration",
        "WAYSTONE_DEFINITION_BAD_VALUE small.tools.pay.approval.canEdit: approval of tool "pay": canEdit is "yes"; expected is true or false",
      ]
    `)
  })

  it('a node that is less careful than its tool', () => {
    expect(issuesOf(() => small({ tool: pay, node: { reads: ['order'], effect: 'pure' } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_VALUE small.nodes.work.effect: node "work": effect is pure, but its tool is unsafe",
      ]
    `)
  })

  it('policies on what is not there', () => {
    const make = (policy: object): unknown => {
      const nodes = w.nodes({ work: w.tool(lookUp, { reads: ['order'] }) })
      return w.workflow('policies', {
        input: z.object({ order: z.string() }),
        output: [],
        nodes,
        start: nodes.work,
        edges: { work: { done: END } },
        policies: [{ without: [nodes.work, 'done'], ...policy }] as never,
      })
    }
    expect(issuesOf(() => make({ never: pay }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_POLICY policies.policies.0: policy 0 is about tool "pay", which no node uses",
      ]
    `)
    expect(issuesOf(() => make({ never: 'pay', unless: true }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_UNKNOWN_KEY policies.policies.0.unless: policy 0 has no option "unless"",
        "WAYSTONE_DEFINITION_BAD_TOOL policies.policies.0: policy 0: found "pay" where a tool is expected",
      ]
    `)
    expect(issuesOf(() => make({ never: lookUp, without: ['work', 'done'] }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_MISSING_TARGET policies.policies.0: policies.0: found "work" where a target is expected",
      ]
    `)
    expect(issuesOf(() => make({ never: lookUp, without: [n.manager, 'approved'] }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_FOREIGN_NODE policies.policies.0: policies.0 names node "manager" of another w.nodes table",
      ]
    `)
    expect(issuesOf(() => make({ never: lookUp, without: 'work' }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_POLICY policies.policies.0: policy 0: without is "work"; expected is [n.node, 'outcome'] or 'approval'",
      ]
    `)
  })

  it('hearing what cannot be heard', () => {
    expect(issuesOf(() => small({ node: { hears: ['work', 'tone'] } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_UNKNOWN_NODE small.nodes.work.hears: node "work" hears "work", which is no gate, no approval, no join and no agent that hands over",
        "WAYSTONE_DEFINITION_UNKNOWN_NODE small.nodes.work.hears: node "work" hears "tone", which is no node",
      ]
    `)
  })

  it('input that is not of the state', () => {
    const config = { input: z.object({ orders: z.string(), at: z.date() }) }
    expect(issuesOf(() => small({ config }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_SCHEMA small.input: workflow "small": input holds z.date() at at, which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_UNKNOWN_STATE_KEY small.input: workflow "small": input has "orders", which is no state key",
        "WAYSTONE_DEFINITION_UNKNOWN_STATE_KEY small.input: workflow "small": input has "at", which is no state key",
      ]
    `)
    expect(issuesOf(() => small({ config: { input: z.string() } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_VALUE small.input: workflow "small": input is an object; expected is a z.object whose keys are state keys",
      ]
    `)
  })

  it('an approval whose edits or answer are not what it shows and the state holds', () => {
    const nodes = w.nodes({
      ask: w.approval({ show: ['order'], edits: ['reply'], response: z.object({ note: z.date() }) } as never),
    })
    expect(
      issuesOf(() =>
        w.workflow('ask', {
          input: z.object({ order: z.string() }),
          output: [],
          nodes,
          start: nodes.ask as never,
          edges: { ask: { approved: END, rejected: END, edited: END } } as never,
        }),
      ),
    ).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_UNKNOWN_STATE_KEY ask.nodes.ask.edits: node "ask": edits names "reply", which is not shown",
        "WAYSTONE_DEFINITION_BAD_SCHEMA ask.nodes.ask.response: node "ask": response holds z.date() at note, which does not survive JSON as it is",
        "WAYSTONE_DEFINITION_UNKNOWN_STATE_KEY ask.nodes.ask.response: node "ask": response has "note", which is no state key",
        "WAYSTONE_DEFINITION_UNKNOWN_OUTCOME ask.edges.ask.edited: node "ask" has no outcome "edited"",
      ]
    `)
  })

  it('nodes that are no table, and a name that is none', () => {
    expect(issuesOf(() => w.workflow('a name', { nodes: {}, edges: {} } as never))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_NAME a name: workflow name "a name" is no valid name",
        "WAYSTONE_DEFINITION_BAD_NODE a name.nodes: nodes is an object, not a table of nodes",
        "WAYSTONE_DEFINITION_BAD_VALUE a name.input: workflow "a name": input is undefined; expected is a z.object whose keys are state keys",
        "WAYSTONE_DEFINITION_MISSING_TARGET a name.start: start: found undefined where a target is expected",
      ]
    `)
  })
})
