import { describe, expect, it } from 'vitest'
import { graphFixture, type GraphNotation, type NodeNotation } from '../../test/graphs/graph-fixture.ts'
import { meshGraph } from '../../test/graphs/mesh-graph.ts'
import { MeshModel, namesOf, type MeshPosition } from '../../test/graphs/mesh-model.ts'
import { randomSource } from '../../test/graphs/random-source.ts'
import { runRule } from '../../test/graphs/run-rule.ts'
import type { EdgeRecord, Graph } from '../graph/graph.ts'
import { regionsOf } from '../graph/regions.ts'
import { forkRules } from './fork-rules.ts'
import { subjectOf } from './moves.ts'
import { policies } from './policy/policies.ts'
import { parallelKeys } from './rules/parallel-keys.ts'
import { readBeforeWrite } from './rules/read-before-write.ts'
import { seesFork } from './rules/sees-fork.ts'

const seeds = Array.from({ length: process.env['WAYSTONE_LONG'] === '1' ? 5000 : 200 }, (_, seed) => seed)

function modelOf(graph: Graph): MeshModel {
  const region = regionsOf(graph).forks.get('meet')
  const order = region?.isMeshed === true ? region.branches.map(({ entry }) => entry) : [...(region?.nodes ?? [])]
  return new MeshModel(graph, order)
}

function isAccepted(graph: Graph): boolean {
  return forkRules.every((rule) => rule(subjectOf(graph), {}).length === 0)
}

/** One end of a node in a random walk through a mesh. */
interface WalkedEnd {
  readonly edge: EdgeRecord
  readonly begun: readonly string[]
}

/** Walks a mesh at random, guards as they fall, and tells of every end. @returns how its join fired */
function walkMesh(graph: Graph, seed: number, onEnd: (end: WalkedEnd) => void): string | null {
  const random = randomSource(seed)
  const model = modelOf(graph)
  const fork = graph.edges.find(({ id }) => id === 'plan.done')
  if (fork === undefined) throw new RangeError('plan does not fork')
  const begun = (edge: EdgeRecord): readonly string[] =>
    namesOf(edge).filter((name) => edge.fork?.guarded?.[name] === undefined || random.chance(0.5))
  let position: MeshPosition = model.begin(begun(fork))
  onEnd({ edge: fork, begun: position.begun })
  while (position.fired === null) {
    const node = random.pick(model.running(position))
    const edge = random.pick(graph.edges.filter(({ from }) => from === node))
    position = model.end(position, edge, begun(edge))
    onEnd({ edge, begun: position.fired === null ? position.begun : [] })
  }
  return position.fired
}

/** Whether `last`, or a branch, may begin before `key` has been written by the nodes that always write it. */
function mayLack(graph: Graph, reader: string, seed: number): boolean {
  let isWritten = false
  let lacks = false
  const fired = walkMesh(graph, seed, ({ edge, begun }) => {
    const writes = graph.nodes[edge.from]?.writes.includes('key') === true
    if (writes && edge.outcome !== 'failed') isWritten = true
    if (begun.includes(reader) && !isWritten) lacks = true
  })
  return lacks || (reader === 'last' && fired === 'done' && !isWritten)
}

describe('reads of branches that meet', { timeout: 120_000 }, () => {
  it('are found lacking whenever a run may lack them, and seldom otherwise', () => {
    const seen = { true: 0, missed: 0, alarms: 0, proven: 0 }
    for (const seed of seeds) {
      const random = randomSource(seed + 3)
      const plain = meshGraph(seed)
      const names = Object.keys(plain.nodes).filter((name) => name.startsWith('n'))
      const reader = random.chance(0.4) ? 'last' : random.pick(names)
      const writers = new Set(names.filter((name) => name !== reader && random.chance(0.4)))
      const nodes: { [name: string]: NodeNotation } = {}
      for (const [name, node] of Object.entries(plain.nodes)) {
        const record = node === 'task' ? ({ kind: 'task' } as const) : node
        const isPlain = typeof record !== 'string' && (record.kind === 'task' || record.kind === 'gate')
        if (isPlain && writers.has(name)) nodes[name] = { ...record, writes: ['key'] }
        else nodes[name] = isPlain && name === reader ? { ...record, reads: ['key'] } : node
      }
      const list = { schema: { type: 'array' }, merge: { rule: 'append', key: null }, optional: true } as const
      const graph = graphFixture({ ...plain, nodes, state: { key: {}, log: list } })
      if (!isAccepted(graph) || graph.nodes[reader]?.kind === 'join') continue
      const isFound = readBeforeWrite(subjectOf(graph), {}).some(({ place }) => place.path.includes(reader))
      const lacks = Array.from({ length: 40 }, (_, walk) => walk).some((walk) =>
        mayLack(graph, reader, seed * 1000 + walk),
      )
      if (lacks && !isFound) seen.missed += 1
      if (lacks && isFound) seen.true += 1
      if (!lacks && isFound) seen.alarms += 1
      if (!lacks && !isFound) seen.proven += 1
    }
    expect(seen.missed).toBe(0)
    expect(seen.true).toBeGreaterThan(seeds.length / 5)
    expect(seen.proven).toBeGreaterThan(seeds.length / 20)
    expect(seen.alarms).toBeLessThan(seeds.length / 10)
  })

  const both: GraphNotation = {
    state: ['x', 'y'],
    nodes: {
      plan: 'task',
      a: { kind: 'task', effect: 'pure', writes: ['x'] },
      b: { kind: 'task', effect: 'pure', writes: ['y'] },
      c: { kind: 'task', effect: 'pure', reads: ['x', 'y'] },
      meet: { kind: 'join' },
    },
    edges: {
      plan: { done: { fork: ['a', 'b'], join: 'meet' } },
      a: { done: 'c' },
      b: { done: 'c' },
      c: { done: 'meet' },
      meet: { done: ':end' },
    },
  }

  it('are sure behind two branches that both lead there', () => {
    expect(runRule(readBeforeWrite, both)).toBe('')
    expect(runRule(parallelKeys, both)).toBe('')
  })

  it('are not where one of the two may be left out, fail and be kept, or be cancelled', () => {
    const left = { ...both.edges, plan: { done: { fork: ['a?g', 'b'], join: 'meet' } } }
    expect(runRule(readBeforeWrite, { ...both, edges: left })).toContain('node "c" reads "x"')
    const kept = { ...both.nodes, meet: { kind: 'join', failed: 'keep' } } as const
    expect(runRule(readBeforeWrite, { ...both, nodes: kept })).toContain('node "c" reads "x"')
    const cancelled = { ...both.edges, b: { done: { to: 'c', cancels: ['a'] } } }
    expect(runRule(readBeforeWrite, { ...both, edges: cancelled })).toContain('node "c" reads "x"')
  })

  it('are refused where branches beside them write, and lists before they are in order', () => {
    const beside = { ...both.nodes, b: { kind: 'task', effect: 'pure', reads: ['x'], writes: ['y'] } } as const
    expect(runRule(parallelKeys, { ...both, nodes: beside })).toContain('node "b" reads "x", which "a" writes')
    const list = { merge: { rule: 'append', key: null }, schema: { type: 'array' } } as const
    const adding = { kind: 'task', effect: 'pure', writes: ['log'] } as const
    const reading = {
      ...both.nodes,
      a: adding,
      b: adding,
      c: { kind: 'task', effect: 'pure', reads: ['log'] },
    } as const
    expect(runRule(parallelKeys, { ...both, state: { log: list }, nodes: reading })).toContain(
      'its items come into their order only at "meet"',
    )
  })

  it('may be of the state as it was at the fork, in a branch', () => {
    const seeing = { kind: 'task', effect: 'pure', reads: ['x'], writes: ['y'], sees: 'fork' } as const
    const plan = { kind: 'task', effect: 'pure', writes: ['x'] } as const
    const fine = { ...both, nodes: { ...both.nodes, plan, b: seeing } }
    expect(runRule(parallelKeys, fine)).toBe('')
    expect(runRule(readBeforeWrite, fine)).toBe('')
    expect(runRule(seesFork, { ...both, nodes: { ...both.nodes, plan: { ...plan, sees: 'fork' } } })).toContain(
      'WAYSTONE_DEFINITION_SEES_NO_FORK at fixture.nodes.plan',
    )
  })

  it('may not be of what is written only since the fork, not even before them in their own branch', () => {
    const notation = (b: object): GraphNotation => ({
      nodes: {
        plan: { kind: 'task', effect: 'pure' },
        a: { kind: 'task', effect: 'pure', writes: ['x'] },
        b: { kind: 'task', effect: 'pure', reads: ['x'], ...b },
        c: 'task',
        meet: { kind: 'join' },
      },
      edges: {
        plan: { done: { fork: ['a', 'c'], join: 'meet' } },
        a: { done: 'b' },
        b: { done: 'meet' },
        c: { done: 'meet' },
        meet: { done: ':end' },
      },
    })
    expect(runRule(readBeforeWrite, notation({}))).toBe('')
    expect(runRule(readBeforeWrite, notation({ sees: 'fork' }))).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_READ_BEFORE_WRITE at fixture.nodes.b
        node "b" reads "x" as it was at the fork, which nothing had written on the path plan.done
        → Write "x" before (it is written by "a"), take it from the input, or make it optional in the state. Or let "b" read the state as it is: without sees: 'fork'."
    `)
  })
})

describe('policies of branches that meet', { timeout: 120_000 }, () => {
  it('are refused whenever a run may break them', () => {
    const seen = { broken: 0, missed: [] as string[], proven: 0, alarms: 0 }
    for (const seed of seeds) {
      const graph = graphFixture(meshGraph(seed, { hasPolicy: true }))
      const [policy] = graph.policies
      const hasBoth =
        graph.nodes['clear'] !== undefined && Object.values(graph.nodes).some(({ kind }) => kind === 'tool')
      if (!isAccepted(graph) || policy === undefined || !hasBoth) continue
      const isFound = policies(subjectOf(graph), {}).length > 0
      let isBroken = false
      for (let walk = 0; walk < 60; walk++) {
        let isCleared = false
        walkMesh(graph, seed * 1000 + walk, ({ edge, begun }) => {
          const node = graph.nodes[edge.from]
          if (edge.outcome !== 'failed' && node?.writes.includes('shown') === true) isCleared = false
          if (edge.from === 'clear' && edge.outcome === 'pass') isCleared = true
          for (const name of begun) {
            if (graph.nodes[name]?.kind !== 'tool') continue
            if (!isCleared) isBroken = true
            isCleared = false
          }
        })
      }
      if (isBroken && !isFound) seen.missed.push(graph.name)
      if (isBroken && isFound) seen.broken += 1
      if (!isBroken && isFound) seen.alarms += 1
      if (!isBroken && !isFound) seen.proven += 1
    }
    expect(seen.missed).toEqual([])
    expect(seen.broken).toBeGreaterThan(seeds.length / 20)
  })

  const asked: GraphNotation = {
    state: ['shown'],
    nodes: {
      plan: 'task',
      ask: { kind: 'approval', show: ['shown'] },
      price: { kind: 'task', effect: 'pure' },
      pay: { kind: 'tool', tool: 't' },
      write: { kind: 'task', effect: 'pure', writes: ['shown'] },
      meet: { kind: 'join' },
    },
    edges: {
      plan: { done: { fork: ['ask', 'price'], join: 'meet' } },
      ask: { approved: { fork: ['pay', 'write'], join: 'meet' }, rejected: 'meet' },
      price: { done: 'meet' },
      pay: { done: 'meet' },
      write: { done: 'meet' },
      meet: { done: ':end' },
    },
    policies: [{ never: 't', without: 'ask.approved' }],
  }

  it('are proven where the way leads through the yes, and not where another branch may undo it', () => {
    const quiet = { ...asked.nodes, write: 'task' } as const
    expect(runRule(policies, { ...asked, nodes: quiet })).toBe('')
    expect(runRule(policies, asked)).toContain('a branch that joins at "meet" may undo it meanwhile')
  })
})
