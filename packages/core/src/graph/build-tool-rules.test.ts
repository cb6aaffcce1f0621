import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { canonicalJson, type Json } from '../base/json.ts'
import { defineAgent } from '../define/agent.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { DefinitionError } from '../errors/definition-error.ts'
import { buildGraph, type BuiltGraph } from './build.ts'
import { compareGraphs, formatDifference } from './compare.ts'
import { parseGraph } from './parse.ts'
import { callEffectOf, callRetryOf } from './tool-use.ts'

const w = defineState({ isVerified: z.boolean(), reply: z.string().optional() })
const isVerified = w.guard('isVerified', ['isVerified'], (state) => state.isVerified)
const empty = { input: z.object({}), output: z.object({}), run: () => ({}) }
const lookUp = defineTool({ ...empty, name: 'look-up', description: 'Looks up.', effect: 'pure' })
const refund = defineTool({ ...empty, name: 'refund', description: 'Refunds.', effect: 'keyed' })
const slow = defineTool({ ...empty, name: 'slow', description: 'Slow.', effect: 'pure', retry: { attempts: 5 } })
const base = { model: 'fast', instructions: 'Help.', tools: [lookUp, refund, slow] }
const clerk = defineAgent({
  ...base,
  input: z.object({}),
  output: z.object({}),
  toolRules: { refund: { after: ['look-up'], maxCalls: 2, effect: 'unsafe' } },
})

/** Rules may be anything, as from untyped code. */
function build(toolRules: unknown, agent?: unknown): BuiltGraph {
  const rules = toolRules as object
  const n = w.nodes({
    a:
      agent === undefined
        ? w.agent({ ...base, toolRules: rules })
        : w.agent(agent as typeof clerk, { toolRules: rules }),
  })
  return buildGraph(
    w.workflow('desk', {
      input: z.object({ isVerified: z.boolean() }),
      output: ['reply'],
      nodes: n,
      start: n.a,
      edges: { a: { done: END } },
    }),
  )
}

function rulesOf({ graph }: BuiltGraph): unknown {
  const node = graph.nodes['a']
  return node?.kind === 'agent' ? node.toolRules : undefined
}

function issuesOf(toolRules: unknown, agent?: unknown): readonly string[] {
  try {
    build(toolRules, agent)
  } catch (thrown) {
    if (thrown instanceof DefinitionError)
      return thrown.issues.map(({ code, place, message }) => `${code} at ${place.path}: ${message}`)
    throw thrown
  }
  return []
}

describe('buildToolRules', () => {
  it('writes rules into the graph, and the guards that only they name (T1, T3)', () => {
    const built = build({ refund: { when: w.not(isVerified), after: ['look-up'], maxCalls: 1 }, 'look-up': {} })
    expect(rulesOf(built)).toEqual({
      refund: { when: { not: { guard: 'isVerified' } }, after: ['look-up'], maxCalls: 1 },
    })
    expect(built.graph.guards['isVerified']).toMatchObject({ reads: ['isVerified'] })
    expect(parseGraph(canonicalJson(built.graph as unknown as Json))).toEqual(built.graph)
  })

  it('says how a person is asked, instead of what the tool says (H1)', () => {
    const approval = { when: isVerified, role: 'boss', expiresIn: '1h', canEdit: false }
    const built = build({ refund: { approval }, slow: { approval: true }, 'look-up': { approval: false } })
    const rule = { when: 'always', role: null, reason: '', expiresInMs: null, canEdit: true, canAskBack: true }
    expect(rulesOf(built)).toEqual({
      refund: {
        approval: { ...rule, when: { guard: 'isVerified' }, role: 'boss', expiresInMs: 3_600_000, canEdit: false },
      },
      slow: { approval: rule },
      'look-up': { approval: null },
    })
    expect(parseGraph(canonicalJson(built.graph as unknown as Json))).toEqual(built.graph)
    expect(issuesOf({ refund: { approval: { when: () => true, who: 'boss' } } })).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_UNKNOWN_KEY at desk.nodes.a.toolRules.refund.approval.who: approval of node "a", rule for tool "refund" has no option "who"",
        "WAYSTONE_DEFINITION_BAD_GUARD at desk.nodes.a.toolRules.refund.approval.when: nodes.a.toolRules.refund.approval.when: found a function where a guard is expected",
      ]
    `)
    const apart = defineAgent({
      ...base,
      input: z.object({}),
      output: z.object({}),
      toolRules: { refund: { approval: { when: isVerified } } },
    } as never)
    expect(issuesOf(undefined, apart)).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_VALUE at desk.nodes.a.toolRules.refund.approval.when: approval of node "a", rule for tool "refund": when is an object; expected is nothing: an agent that is defined apart has no state",
      ]
    `)
  })

  it('leaves graphs without rules as they were', () => {
    expect(build(undefined).graph.nodes['a']).not.toHaveProperty('toolRules')
    expect(build({}).hashes).toEqual(build(undefined).hashes)
  })

  it('makes rules part of the identity of a graph', () => {
    const [plain, once, twice] = [build({}), build({ refund: { maxCalls: 1 } }), build({ refund: { maxCalls: 2 } })]
    expect(new Set([plain, once, twice].map(({ hashes }) => hashes.graph)).size).toBe(3)
    expect(compareGraphs(once.graph, twice.graph).map(formatDifference)).toEqual([
      'nodes.a.toolRules.refund.maxCalls: 1 → 2',
    ])
  })

  it('keeps the rules of an agent defined apart, and lets a node only be stricter', () => {
    expect(rulesOf(build(undefined, clerk))).toMatchObject({
      refund: { after: ['look-up'], maxCalls: 2, effect: 'unsafe' },
    })
    const stricter = { refund: { when: isVerified, after: ['slow'], maxCalls: 1 }, slow: { effect: 'keyed' } }
    expect(rulesOf(build(stricter, clerk))).toMatchObject({
      refund: { when: { guard: 'isVerified' }, after: ['look-up', 'slow'], maxCalls: 1, effect: 'unsafe' },
      slow: { effect: 'keyed' },
    })
    expect(issuesOf({ refund: { maxCalls: 3, effect: 'keyed' } }, clerk)).toEqual([
      'WAYSTONE_DEFINITION_BAD_VALUE at desk.nodes.a.toolRules.refund.effect: node "a", rule for tool "refund": effect is keyed, but its tool is unsafe',
      'WAYSTONE_DEFINITION_BAD_VALUE at desk.nodes.a.toolRules.refund.maxCalls: node "a", rule for tool "refund": maxCalls is 3, but its agent allows 2',
    ])
  })

  it('makes calls as careful as the rule says, with the retries of that class', () => {
    const { graph } = build({ refund: { effect: 'unsafe' }, slow: { effect: 'unsafe' } })
    const node = graph.nodes['a']
    if (node === undefined) throw new RangeError('no node')
    expect(node.outcomes).toContain('unknown')
    expect([callEffectOf(graph, node, 'refund'), callRetryOf(graph, node, 'refund')?.attempts]).toEqual(['unsafe', 1])
    expect([callEffectOf(graph, node, 'slow'), callRetryOf(graph, node, 'slow')?.attempts]).toEqual(['unsafe', 5])
    expect([callEffectOf(graph, node, 'look-up'), callRetryOf(graph, node, 'look-up')?.attempts]).toEqual(['pure', 3])
    expect(build({}).graph.nodes['a']?.outcomes).not.toContain('unknown')
  })

  it('takes alternates that can take the arguments, and have no conditions of their own (T4)', () => {
    const other = defineTool({ ...empty, name: 'other', description: 'Other.', effect: 'unsafe' })
    const picky = defineTool({ ...empty, name: 'picky', description: 'Picky.', input: z.object({ order: z.string() }) })
    const asking = defineTool({ ...empty, name: 'asking', description: 'Asking.', approval: true })
    const built = build({ 'look-up': { alternates: [slow, other], otherwise: { found: false } } })
    expect(rulesOf(built)).toEqual({ 'look-up': { alternates: ['slow', 'other'], otherwise: { found: false } } })
    expect(Object.keys(built.graph.tools)).toContain('other')
    expect(built.graph.nodes['a']?.outcomes).toContain('unknown')
    expect(parseGraph(canonicalJson(built.graph as unknown as Json))).toEqual(built.graph)
    const turned = build({ 'look-up': { alternates: [other, slow], otherwise: { found: false } } })
    expect(turned.hashes.graph).not.toBe(built.hashes.graph)
    expect(issuesOf({ 'look-up': { alternates: [picky, refund, asking, lookUp, 'slow'] }, refund: { maxCalls: 1 } }))
      .toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_SHAPES_DIFFER at desk.nodes.a.toolRules.look-up.alternates: node "a", rule for tool "look-up": alternate "picky" cannot take its arguments: it needs "order", which the arguments do not have",
        "WAYSTONE_DEFINITION_BAD_TOOL at desk.nodes.a.toolRules.look-up.alternates: node "a", rule for tool "look-up": found "slow" where a tool is expected",
        "WAYSTONE_DEFINITION_BAD_VALUE at desk.nodes.a.toolRules.look-up.alternates: node "a", rule for tool "look-up": alternates is a list; expected is a list of other tools",
        "WAYSTONE_DEFINITION_BAD_TOOL at desk.nodes.a.toolRules.look-up.alternates: node "a": its alternate "refund" has rules of its own (maxCalls), which it would not keep",
        "WAYSTONE_DEFINITION_BAD_TOOL at desk.nodes.a.toolRules.look-up.alternates: node "a": a person is asked before calls of its alternate "asking" run",
        "WAYSTONE_DEFINITION_BAD_TOOL at desk.nodes.a.toolRules.look-up.alternates: node "a": its alternate "look-up" has rules of its own (alternates), which it would not keep",
      ]
    `)
  })

  it('says all that is wrong, each at its place', () => {
    expect(
      issuesOf({
        pay: {},
        refund: { when: () => true, after: ['pay', 'look-up'], before: 'slow', maxCalls: -1, effect: 'pure' },
        slow: 3,
      }),
    ).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_TOOL at desk.nodes.a.toolRules.pay: node "a": toolRules names "pay", which is no tool of this agent",
        "WAYSTONE_DEFINITION_UNKNOWN_KEY at desk.nodes.a.toolRules.refund.before: node "a", rule for tool "refund" has no option "before"",
        "WAYSTONE_DEFINITION_BAD_GUARD at desk.nodes.a.toolRules.refund.when: nodes.a.toolRules.refund.when: found a function where a guard is expected",
        "WAYSTONE_DEFINITION_BAD_TOOL at desk.nodes.a.toolRules.refund.after: node "a", rule for tool "refund": after names "pay", which is no tool of this agent",
        "WAYSTONE_DEFINITION_BAD_VALUE at desk.nodes.a.toolRules.refund.effect: node "a", rule for tool "refund": effect is pure, but its tool is keyed",
        "WAYSTONE_DEFINITION_BAD_VALUE at desk.nodes.a.toolRules.refund.maxCalls: node "a", rule for tool "refund": maxCalls is -1; expected is a whole number, 0 or more",
        "WAYSTONE_DEFINITION_BAD_VALUE at desk.nodes.a.toolRules.slow: node "a": slow is 3; expected is an object of rules",
      ]
    `)
    expect(issuesOf(['refund'])).toMatchInlineSnapshot(`
      [
        "WAYSTONE_DEFINITION_BAD_VALUE at desk.nodes.a.toolRules: node "a": toolRules is a list; expected is an object",
      ]
    `)
    expect(issuesOf({}, { ...clerk, nothing: 1 })).toEqual([])
  })
})
