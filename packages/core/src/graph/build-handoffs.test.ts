import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { canonicalJson, type Json } from '../base/json.ts'
import { check } from '../check/check.ts'
import { defineAgent } from '../define/agent.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { DefinitionError } from '../errors/definition-error.ts'
import { buildGraph, type BuiltGraph } from './build.ts'
import { handoffInputSchema } from './handoff.ts'
import { parseGraph } from './parse.ts'

const w = defineState({ order: z.string(), reply: z.string().optional() })
const clash = defineTool({
  name: 'handoff_billing',
  description: 'Clashes.',
  input: z.object({}),
  output: z.object({}),
  run: () => ({}),
})
const base = { model: 'fast', instructions: 'Help.', reads: ['order'] as const }
const contract = z.object({ order: z.string().describe('Which one.'), note: z.string().nullable() })
const billing = { description: 'For invoices.', contract, slice: { last: 2 } as const, doneWhen: 'It is paid.' }

/** Handoffs and limits may be anything, as from untyped code. */
function build(handoffs: unknown, limits?: object, tools: readonly (typeof clash)[] = []): BuiltGraph {
  const n = w.nodes({
    support: w.agent({ ...base, tools, handoffs: handoffs as { billing: { description: string } } }),
    billing: w.agent({ ...base }),
    boss: w.approval({ show: ['order'], hears: ['support'] }),
    meet: w.join(),
  })
  const given = typeof limits === 'function' ? (limits as (nodes: typeof n) => object)(n) : limits
  return buildGraph(
    w.workflow('desk', {
      input: z.object({ order: z.string() }),
      output: ['reply'],
      nodes: n,
      start: n.support,
      edges: {
        support: { done: END, billing: { to: n.billing, limit: 1 } },
        billing: { done: n.boss },
        boss: { approved: END, rejected: END },
        meet: { done: END },
      },
      ...(given !== undefined && { limits: given }),
    }),
  )
}

function issuesOf(make: () => unknown): readonly string[] {
  try {
    make()
  } catch (error) {
    if (error instanceof DefinitionError)
      return error.issues.map(({ code, place, message }) => `${code} ${place.path}: ${message}`)
    throw error
  }
  return []
}

function supportOf({ graph }: BuiltGraph): unknown {
  const node = graph.nodes['support']
  return node?.kind === 'agent' ? node.handoffs : undefined
}

describe('handoffs in a graph', () => {
  it('are plain data, outcomes of their agent, and read back as they were written', () => {
    const built = build({ billing })
    expect(supportOf(built)).toEqual({
      billing: {
        description: 'For invoices.',
        contractSchema: expect.objectContaining({
          required: ['order', 'note'],
          additionalProperties: false,
        }) as unknown,
        slice: { last: 2 },
        doneWhen: 'It is paid.',
      },
    })
    expect(built.graph.nodes['support']?.outcomes).toEqual(['done', 'billing', 'failed'])
    expect(parseGraph(canonicalJson(built.graph as unknown as Json))).toEqual(built.graph)
  })

  it('ask a model for the contract, a reason, and a summary where that goes along', () => {
    const { graph } = build({ billing: { ...billing, slice: 'summary' } })
    const support = graph.nodes['support']
    const record = support?.kind === 'agent' ? support.handoffs?.['billing'] : undefined
    expect(record === undefined ? {} : handoffInputSchema(record)).toMatchObject({
      properties: { order: { description: 'Which one.' }, note: {}, reason: {}, summary: {} },
      required: ['order', 'note', 'reason', 'summary'],
      additionalProperties: false,
    })
  })

  it('change the graph hash by what is allowed, and the behaviour hash by their words', () => {
    const hashes = (change: object): BuiltGraph['hashes'] => build({ billing: { ...billing, ...change } }).hashes
    const before = hashes({})
    for (const change of [{ slice: 'all' }, { contract: z.object({}) }])
      expect(hashes(change).graph).not.toBe(before.graph)
    for (const change of [{ description: 'Other.' }, { doneWhen: 'Other.' }]) {
      expect(hashes(change).graph).toBe(before.graph)
      expect(hashes(change).behaviour).not.toBe(before.behaviour)
    }
    expect(build({ billing }, { handoffs: { max: 2 } }).hashes.graph).not.toBe(before.graph)
  })

  it('need no default: they are made only while one of their edges can be taken', () => {
    const findings = check({ graph: build({ billing }).graph }).findings.map(({ code }) => code)
    expect(findings).not.toContain('WAYSTONE_DEFINITION_LIMIT_WITHOUT_OTHERWISE')
    expect(findings).not.toContain('WAYSTONE_DEFINITION_HEARS_NOTHING')
  })

  it('belong to nodes, not to agents defined apart', () => {
    const agent = defineAgent({
      ...base,
      reads: undefined,
      input: z.object({}),
      output: z.object({}),
      handoffs: { billing },
    } as never)
    const n = w.nodes({ a: w.agent(agent, { apply: () => ({}) }) })
    const make = (): unknown =>
      buildGraph(
        w.workflow('apart', { input: z.object({}), output: [], nodes: n, start: n.a, edges: { a: { done: END } } }),
      )
    expect(issuesOf(make).join('\n')).toContain('node "a" has no option "handoffs"')
  })

  it('are refused, each with its place, when they are wrong', () => {
    expect(issuesOf(() => build({ billing: 'n.billing' }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_VALUE desk.nodes.support.handoffs.billing: node "support": billing is "n.billing"; expected is an object with a description",
        "WAYSTONE_DEFINITION_UNKNOWN_NODE desk.nodes.boss.hears: node "boss" hears "support", which is no gate, no approval, no join and no agent that hands over",
        "WAYSTONE_DEFINITION_UNKNOWN_OUTCOME desk.edges.support.billing: node "support" has no outcome "billing"",
      ]
    `)
    expect(issuesOf(() => build({ billing: {} }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_VALUE desk.nodes.support.handoffs.billing.description: handoff "billing" of node "support": description is undefined; expected is text",
      ]
    `)
    expect(issuesOf(() => build({ billing: { ...billing, slice: 'half' } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_VALUE desk.nodes.support.handoffs.billing.slice: handoff "billing" of node "support": slice is "half"; expected is 'all', { last: n }, 'summary', 'contract' or 'none'",
      ]
    `)
    expect(issuesOf(() => build({ billing: { ...billing, slice: { last: 0 } } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_VALUE desk.nodes.support.handoffs.billing.slice.last: handoff "billing" of node "support": last is 0; expected is a whole number, 1 or more",
      ]
    `)
    expect(issuesOf(() => build({ billing: { ...billing, contract: z.string() } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_VALUE desk.nodes.support.handoffs.billing.contract: handoff "billing" of node "support": contract is an object; expected is a zod object, z.object({ … })",
      ]
    `)
    expect(issuesOf(() => build({ billing: { ...billing, contract: z.object({ reason: z.string(), at: z.date() }) } })))
      .toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_SCHEMA desk.nodes.support.handoffs.billing.contract: handoff "billing" of node "support": contract holds z.date() at at, which does not survive JSON",
        "WAYSTONE_DEFINITION_BAD_SCHEMA desk.nodes.support.handoffs.billing.contract: handoff "billing" of node "support": contract has the key "reason", which every handoff has by itself",
      ]
    `)
    expect(issuesOf(() => build({ billing }, undefined, [clash]))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_DUPLICATE desk.nodes.support.handoffs.billing: handoff "billing" of node "support" is offered as handoff_billing, and the agent has a tool of that name",
      ]
    `)
    expect(issuesOf(() => build({ billing, done: billing, timeout: billing }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_NAME desk.nodes.support.handoffs.done: handoff "done" of node "support" has no valid name",
        "WAYSTONE_DEFINITION_BAD_NAME desk.nodes.support.handoffs.timeout: handoff "timeout" of node "support" has no valid name",
      ]
    `)
  })
})

describe('limits of handing over', () => {
  it('are data with an edge of each agent that hands over', () => {
    const { graph } = build({ billing }, (n: { boss: unknown }) => ({
      handoffs: {
        max: 3,
        perPair: 2,
        identical: 1,
        within: '5m',
        per: n.boss,
        escalateTo: { to: n.boss, cancelsFork: true },
      },
    }))
    expect(graph.limits.handoffs).toEqual({
      max: 3,
      perPair: 2,
      identical: 1,
      withinMs: 300_000,
      per: 'boss',
      escalateTo: 'boss',
      cancelsFork: true,
    })
    expect(graph.edges.at(-1)).toMatchObject({
      id: 'support:handoffs',
      outcome: ':handoffs',
      to: 'boss',
      limit: { max: 1, per: 'boss' },
      cancelsFork: true,
      place: { path: 'desk.limits.handoffs.escalateTo' },
    })
    expect(parseGraph(canonicalJson(graph as unknown as Json))).toEqual(graph)
  })

  it('are refused, each with its place, when they are wrong', () => {
    expect(issuesOf(() => build({ billing }, { handoffs: {} }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_LIMIT desk.limits.handoffs: limit handoffs bounds nothing",
      ]
    `)
    expect(issuesOf(() => build({ billing }, { handoffs: { max: -1, most: 2, within: 'soon' } })))
      .toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_UNKNOWN_KEY desk.limits.handoffs.most: limit handoffs has no option "most"",
        "WAYSTONE_DEFINITION_BAD_VALUE desk.limits.handoffs.max: limit handoffs: max is -1; expected is a whole number, 0 or more",
        "WAYSTONE_DEFINITION_BAD_DURATION desk.limits.handoffs.within: limit handoffs: within is "soon", which is no duration",
      ]
    `)
    expect(issuesOf(() => build({ billing }, { handoffs: { max: 1, per: END } }))).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_LIMIT desk.limits.handoffs.per: limit handoffs: per is an object, which is never entered",
      ]
    `)
    expect(issuesOf(() => build({ billing }, (n: { meet: unknown }) => ({ handoffs: { max: 1, escalateTo: n.meet } }))))
      .toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_MISSING_TARGET desk.limits.handoffs.escalateTo: escalateTo of limit handoffs leads to a join, where no branch has been",
      ]
    `)
    const n = w.nodes({ a: w.agent({ ...base }) })
    expect(
      issuesOf(() =>
        buildGraph(
          w.workflow('none', {
            input: z.object({ order: z.string() }),
            output: [],
            nodes: n,
            start: n.a,
            edges: { a: { done: END } },
            limits: { handoffs: { max: 1, escalateTo: END } },
          }),
        ),
      ),
    ).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_LIMIT none.limits.handoffs: limit handoffs is given, but no agent of this workflow hands over",
      ]
    `)
  })

  it('are read back only when they name nodes of the graph', () => {
    const { graph } = build({ billing }, { handoffs: { max: 1 } })
    const broken = { ...graph, limits: { ...graph.limits, handoffs: { max: 1, per: 'nobody', escalateTo: null } } }
    expect(() => parseGraph(canonicalJson(broken as unknown as Json))).toThrow('limits.handoffs names "nobody"')
  })
})
