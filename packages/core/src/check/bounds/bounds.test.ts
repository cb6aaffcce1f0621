import { describe, expect, it } from 'vitest'
import { exhaustiveWalk } from '../../../test/graphs/exhaustive-walk.ts'
import { graphFixture, type GraphNotation } from '../../../test/graphs/graph-fixture.ts'
import { randomGraph } from '../../../test/graphs/random-graph.ts'
import { wildGraph } from '../../../test/graphs/wild-graph.ts'
import type { Graph } from '../../graph/graph.ts'
import { check } from '../check.ts'
import type { Bounds, CheckReport } from '../report.ts'
import type { CheckOptions } from '../rule.ts'
import { workOf, workSite } from './work.ts'

const seeds = Array.from({ length: process.env['WAYSTONE_LONG'] === '1' ? 20_000 : 600 }, (_, seed) => seed)

function boundsOf(notation: GraphNotation, options?: CheckOptions): Bounds {
  return check({ graph: graphFixture(notation) }, options).bounds
}

function hasCode(report: CheckReport, code: string): boolean {
  return report.findings.some((finding) => finding.code === code)
}

describe('bounds against exhaustive search', { timeout: 300_000 }, () => {
  it('are never exceeded and on average within 5 % of the exact worst case, for random graphs', () => {
    const ratios = seeds.map((seed) => {
      const graph = randomGraph(seed, {
        nodes: 2 + (seed % 5),
        maxLimit: 2,
        backEdges: 0.5,
      })
      return ratio(graph)
    })
    expect(mean(ratios)).toBeLessThan(1.05)
  })

  it('are never exceeded, and exactly the unbounded graphs are refused, for graphs whose limits reset anywhere', () => {
    let refused = 0
    const bounded: string[] = []
    const ratios: number[] = []
    for (const seed of seeds) {
      const graph = wildGraph(seed, { otherwise: 'end' })
      const report = check({ graph })
      if (hasCode(report, 'WAYSTONE_DEFINITION_UNREACHABLE')) continue
      if (hasCode(report, 'WAYSTONE_DEFINITION_UNLIMITED_CYCLE')) {
        refused++
        if (exhaustiveWalk(graph, () => 1) !== Infinity) bounded.push(graph.name)
      } else ratios.push(ratio(graph))
    }
    expect(bounded).toEqual([])
    expect(refused).toBeGreaterThan(seeds.length / 20)
    expect(mean(ratios)).toBeLessThan(1.05)
  })

  it('are never exceeded when otherwise leads anywhere too', () => {
    const accepted = seeds
      .map((seed) => wildGraph(seed, { otherwise: 'any' }))
      .filter((graph) => !hasCode(check({ graph }), 'WAYSTONE_DEFINITION_UNLIMITED_CYCLE'))
    expect(Math.min(...accepted.map((graph) => ratio(graph)))).toBeGreaterThanOrEqual(1)
  })

  it('are never exceeded by a run that a limit on steps sends to a node', () => {
    for (const seed of seeds) {
      const plain = randomGraph(seed, { nodes: 2 + (seed % 4), maxLimit: 1, kinds: ['task', 'gate'] })
      const exhausted = `n${seed % Object.keys(plain.nodes).length}`
      const limits = {
        ...plain.limits,
        bounds: { steps: { max: 1 + (seed % 6), check: 'before' as const } },
        exhausted,
      }
      const graph = { ...plain, limits }
      const exact = exhaustiveWalk(graph, () => 1)
      const { limited } = check({ graph }).bounds.steps
      expect(limited.max, graph.name).toBeGreaterThanOrEqual(exact ?? 0)
    }
  })

  /** Bound over exact, for steps; the bound on tool calls is looked at too. */
  function ratio(graph: Graph): number {
    const { steps, toolCalls } = check({ graph }).bounds
    const calls = exhaustiveWalk(graph, (node) => Number(workOf('toolCalls', node, workSite(graph, {})))) ?? 0
    expect(toolCalls.graph.max, graph.name).toBeGreaterThanOrEqual(calls)
    const exact = exhaustiveWalk(graph, (node) => Number(workOf('steps', node, workSite(graph, {})))) ?? 1
    expect(steps.graph.max, graph.name).toBeGreaterThanOrEqual(exact)
    return (steps.graph.max ?? Infinity) / exact
  }

  function mean(numbers: readonly number[]): number {
    return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
  }
})

describe('boundsOf', () => {
  const review: GraphNotation = {
    nodes: {
      draft: { kind: 'agent', maxModelCalls: 3 },
      look: { kind: 'gate', outcomes: ['good', 'bad'] },
      send: 'tool',
    },
    edges: {
      draft: { done: 'look' },
      look: { good: 'send', bad: { to: 'draft', limit: 2, otherwise: 'send' } },
      send: { done: ':end' },
    },
  }

  it('counts each round of a limited cycle and names the cycle', () => {
    const { steps, modelCalls, toolCalls } = boundsOf(review)
    expect(steps).toEqual({
      graph: { max: 13, note: null },
      limited: { max: 13, note: null },
      cycle: { nodes: ['draft', 'look'], edge: 'look.bad', times: 2, round: 4 },
    })
    expect(modelCalls.graph.max).toBe(9)
    expect(toolCalls).toMatchObject({ graph: { max: 1 }, cycle: null })
  })

  it('counts an agent as turns times one and its calls, and attempts as calls but not as steps', () => {
    const retry = { attempts: 3, backoffMs: 100, factor: 2, maxBackoffMs: 150, jitter: 0 }
    const { steps, modelCalls, toolCalls } = boundsOf({
      nodes: {
        dig: { kind: 'agent', tools: ['find'], maxModelCalls: 4, maxCallsPerTurn: 5 },
        send: { kind: 'tool', retry },
      },
      edges: { dig: { done: 'send' }, send: { done: ':end' } },
      tools: { find: { retry } },
    })
    expect(steps.graph.max).toBe(4 * (1 + 5) + 1)
    expect(modelCalls.graph.max).toBe(4)
    expect(toolCalls.graph.max).toBe(4 * 5 * 3 + 3)
  })

  it('multiplies an inner cycle by the rounds of the outer one when its limit is per node of that', () => {
    const { steps } = boundsOf({
      nodes: { outer: 'task', inner: { kind: 'gate', outcomes: ['again', 'back', 'good'] } },
      edges: {
        outer: { done: 'inner' },
        inner: {
          again: { to: 'inner', limit: { max: 2, per: 'outer' }, otherwise: ':end' },
          back: { to: 'outer', limit: 3, otherwise: ':end' },
          good: ':end',
        },
      },
    })
    expect(steps.graph.max).toBe(4 * (1 + 3))
    expect(steps.cycle).toEqual({ nodes: ['outer', 'inner'], edge: 'inner.back', times: 3, round: 4 })
  })

  it('knows tokens, cost and time where caps, prices and timeouts are given', () => {
    const caps = { maxModelCalls: 2, maxInputTokens: 1000, maxOutputTokens: 500, timeoutMs: 10_000 }
    const notation: GraphNotation = {
      nodes: { draft: { kind: 'agent', ...caps }, ask: { kind: 'approval', expiresInMs: 60_000 } },
      edges: { draft: { done: 'ask' }, ask: { approved: ':end', rejected: ':end', expired: ':end' } },
    }
    const { tokens, costUsd, durationMs } = boundsOf(notation, { prices: { fast: { inputUsd: 2, outputUsd: 10 } } })
    expect(tokens.graph.max).toBe(3000)
    expect(costUsd.graph.max).toBe(0.014)
    expect(durationMs.graph.max).toBe(80_000)
  })

  it('says why an amount is unknown', () => {
    const { tokens, costUsd, durationMs } = boundsOf(review)
    expect([tokens.graph, costUsd.graph, durationMs.graph]).toMatchInlineSnapshot(`
      [
        {
          "max": null,
          "note": "unknown: "draft" has no maxInputTokens",
        },
        {
          "max": null,
          "note": "unknown: no price for model "fast"",
        },
        {
          "max": null,
          "note": "unknown: "draft" has no timeout, "look" has no timeout, "send" has no timeout",
        },
      ]
    `)
  })

  it('takes the smaller of graph bound and limit, and adds the work after limits.exhausted', () => {
    const late: GraphNotation = {
      ...review,
      nodes: { ...review.nodes, tell: { kind: 'agent', maxModelCalls: 2 } },
      edges: { ...review.edges, tell: { done: ':end' } },
      limits: { steps: 6, exhausted: 'tell' },
    }
    const { steps, modelCalls, toolCalls } = boundsOf(late)
    expect(steps.graph.max).toBe(13)
    expect(steps.limited.max).toBe(6 + 2)
    expect(modelCalls.limited.max).toBe(8)
    expect(toolCalls.limited.max).toBe(1)
  })

  it('leaves limits out that cannot be hit', () => {
    const { steps } = boundsOf({ ...review, limits: { steps: 13, exhausted: ':end' } })
    expect(steps.limited).toEqual(steps.graph)
  })

  it('says that a call may go beyond a bound on tokens when its tokens are not capped', () => {
    const { tokens } = boundsOf({ ...review, limits: { tokens: 5000 } })
    expect(tokens.limited).toMatchInlineSnapshot(`
      {
        "max": 5000,
        "note": "and what the last call uses beyond it: "draft" has no maxInputTokens",
      }
    `)
  })

  it('bounds cost by the limit, since a call of known size is reserved, or by the calls that are left', () => {
    const capped: GraphNotation = {
      ...review,
      nodes: {
        ...review.nodes,
        draft: { kind: 'agent', maxModelCalls: 3, maxInputTokens: 50_000, maxOutputTokens: 50_000 },
      },
    }
    const options = { prices: { fast: { inputUsd: 1, outputUsd: 1 } } }
    expect(boundsOf({ ...capped, limits: { costUsd: 0.25 } }, options).costUsd.limited).toEqual({
      max: 0.25,
      note: null,
    })
    expect(boundsOf({ ...capped, limits: { modelCalls: 2 } }, options).costUsd.limited.max).toBe(0.2)
  })

  it('has no bound from a graph with a cycle without limit, and then the bound of the limits', () => {
    const { steps } = boundsOf({
      nodes: { a: { kind: 'gate', outcomes: ['on', 'off'] } },
      edges: { a: { on: 'a', off: ':end' } },
      limits: { steps: 7 },
    })
    expect(steps.graph).toEqual({ max: null, note: 'no bound: a cycle has no limit' })
    expect(steps.limited).toEqual({ max: 7, note: null })
  })
})
