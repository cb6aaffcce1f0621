import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { check } from '../check/check.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import type { Workflow } from '../define/workflow.ts'
import { DefinitionError } from '../errors/definition-error.ts'
import { buildGraph, type BuiltGraph } from './build.ts'
import { parseGraph } from './parse.ts'

const shape = { order: z.string(), flags: z.boolean().optional(), amountUsd: z.number().optional() }
const w = defineState(shape)
const paid = w.event('paid', z.object({ amountUsd: z.number() }))
const stop = w.event('stop')

const oddEvent = (Reflect.get(w, 'event') as (name: string, payload: unknown) => object)('odd', 'x')

/** A wait as somebody may write it who has no types. */
function build(config: object, edges: object = { received: END }): BuiltGraph {
  const wait = Reflect.get(w, 'wait') as (config: object) => ReturnType<typeof w.wait>
  const n = w.nodes({ wait: wait(config) })
  const make = Reflect.get(w, 'workflow') as (name: string, config: object) => Workflow
  return buildGraph(
    make('waiting', {
      input: z.object({ order: z.string() }),
      output: [],
      nodes: n,
      start: n.wait,
      edges: { wait: edges },
    }),
  )
}

function issuesOf(config: object, edges?: object): readonly string[] {
  try {
    build(config, edges)
  } catch (error) {
    if (DefinitionError.isInstance(error))
      return error.issues.map(({ code, place, message }) => `${code} ${place.path}: ${message}`)
    throw error
  }
  return []
}

describe('a wait in the graph', () => {
  it('is a plain record, which reads back, and its events have their schemas', () => {
    const { graph, registry } = build(
      { for: paid, key: 'order', writes: ['amountUsd'], expiresIn: '2d' },
      {
        received: END,
        expired: END,
      },
    )
    expect(graph.nodes['wait']).toMatchObject({
      kind: 'wait',
      reads: ['order'],
      writes: ['amountUsd'],
      effect: 'pure',
      outcomes: ['received', 'expired', 'failed'],
      events: ['paid'],
      key: { stateKey: 'order' },
      delayMs: null,
      until: null,
      expiresInMs: 172_800_000,
    })
    expect(graph.events).toMatchObject({ paid: { payloadSchema: { type: 'object', required: ['amountUsd'] } } })
    expect(registry.events.get('paid')?.safeParse({ amountUsd: 'a' }).success).toBe(false)
    expect(parseGraph(JSON.stringify(graph))).toEqual(graph)
  })

  it('for several events has an outcome for each; for time it has done', () => {
    expect(build({ for: [paid, stop] }, { paid: END, stop: END }).graph.nodes['wait']).toMatchObject({
      outcomes: ['paid', 'stop', 'failed'],
      expiresInMs: null,
    })
    expect(build({ delay: '1h' }, { done: END }).graph.nodes['wait']).toMatchObject({
      outcomes: ['done'],
      delayMs: 3_600_000,
      events: [],
    })
    const { graph } = build({ until: () => 5, reads: ['order'] }, { done: END })
    expect(graph.nodes['wait']).toMatchObject({ outcomes: ['done', 'failed'], until: 'function' })
    expect(graph).not.toHaveProperty('events')
  })

  it('has the schema of its events and its key in the graph hash', () => {
    const hash = (config: object): string => build(config).hashes.graph
    const other = w.event('paid', z.object({ amountUsd: z.number().int() }))
    expect(hash({ for: other })).not.toBe(hash({ for: paid }))
    expect(hash({ for: paid, key: 'order' })).not.toBe(hash({ for: paid }))
    expect(hash({ for: paid, description: 'x' })).toBe(hash({ for: paid }))
  })

  it.each([
    [
      {},
      'WAYSTONE_DEFINITION_BAD_VALUE waiting.nodes.wait.for: node "wait": for is undefined; expected is given, or delay, or until',
    ],
    [{ for: paid, delay: '1h' }, 'WAYSTONE_DEFINITION_BAD_VALUE waiting.nodes.wait.for: '],
    [{ for: [] }, 'WAYSTONE_DEFINITION_BAD_VALUE waiting.nodes.wait.for: '],
    [{ for: 'paid' }, 'WAYSTONE_DEFINITION_BAD_EVENT waiting.nodes.wait.for: found "paid" where an event is expected'],
    [{ for: [paid, paid] }, 'WAYSTONE_DEFINITION_DUPLICATE waiting.nodes.wait.for: node "wait" waits for "paid" twice'],
    [
      { for: [paid, w.event('paid')] },
      'WAYSTONE_DEFINITION_DUPLICATE waiting.events.paid: two events are named "paid"',
    ],
    [{ for: w.event('done') }, 'WAYSTONE_DEFINITION_BAD_NAME waiting.events: event name "done" is no valid name'],
    [
      { for: defineState(shape).event('other') },
      'WAYSTONE_DEFINITION_FOREIGN_STATE waiting.events.other: event "other" belongs to another state',
    ],
    [
      { for: w.event('when', z.date()) },
      'WAYSTONE_DEFINITION_BAD_SCHEMA waiting.events.when: event "when" carries z.date()',
    ],
    [
      { for: oddEvent },
      'WAYSTONE_DEFINITION_BAD_SCHEMA waiting.events.odd: event "odd" carries "x", not what a zod schema describes',
    ],
    [{ for: paid, key: 'flags' }, 'WAYSTONE_DEFINITION_SHAPES_DIFFER waiting.nodes.wait.key: '],
    [{ for: paid, key: 'nothing' }, 'WAYSTONE_DEFINITION_UNKNOWN_STATE_KEY waiting.nodes.wait.key: '],
    [{ for: paid, key: 7 }, 'WAYSTONE_DEFINITION_BAD_VALUE waiting.nodes.wait.key: '],
    [
      { for: paid, writes: ['order'] },
      'WAYSTONE_DEFINITION_SHAPES_DIFFER waiting.nodes.wait.apply: node "wait": the output has no "order"',
    ],
    [{ for: stop, writes: ['order'] }, 'WAYSTONE_DEFINITION_SHAPES_DIFFER waiting.nodes.wait.apply: '],
    [{ for: paid, retry: { attempts: 2 } }, 'WAYSTONE_DEFINITION_UNKNOWN_KEY waiting.nodes.wait.retry: '],
    [{ delay: '-1h' }, 'WAYSTONE_DEFINITION_BAD_DURATION waiting.nodes.wait.delay: '],
    [{ delay: '1h', expiresIn: '2h' }, 'WAYSTONE_DEFINITION_UNKNOWN_KEY waiting.nodes.wait.expiresIn: '],
  ])('refuses %j', (config, issue) => {
    expect(issuesOf(config)[0]).toContain(issue)
  })

  it('refuses outcomes that it cannot have, and says why', () => {
    expect(issuesOf({ for: paid }, { received: END, expired: END })).toEqual([
      'WAYSTONE_DEFINITION_UNKNOWN_OUTCOME waiting.edges.wait.expired: node "wait" has no outcome "expired"',
    ])
    expect(issuesOf({ for: [paid, stop] }, { received: END, paid: END, stop: END })).toEqual([
      'WAYSTONE_DEFINITION_UNKNOWN_OUTCOME waiting.edges.wait.received: node "wait" has no outcome "received"',
    ])
  })

  it('refuses one name for two events of one run', () => {
    expect(() => buildGraph(outer(nestedOf(z.object({ amountUsd: z.number() }))))).not.toThrow()
    expect(() => buildGraph(outer(nestedOf(z.object({ id: z.string() }))))).toThrow(
      /event "paid" carries one thing in workflow "inner" and another in "outer"/,
    )
  })
})

const inner = defineState({ id: z.string() })

function nestedOf(carries: z.ZodObject): Workflow<{ id: string }> {
  const n = inner.nodes({ wait: inner.wait({ for: inner.event('paid', carries) }) })
  return inner.workflow('inner', {
    input: z.object({ id: z.string() }),
    output: [],
    nodes: n,
    start: n.wait,
    edges: { wait: { received: END } },
  })
}

function outer(nested: Workflow<{ id: string }>): Workflow<{ order: string }> {
  const n = w.nodes({
    own: w.wait({ for: paid }),
    inner: w.nested(nested, { reads: ['order'], input: ({ state }) => ({ id: state.order }) }),
  })
  return w.workflow('outer', {
    input: z.object({ order: z.string() }),
    output: [],
    nodes: n,
    start: n.own,
    edges: { own: { received: n.inner }, inner: { done: END } },
  })
}

describe('the bounds of a wait', () => {
  it('are one step, and its time where it has one', () => {
    const limited = (config: object, edges?: object): object => {
      const { steps, durationMs, modelCalls } = check(build(config, edges)).bounds
      return [steps.limited.max, modelCalls.limited.max, durationMs.limited.max, durationMs.limited.note]
    }
    expect(limited({ delay: '1h' }, { done: END })).toEqual([1, 0, 3_600_000, null])
    expect(limited({ for: paid, expiresIn: '2h' }, { received: END, expired: END })).toEqual([1, 0, 7_200_000, null])
    expect(limited({ for: paid })).toEqual([1, 0, null, 'unknown: wait "wait" does not expire'])
    expect(limited({ until: 'order' }, { done: END })).toEqual([1, 0, null, 'unknown: wait "wait" waits for a moment'])
  })

  it('refuses a way back to a wait without a limit', () => {
    const n = w.nodes({ wait: w.wait({ for: paid }) })
    const endless = w.workflow('endless', {
      input: z.object({ order: z.string() }),
      output: [],
      nodes: n,
      start: n.wait,
      edges: { wait: { received: n.wait } },
    })
    expect(check(buildGraph(endless)).findings.map(({ code }) => code)).toContain('WAYSTONE_DEFINITION_UNLIMITED_CYCLE')
  })
})
