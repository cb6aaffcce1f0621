import { describe, expect, it } from 'vitest'
import { graphFixture, type EdgeNotation, type NodeNotation } from '../../../test/graphs/graph-fixture.ts'
import { randomSource } from '../../../test/graphs/random-source.ts'
import type { Graph, HandoffLimitsRecord } from '../../graph/graph.ts'
import { escalationOutcome, handoffsOf } from '../../graph/handoff.ts'
import { check } from '../check.ts'

const seeds = Array.from({ length: process.env['WAYSTONE_LONG'] === '1' ? 5000 : 400 }, (_, seed) => seed)

const contractSchema = { type: 'object', properties: {}, additionalProperties: false }
const handoff = { description: '', contractSchema, slice: 'contract' as const }

/** Agents that hand over to each other as it comes, a limit of handing over, and perhaps a node that takes over. */
function randomDesk(seed: number): Graph {
  const random = randomSource(seed)
  const names = ['a', 'b', 'c', 'd'].slice(0, 2 + (seed % 3))
  const nodes: { [name: string]: NodeNotation } = {}
  const edges: { [name: string]: { [outcome: string]: EdgeNotation } } = {}
  for (const name of names) {
    const to = names.filter((other) => other !== name && random.chance(0.7))
    nodes[name] = {
      kind: 'agent',
      maxModelCalls: 1,
      handoffs: Object.fromEntries(to.map((other) => [other, handoff])),
      outcomes: ['done', ...to],
    }
    const way = (other: string): EdgeNotation => (random.chance(0.3) ? { to: other, limit: random.below(3) } : other)
    edges[name] = { done: ':end', ...Object.fromEntries(to.map((other) => [other, way(other)])) }
  }
  nodes['boss'] = 'task'
  edges['boss'] = { done: random.chance(0.5) ? ':end' : { to: 'a', limit: 1, otherwise: ':end' } }
  const graph = graphFixture({ name: `desk-${seed}`, nodes, edges, start: 'a' })
  const per = random.chance(0.3) ? 'boss' : null
  const limits: HandoffLimitsRecord = {
    max: random.below(5),
    ...(random.chance(0.5) && { perPair: random.below(3) }),
    per,
    escalateTo: random.chance(0.7) ? 'boss' : null,
  }
  return withLimits(graph, limits)
}

function withLimits(graph: Graph, handoffs: HandoffLimitsRecord): Graph {
  const { escalateTo, per } = handoffs
  const senders = Object.values(graph.nodes).filter((node) => Object.keys(handoffsOf(node)).length > 0)
  const edges =
    escalateTo === null
      ? []
      : senders.map(({ id }) => ({
          ...first(graph),
          id: `${id}${escalationOutcome}`,
          from: id,
          outcome: escalationOutcome,
          to: escalateTo,
          limit: { max: 1, per },
          otherwise: null,
        }))
  return { ...graph, edges: [...graph.edges, ...edges], limits: { ...graph.limits, handoffs } }
}

function first({ edges }: Graph): Graph['edges'][number] {
  const [edge] = edges
  if (edge === undefined) throw new RangeError('a graph without edges')
  return edge
}

interface Walking {
  readonly node: string
  /** Handoffs by pair. */
  readonly pairs: ReadonlyMap<string, number>
  readonly taken: ReadonlyMap<string, number>
  readonly hasEscalated: boolean
}

function counts(table: ReadonlyMap<string, number>): string {
  return [...table]
    .map(([name, count]) => `${name} ${count}`)
    .toSorted((left, right) => (left < right ? -1 : 1))
    .join()
}

/** The most visits of any run, by trying all; a run may do what the documentation says and nothing else. */
function mostVisits(graph: Graph): number {
  const known = new Map<string, number>()
  const { max = Infinity, perPair = Infinity, per = null, escalateTo = null } = graph.limits.handoffs ?? {}
  const visit = (at: Walking): number => {
    if (at.node.startsWith(':')) return 0
    const isFresh = at.node === per
    const now: Walking = isFresh ? { ...at, pairs: new Map(), hasEscalated: false } : at
    const key = JSON.stringify([now.node, counts(now.pairs), counts(now.taken), now.hasEscalated])
    const found = known.get(key)
    if (found !== undefined) return found
    let most = 0
    const outcomes = new Set(
      graph.edges
        .filter(({ from, outcome }) => from === now.node && outcome !== escalationOutcome)
        .map(({ outcome }) => outcome),
    )
    for (const outcome of outcomes) for (const next of ways(now, outcome)) most = Math.max(most, visit(next))
    known.set(key, most + 1)
    return most + 1
  }
  const ways = (at: Walking, outcome: string): Walking[] => {
    const edge = graph.edges.find((one) => one.from === at.node && one.outcome === outcome)
    if (edge === undefined || outcome === 'failed') return []
    const isHandoff = Object.hasOwn(handoffsOf(graph.nodes[at.node]), outcome)
    const used = at.taken.get(edge.id) ?? 0
    const isUsedUp = edge.limit !== null && used >= edge.limit.max
    const target = isUsedUp ? edge.otherwise : edge.to
    if (target === null) return []
    const taken = edge.limit === null || isUsedUp ? at.taken : new Map([...at.taken, [edge.id, used + 1]])
    if (!isHandoff) return [{ ...at, taken, node: target }]
    const pair = `${at.node}>${target}`
    const total = [...at.pairs.values()].reduce((sum, count) => sum + count, 0)
    const ofPair = at.pairs.get(pair) ?? 0
    if (total < max && ofPair < perPair)
      return [{ ...at, taken, node: target, pairs: new Map([...at.pairs, [pair, ofPair + 1]]) }]
    return escalateTo === null || at.hasEscalated ? [] : [{ ...at, node: escalateTo, hasEscalated: true }]
  }
  return visit({ node: graph.start, pairs: new Map(), taken: new Map(), hasEscalated: false })
}

describe('bounds of handoffs', { timeout: 300_000 }, () => {
  it('are never exceeded, whoever hands over to whom, and stay close', () => {
    const ratios: number[] = []
    for (const seed of seeds) {
      const graph = randomDesk(seed)
      const { findings, bounds } = check({ graph })
      if (findings.some(({ code }) => code === 'WAYSTONE_DEFINITION_UNLIMITED_CYCLE')) continue
      const exact = mostVisits(graph)
      expect(bounds.steps.graph.max, graph.name).toBeGreaterThanOrEqual(exact)
      ratios.push((bounds.steps.graph.max ?? Infinity) / exact)
    }
    expect(ratios.length).toBeGreaterThan(seeds.length * 0.8)
    expect(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length).toBeLessThan(1.6)
  })

  it('count all handoffs together, not each edge for itself', () => {
    const agent = (to: string): NodeNotation => ({
      kind: 'agent',
      maxModelCalls: 1,
      handoffs: { [to]: handoff },
      outcomes: ['done', to],
    })
    const plain = graphFixture({
      nodes: { a: agent('b'), b: agent('a'), boss: 'task' },
      edges: { a: { done: ':end', b: 'b' }, b: { done: ':end', a: 'a' }, boss: { done: ':end' } },
    })
    const bound = (limits: HandoffLimitsRecord): number | null =>
      check({ graph: withLimits(plain, limits) }).bounds.steps.graph.max
    expect(bound({ max: 5, per: null, escalateTo: null })).toBe(6)
    expect(bound({ max: 5, per: null, escalateTo: 'boss' })).toBe(7)
    expect(bound({ perPair: 2, per: null, escalateTo: 'boss' })).toBe(6)
    const { findings } = check({ graph: plain })
    expect(findings.find(({ code }) => code === 'WAYSTONE_DEFINITION_UNLIMITED_CYCLE')?.hint).toContain(
      'limits.handoffs',
    )
  })
})
