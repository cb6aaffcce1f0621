import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { check } from '../check/check.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import type { Workflow } from '../define/workflow.ts'
import { DefinitionError } from '../errors/definition-error.ts'
import { createRuntime } from '../run/create-runtime.ts'
import { buildGraph } from './build.ts'
import { parseGraph } from './parse.ts'

const w = defineState({ log: z.array(z.string()).optional() })
const priced = w.event('priced')
const ran: string[] = []
const noted = (name: string) => (): undefined => {
  ran.push(name)
}

interface Table {
  readonly nodes: object
  readonly edges: object
}

/** A workflow as somebody may write it who has no types; `quote` is its start. */
function workflowOf({ nodes, edges }: Table): Workflow {
  const table = w.nodes(nodes as { quote: ReturnType<typeof w.task> })
  const make = Reflect.get(w, 'workflow') as (name: string, config: object) => Workflow
  const given = typeof edges === 'function' ? (edges as (n: object) => object)(table) : edges
  return make('shop', { input: z.object({}), output: [], nodes: table, start: table.quote, edges: given })
}

function issuesOf(table: Table): readonly string[] {
  try {
    buildGraph(workflowOf(table))
  } catch (error) {
    if (DefinitionError.isInstance(error))
      return error.issues.map(({ code, place, message }) => `${code} ${place.path}: ${message}`)
    throw error
  }
  return []
}

/** The emitter, which never changes. */
const emitter = w.task({ effect: 'pure', run: noted('quote') })

describe('an edge that emits', () => {
  it('leads to the one node that is on the event, as any edge does', () => {
    const workflow = workflowOf({
      nodes: { quote: emitter, sell: w.task({ effect: 'pure', on: priced, run: noted('sell') }) },
      edges: { quote: { done: { emit: priced, limit: 2, otherwise: END } }, sell: { done: END } },
    })
    const { graph } = buildGraph(workflow)
    expect(graph.edges.find(({ id }) => id === 'quote.done')).toMatchObject({
      to: 'sell',
      emits: 'priced',
      limit: { max: 2, per: null },
      otherwise: ':end',
    })
    // Nothing is sent between nodes, so nothing of it is an event of the run.
    expect(graph).not.toHaveProperty('events')
    expect(parseGraph(JSON.stringify(graph))).toEqual(graph)
    expect(check(buildGraph(workflow)).findings).toEqual([])
  })

  it('starts every node that is on the event once; a late one needs no edit of the emitter (M5)', async () => {
    const join = w.join()
    // Written once: what emits knows the event and where the branches meet, and no node that is on it.
    const emits = { done: { emit: priced, join } }
    const subscriber = (name: string): object => w.task({ effect: 'pure', on: priced, run: noted(name) })
    const before = {
      nodes: { quote: emitter, stock: subscriber('stock'), join },
      edges: { quote: emits, stock: { done: join }, join: { done: END } },
    }
    const after = {
      nodes: { ...before.nodes, tax: subscriber('tax') },
      edges: { ...before.edges, tax: { done: join } },
    }
    for (const [table, expected] of [
      [before, ['quote', 'stock']],
      [after, ['quote', 'stock', 'tax']],
    ] as const) {
      ran.length = 0
      const workflow = workflowOf(table)
      expect(check(buildGraph(workflow)).findings).toEqual([])
      const runtime = createRuntime()
      const run = await runtime.start(workflow, { input: {} })
      expect(await run.result()).toMatchObject({ status: 'completed' })
      expect(ran.toSorted()).toEqual(expected)
      await runtime.close()
    }
    expect(buildGraph(workflowOf(after)).graph.edges.find(({ id }) => id === 'quote.done')).toMatchObject({
      to: ':fork',
      fork: { branches: ['stock', 'tax'], join: 'join' },
      emits: 'priced',
    })
  })

  it('counts in the bounds as the fork it is', () => {
    const join = w.join()
    const subscriber = (): object => w.task({ effect: 'pure', on: priced, run: noted('one') })
    const workflow = workflowOf({
      nodes: { quote: emitter, one: subscriber(), two: subscriber(), join },
      edges: { quote: { done: { emit: priced, join } }, one: { done: join }, two: { done: join }, join: { done: END } },
    })
    expect(check(buildGraph(workflow)).bounds.steps.limited.max).toBe(3)
  })

  it('is refused when nobody is on the event, or several are and nothing says where they meet', () => {
    const quote = { quote: { done: { emit: priced } } }
    expect(issuesOf({ nodes: { quote: emitter }, edges: quote })).toEqual([
      'WAYSTONE_DEFINITION_BAD_EMIT shop.edges.quote.done: edge quote.done emits "priced", and no node is on it',
    ])
    const subscriber = (): object => w.task({ effect: 'pure', on: [priced], run: noted('one') })
    expect(
      issuesOf({
        nodes: { quote: emitter, one: subscriber(), two: subscriber() },
        edges: { ...quote, one: { done: END }, two: { done: END } },
      }),
    ).toEqual([
      'WAYSTONE_DEFINITION_BAD_EMIT shop.edges.quote.done: edge quote.done emits "priced" to one, two and names no join',
    ])
  })

  it('is refused when the event carries something, is none, or no edge emits it', () => {
    const paid = w.event('paid', z.object({}))
    const on = (event: unknown): object =>
      (Reflect.get(w, 'task') as (config: object) => object)({ effect: 'pure', on: event, run: noted('one') })
    expect(
      issuesOf({ nodes: { quote: emitter, one: on(paid) }, edges: { quote: { done: END }, one: { done: END } } }),
    ).toEqual([
      'WAYSTONE_DEFINITION_BAD_EMIT shop.nodes.one.on: event "paid" carries something, so no edge can emit it',
    ])
    expect(
      issuesOf({ nodes: { quote: emitter, one: on(priced) }, edges: { quote: { done: END }, one: { done: END } } }),
    ).toEqual(['WAYSTONE_DEFINITION_BAD_EMIT shop.events.priced: one is on "priced", which no edge emits'])
    expect(issuesOf({ nodes: { quote: emitter }, edges: { quote: { done: { emit: 'priced' } } } })).toEqual([
      'WAYSTONE_DEFINITION_BAD_EVENT shop.edges.quote.done.emit: found "priced" where an event is expected',
    ])
    const table = { nodes: { quote: emitter, one: on(priced) }, edges: { quote: { done: { emit: priced, to: END } } } }
    expect(issuesOf(table)[0]).toContain('has no option "to"')
  })
})
