import { describe, expect, it } from 'vitest'
import { transition } from 'xstate'
import { HandRun, compileFixture } from '../../test/engine/hand-run.ts'
import { createEndScript, runLive } from '../../test/engine/live-machine.ts'
import { driveRandomly } from '../../test/engine/random-script.ts'
import { graphFixture } from '../../test/graphs/graph-fixture.ts'
import { meshGraph } from '../../test/graphs/mesh-graph.ts'
import { MeshModel, namesOf, type MeshPosition } from '../../test/graphs/mesh-model.ts'
import { randomSource } from '../../test/graphs/random-source.ts'
import { check } from '../check/check.ts'
import { forkRules } from '../check/fork-rules.ts'
import { subjectOf } from '../check/moves.ts'
import type { Graph } from '../graph/graph.ts'
import { regionsOf } from '../graph/regions.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { MachineEvent } from './machine-event.ts'

const seeds = Array.from({ length: process.env['WAYSTONE_LONG'] === '1' ? 5000 : 250 }, (_, seed) => seed)

/** Random graphs that are accepted: an edge may cancel a node that is not beside its own. */
function graphs(): readonly (readonly [number, Graph])[] {
  return seeds.flatMap((seed) => {
    const graph = graphFixture(meshGraph(seed))
    return forkRules.every((rule) => rule(subjectOf(graph), {}).length === 0) ? [[seed, graph] as const] : []
  })
}

function modelOf(graph: Graph): MeshModel {
  const region = regionsOf(graph).forks.get('meet')
  const order = region?.isMeshed === true ? region.branches.map(({ entry }) => entry) : [...(region?.nodes ?? [])]
  return new MeshModel(graph, order)
}

describe('random graphs whose branches meet', { timeout: 300_000 }, () => {
  it('are mostly accepted', () => {
    expect(graphs().length).toBeGreaterThan(seeds.length * 0.7)
    const meshed = graphs().filter(([, graph]) => regionsOf(graph).forks.get('meet')?.isMeshed === true)
    expect(meshed.length).toBeGreaterThan(seeds.length / 2)
  })

  it('run as a model that knows only their definition says: same nodes open, same outcome, whoever ends first (G7)', () => {
    const seen = { moves: 0, fired: new Set<string>(), skipped: 0, cancelled: 0 }
    for (const [seed, graph] of graphs()) {
      const random = randomSource(seed + 11)
      const truth = new Map<string, boolean>(['g0', 'g1', 'g2'].map((name) => [name, random.chance(0.5)]))
      const guards = new Map(Object.keys(graph.guards).map((name) => [name, () => truth.get(name) === true] as const))
      const run = new HandRun(compileFixture(graph, { guards }))
      const model = modelOf(graph)
      const begun = (edge: Graph['edges'][number]): readonly string[] =>
        namesOf(edge).filter((name) => {
          const when = edge.fork?.guarded?.[name]
          return when === undefined || ('guard' in when && truth.get(when.guard) === true)
        })
      run.start()
      run.end(0)
      const fork = graph.edges.find(({ id }) => id === 'plan.done')
      let position: MeshPosition | undefined = fork === undefined ? undefined : model.begin(begun(fork))
      while (position !== undefined && position.fired === null) {
        const open = Object.entries(run.context.open)
        expect(open.map(([, { node }]) => node).toSorted(), `${graph.name} ${run.taken.join(' ')}`).toEqual(
          model.running(position).toSorted(),
        )
        const [step, { node }] = random.pick(open)
        const outcomes = graph.nodes[node]?.outcomes ?? []
        const outcome = random.chance(0.1) ? 'failed' : random.pick(outcomes.filter((one) => one !== 'failed'))
        const edge = graph.edges.find((one) => one.from === node && one.outcome === outcome)
        run.end(Number(step), outcome)
        if (edge === undefined) throw new RangeError(`${node}.${outcome} has no edge`)
        position = model.end(position, edge, begun(edge))
        seen.moves += 1
      }
      const { fired } = position ?? { fired: null }
      seen.fired.add(fired ?? '')
      let decision = run.last.decision
      while (decision?.next !== undefined && decision.node !== 'meet') decision = decision.next
      expect(`${graph.name} ${decision?.node} ${decision?.outcome}`).toBe(`${graph.name} meet ${fired}`)
      seen.skipped += decision?.branches?.skipped?.length ?? 0
      seen.cancelled += decision?.branches?.cancelled?.length ?? 0
      expect(run.context.forks).toBeUndefined()
    }
    expect(seen.moves).toBeGreaterThan(seeds.length)
    expect([...seen.fired].toSorted()).toEqual(['done', 'failed', 'unsatisfied'])
    expect(seen.skipped).toBeGreaterThan(10)
    expect(seen.cancelled).toBeGreaterThan(2)
  })

  it("move as XState's public transition does, under rough scripts", () => {
    let compared = 0
    for (const [seed, graph] of graphs()) {
      const compiled = compileFixture(graph)
      const moves: [snapshot: Snapshot, event: MachineEvent, next: Snapshot][] = []
      const { runner, machine } = compiled
      const move = (snapshot: Snapshot, event: MachineEvent): Snapshot => {
        const next = runner.move(snapshot, event)
        moves.push([snapshot, event, next])
        return next
      }
      const run = driveRandomly(new HandRun({ ...compiled, runner: { ...runner, move } }), seed, { most: 25 })
      expect(run.context.ending === null || run.context.forks === undefined).toBe(true)
      for (const [snapshot, event, next] of moves) {
        const [moved] = transition(machine, machine.resolveState(snapshot), event)
        expect(JSON.stringify(atRest(moved))).toBe(JSON.stringify(next))
        compared += 1
      }
    }
    expect(compared).toBeGreaterThan(seeds.length * 2)
  })

  it('run under plain createActor (G4)', async () => {
    let done = 0
    for (const [seed, graph] of graphs()) {
      const live = await runLive(compileFixture(graph), {}, createEndScript(seed))
      expect(live.isDone, graph.name).toBe(true)
      expect(live.context.forks).toBeUndefined()
      done += 1
    }
    expect(done).toBeGreaterThan(seeds.length / 2)
  })

  it('do no more than check says, whatever the order in which they end', () => {
    const ratios: number[] = []
    for (const [, graph] of graphs()) {
      const exact = mostSteps(graph)
      const bound = check({ graph }).bounds.steps.graph.max ?? Infinity
      expect(bound, graph.name).toBeGreaterThanOrEqual(exact)
      ratios.push(bound / exact)
    }
    expect(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length).toBeLessThan(1.35)
  })
})

/** What XState keeps beside these two follows from them. */
function atRest({ value, context }: { readonly value: unknown; readonly context: unknown }): object {
  return { value, context }
}

/** The most steps of any run: guards hold or not at will, branches end in any order. */
function mostSteps(graph: Graph): number {
  const model = modelOf(graph)
  const known = new Map<string, number>()
  const best = (position: MeshPosition): number => {
    if (position.fired !== null)
      return graph.edges.some(({ from, outcome, to }) => from === 'meet' && outcome === position.fired && to === 'last')
        ? 1
        : 0
    const key = JSON.stringify([position.standing, position.ledBy, position.joined, position.failed])
    const before = known.get(key)
    if (before !== undefined) return before
    let most = 0
    for (const node of model.running(position)) {
      for (const edge of graph.edges.filter(({ from }) => from === node)) {
        for (const branches of choices(edge)) {
          const next = model.end(position, edge, branches)
          most = Math.max(most, next.begun.length + best(next))
        }
      }
    }
    known.set(key, most)
    return most
  }
  const fork = graph.edges.find(({ id }) => id === 'plan.done')
  const all = fork === undefined ? [] : choices(fork).map((branches) => model.begin(branches))
  return 1 + Math.max(...all.map((position) => position.begun.length + best(position)))
}

/** Which branches an edge may lead to. */
function choices(edge: Graph['edges'][number]): readonly (readonly string[])[] {
  const guarded = Object.keys(edge.fork?.guarded ?? {})
  const all = namesOf(edge)
  return Array.from({ length: 1 << guarded.length }, (_, bits) =>
    all.filter((name) => !guarded.includes(name) || (bits & (1 << guarded.indexOf(name))) !== 0),
  )
}
