import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { graphFixture, type GraphNotation } from '../../test/graphs/graph-fixture.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { buildGraph } from '../graph/build.ts'
import type { Graph, LimitName } from '../graph/graph.ts'
import { limitedNodes } from './needed-calls.ts'
import { subjectOf } from './moves.ts'

/** Nodes that limits hold for, those that every path needs in capitals. */
function needed(graph: Graph, limit: LimitName = 'tokens'): string {
  const nodes = limitedNodes(subjectOf(graph))
  return nodes.map(({ path, isNeeded }) => (isNeeded(limit) ? path.toUpperCase() : path)).join(' ')
}

const w = defineState({ text: z.string() })
const idle = { effect: 'pure', run: () => undefined } as const

const steps = w.nodes({ a: w.task(idle), b: w.task(idle), c: w.task(idle) })
const inner = w.workflow('inner', {
  input: z.object({ text: z.string() }),
  output: ['text'],
  nodes: steps,
  start: steps.a,
  edges: { a: { done: steps.b, failed: steps.c }, b: { done: END }, c: { done: steps.b } },
})

function outer(isCaught: boolean): Graph {
  const n = w.nodes({
    part: w.nested(inner, { reads: ['text'] }),
    each: w.map({ over: () => ['x'], item: inner, input: (text) => ({ text }), maxItems: 3 }),
  })
  const edges = { part: { done: n.each, ...(isCaught && { failed: END }) }, each: { done: END } }
  const parts = { input: z.object({ text: z.string() }), output: ['text'] as const, nodes: n, start: n.part }
  return buildGraph(w.workflow('outer', { ...parts, edges })).graph
}

describe('limitedNodes', () => {
  const forked = (failed: 'raise' | 'keep' | 'drop', atLeast: number | null): GraphNotation => ({
    nodes: { t: 'task', a: 'task', a2: 'task', b: 'task', j: { kind: 'join', failed, atLeast } },
    edges: {
      t: { done: { fork: ['a', 'b'], join: 'j' } },
      a: { done: 'a2' },
      a2: { done: 'j' },
      b: { done: 'j' },
      j: { done: ':end' },
    },
  })

  it('are needed when no path to an end does without them', () => {
    const nodes = { t: 'task', a: 'task', b: 'task', c: 'task' } as const
    const edges = {
      t: { done: [{ to: 'a', when: 'g' }, 'b'] },
      a: { done: 'c' },
      b: { done: 'c', failed: ':end' },
      c: { done: ':end' },
    }
    expect(needed(graphFixture({ nodes, edges }))).toBe('T a b c')
    expect(needed(graphFixture({ nodes, edges: { ...edges, b: { done: 'c' } } }))).toBe('T a b C')
  })

  it('are needed in branches that a join waits for, and not where it goes on without them', () => {
    expect(needed(graphFixture(forked('raise', null)))).toBe('T A A2 B J')
    expect(needed(graphFixture(forked('keep', null)))).toBe('T A a2 B J')
    expect(needed(graphFixture(forked('raise', 1)))).toBe('T a a2 b J')
  })

  it('are needed in nested workflows whose failures nobody catches, and never in items', () => {
    expect(needed(outer(false))).toBe('PART PART/A PART/B part/c EACH each/a each/b each/c')
    expect(needed(outer(true))).toBe('PART PART/A part/b part/c each each/a each/b each/c')
  })

  it('are not needed where another limit leads past them: any of a nested workflow, of the workflow itself any but the one that is asked about', () => {
    const n = w.nodes({
      poll: w.gate({ reads: ['text'], outcomes: ['again', 'ready'], decide: () => 'again' }),
      think: w.task(idle),
      cheap: w.task(idle),
    })
    const poller = w.workflow('poller', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.poll,
      edges: {
        poll: { again: { to: n.poll, limit: 50, otherwise: n.think }, ready: n.think },
        think: { done: END },
        cheap: { done: END },
      },
      limits: { steps: 6, exhausted: n.cheap },
    })
    const held = w.nodes({ hold: w.nested(poller, { reads: ['text'], writes: ['text'] }) })
    const holder = w.workflow('holder', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: held,
      start: held.hold,
      edges: { hold: { done: END } },
      limits: { tokens: 100 },
    })
    expect(needed(buildGraph(holder).graph)).toBe('HOLD HOLD/POLL hold/think hold/cheap')
    expect(needed(buildGraph(poller).graph)).toBe('POLL think')
    expect(needed(buildGraph(poller).graph, 'steps')).toBe('POLL THINK')
  })

  it('are not needed where another limit ends the run at once', () => {
    const nodes = { t: 'task', a: 'task' } as const
    const graph = graphFixture({
      nodes,
      edges: { t: { done: 'a' }, a: { done: 't' } },
      limits: { steps: 6, tokens: 9, exhausted: ':end' },
    })
    expect(needed(graph)).toBe('T a')
  })
})
