import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { check } from '../check/check.ts'
import { boundsText } from '../../test/nested/bounds-text.ts'
import { threeLevels } from '../../test/nested/levels.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import type { Workflow } from '../define/workflow.ts'
import { DefinitionError } from '../errors/definition-error.ts'
import { buildGraph } from './build.ts'
import { compareGraphs } from './compare.ts'
import { parseGraph } from './parse.ts'
import { graphsOf, nodeAt, nodePathsOf } from './nested-graphs.ts'

const s = defineState({ text: z.string() })

/** A workflow around another one, or around a task. */
function around(
  inner: Workflow<{ text: string }, { text: string }> | null,
  name: string,
): Workflow<{ text: string }, { text: string }> {
  const n = s.nodes({
    inside:
      inner === null
        ? s.task({ effect: 'pure', reads: ['text'], writes: ['text'], run: ({ state }) => state })
        : (s.nested(inner, { reads: ['text'], writes: ['text'] }) as never),
  })
  return s.workflow(name, {
    input: z.object({ text: z.string() }),
    output: ['text'],
    nodes: n,
    start: n.inside,
    edges: { inside: { done: END } },
  })
}

function problemsOf(workflow: Workflow): string {
  try {
    buildGraph(workflow)
    return 'none'
  } catch (error) {
    return DefinitionError.isInstance(error)
      ? error.issues.map(({ code, message, place }) => `${place.path} ${code}: ${message}`).join('\n')
      : String(error)
  }
}

describe('a nested workflow in the graph', () => {
  it('is there whole, reads back, and is found by path', () => {
    const { graph } = buildGraph(threeLevels())
    expect(graphsOf(graph).map(({ name }) => name)).toEqual(['report', 'section', 'draft'])
    expect(nodePathsOf(graph)).toEqual([
      'section',
      'section/draft',
      'section/draft/write',
      'section/draft/count',
      'section/check',
      'section/editor',
      'publish',
      'sorry',
    ])
    expect(nodeAt(graph, 'section/draft/write')).toMatchObject({ graph: { name: 'draft' }, node: { kind: 'agent' } })
    expect(nodeAt(graph, 'section/nowhere')).toBeUndefined()
    expect(nodeAt(graph, 'publish/write')).toBeUndefined()
    expect(parseGraph(JSON.stringify(graph))).toEqual(graph)
  })

  it('is part of the identity of the one around it', () => {
    const one = buildGraph(threeLevels())
    const other = buildGraph(threeLevels({ inner: { steps: 7 } }))
    expect(one.hashes.graph).toBe(buildGraph(threeLevels()).hashes.graph)
    expect(other.hashes.graph).not.toBe(one.hashes.graph)
    expect(compareGraphs(one.graph, other.graph).map(({ path }) => path)).toEqual([
      'workflows.section.workflows.draft.limits.bounds.steps',
    ])
  })

  it('refuses a stored graph whose node nests what is not there', () => {
    const { graph } = buildGraph(around(around(null, 'inner'), 'outer'))
    const text = JSON.stringify({ ...graph, workflows: {} })
    expect(() => parseGraph(text)).toThrow('node inside names "inner", which is not in it')
  })

  it('is refused where it is no workflow, too deep, or another one of the same name', () => {
    let deep = around(null, 'level1')
    for (let level = 2; level <= 8; level++) deep = around(deep, `level${level}`)
    expect(problemsOf(deep)).toBe('none')
    expect(problemsOf(around(deep, 'level9'))).toBe(
      'level9.nodes.inside WAYSTONE_DEFINITION_BAD_NESTING: node "inside" makes 9 levels of workflows; 8 is the most',
    )
    expect(problemsOf(around({ name: 'none' } as never, 'odd'))).toBe(
      'odd.nodes.inside WAYSTONE_DEFINITION_BAD_NESTING: node "inside" nests an object, not a workflow',
    )
    const n = s.nodes({
      one: s.nested(around(null, 'inner'), { reads: ['text'], writes: ['text'] }),
      two: s.nested(around(null, 'inner'), { reads: ['text'], writes: ['text'] }),
    })
    const twice = s.workflow('twice', {
      input: z.object({ text: z.string() }),
      output: [],
      nodes: n,
      start: n.one,
      edges: { one: { done: n.two }, two: { done: END } },
    })
    expect(problemsOf(twice)).toBe(
      'twice.nodes.two WAYSTONE_DEFINITION_BAD_NESTING: node "two" nests another workflow of the name "inner" than a node before it',
    )
  })

  it('tells what is wrong inside with its own places, and shapes that do not fit', () => {
    const n = s.nodes({ bad: s.task({ run: 7 as never }) })
    const broken = s.workflow('broken', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.bad,
      edges: { bad: { done: END } },
    })
    expect(problemsOf(around(broken, 'outer'))).toContain('broken.nodes.bad')
    const o = defineState({ text: z.int() })
    const on = o.nodes({ inside: o.nested(around(null, 'inner'), { reads: ['text'] } as never) })
    const outer = o.workflow('outer', {
      input: z.object({ text: z.int() }),
      output: [],
      nodes: on,
      start: on.inside,
      edges: { inside: { done: END } },
    })
    expect(problemsOf(outer)).toBe(
      'outer.nodes.inside.input WAYSTONE_DEFINITION_SHAPES_DIFFER: node "inside": "text" is integer in the state, but string in the input',
    )
  })
})

describe('check of a nested workflow', () => {
  it('counts its worst case where it stands, each level with its own limits', () => {
    expect(boundsText(check(buildGraph(threeLevels())))).toMatchInlineSnapshot(`
      "steps: 386 / 386
      modelCalls: 336 / 336
      toolCalls: 0 / 0"
    `)
    expect(boundsText(check(buildGraph(threeLevels({ inner: { modelCalls: 4 } }))))).toMatchInlineSnapshot(`
      "steps: 386 / 386
      modelCalls: 8 / 8
      toolCalls: 0 / 0"
    `)
    expect(boundsText(check(buildGraph(threeLevels({ limits: { modelCalls: 5, steps: 12 } }))))).toMatchInlineSnapshot(`
      "steps: 386 / 12
      modelCalls: 336 / 5
      toolCalls: 0 / 0"
    `)
  })

  it('finds what is wrong inside it, once, and models that are not bound', () => {
    const report = check(buildGraph(threeLevels()), { models: {} })
    expect(report.findings.map(({ code, place }) => `${code} ${place.path}`)).toEqual([
      'WAYSTONE_DEFINITION_MODEL_UNBOUND draft.nodes.write',
    ])
  })
})

const pay = defineTool({
  name: 'pay',
  description: 'Pays.',
  input: z.object({ text: z.string() }),
  output: z.object({ text: z.string() }),
  run: (input) => input,
})

describe('policies over what is nested', () => {
  function paying(inside: 'approved' | 'rejected' | 'open', again = false): Workflow {
    const n = s.nodes({ pay: s.tool(pay, { reads: ['text'], writes: ['text'] }) })
    const inner = s.workflow('payment', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.pay,
      edges: { pay: { done: again ? { to: n.pay, limit: 1, otherwise: END } : END } },
    })
    const on = s.nodes({
      boss: s.approval({ show: ['text'] }),
      payment: s.nested(inner, { reads: ['text'], writes: ['text'] }),
    })
    const outer = s.workflow('outer', {
      input: z.object({ text: z.string() }),
      output: [],
      nodes: on,
      start: inside === 'open' ? on.payment : on.boss,
      edges: {
        boss: { approved: on.payment, rejected: inside === 'rejected' ? on.payment : END },
        payment: { done: END },
      },
      policies: [{ never: pay, without: [on.boss, 'approved'] }],
    })
    return outer
  }

  function findings(workflow: Workflow): readonly string[] {
    return check(buildGraph(workflow))
      .findings.filter(({ code }) => code.includes('POLICY'))
      .map(({ message }) => message)
  }

  it('hold when every path into it has crossed the outcome', () => {
    expect(findings(paying('approved'))).toEqual([])
  })

  it('are broken by a path into it that has not, or by a second run inside (G8)', () => {
    expect(findings(paying('rejected'))).toEqual([
      'tool "pay" in nested workflow "payment" can run without boss.approved: boss.rejected → payment; on this path boss.approved is not crossed',
    ])
    expect(findings(paying('approved', true))).toEqual([
      'tool "pay" in nested workflow "payment" may run more than once in one visit, but boss.approved covers one run: boss.approved → payment',
    ])
  })
})
