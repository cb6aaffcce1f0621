import { describe, expect, it } from 'vitest'
import { transition, type AnyStateNode } from 'xstate'
import { HandRun, compileFixture } from '../../test/engine/hand-run.ts'
import { createEndScript, runLive } from '../../test/engine/live-machine.ts'
import { driveRandomly, randomInput } from '../../test/engine/random-script.ts'
import { readStates } from '../../test/engine/read-machine.ts'
import { randomGraph } from '../../test/graphs/random-graph.ts'
import { randomSource } from '../../test/graphs/random-source.ts'
import { check } from '../check/check.ts'
import { personTarget, type Graph } from '../graph/graph.ts'
import { regionsOf } from '../graph/regions.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { MachineEvent } from './machine-event.ts'

const seeds = Array.from({ length: process.env['WAYSTONE_LONG'] === '1' ? 5000 : 200 }, (_, seed) => seed)

function graphOf(seed: number): Graph {
  return randomGraph(seed, { nodes: 1 + (seed % 3), forks: true, limits: seed % 3 === 0 })
}

function decisionsOf(run: HandRun): readonly Decision[] {
  const decisions: Decision[] = []
  for (const { decision } of run.checkpoints)
    for (let one = decision ?? undefined; one !== undefined; one = one.next) decisions.push(one)
  return decisions
}

describe('random graphs with forks', { timeout: 120_000 }, () => {
  it('are accepted', () => {
    for (const seed of seeds) {
      const graph = graphOf(seed)
      const errors = check({ graph }).findings.filter(({ severity }) => severity === 'error')
      expect(
        errors.map(({ code, message }) => `${code} ${message}`),
        graph.name,
      ).toEqual([])
    }
  })

  it('keep the promises of plan, fire each join once and leave no fork behind (G7, invariant 2)', () => {
    const seen = { fired: 0, waited: 0, nested: 0, moved: 0, left: 0 }
    for (const seed of seeds) {
      const run = driveRandomly(new HandRun(compileFixture(graphOf(seed))), seed + 7, { isRough: seed % 2 === 0 })
      const decisions = decisionsOf(run)
      for (const { arrival, branches, next } of decisions) {
        if (arrival?.fires === null) seen.waited += 1
        if (branches !== undefined) seen.fired += 1
        if (branches !== undefined && next !== undefined) seen.nested += 1
        if (branches?.moved !== undefined) seen.moved += 1
        if ((branches?.left.length ?? 0) > 0) seen.left += 1
      }
      for (const join of regionsOf(run.compiled.graph).forks.keys()) {
        const fired = decisions.filter(({ node }) => node === join).length
        const forked = decisions.filter(({ taken }) =>
          run.compiled.graph.edges.some(({ id, fork }) => id === taken && fork?.join === join),
        ).length
        expect(run.context.visits[join] ?? 0, run.compiled.graph.name).toBe(fired)
        expect(fired).toBeLessThanOrEqual(forked)
      }
      expect(run.context.ending === null || run.context.forks === undefined).toBe(true)
      const open = Object.values(run.context.open)
      for (const fork of Object.values(run.context.forks ?? {})) {
        expect(Object.values(fork.branches)).toContain('running')
        expect(fork.fired).toBeUndefined()
        expect(open.length).toBeGreaterThan(0)
      }
    }
    expect(seen.fired).toBeGreaterThan(seeds.length / 3)
    expect(seen.waited).toBeGreaterThan(seeds.length / 3)
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(2)
  })

  it('become machines whose structure is the graph (G4)', () => {
    for (const seed of seeds) {
      const graph = graphOf(seed)
      const { machine } = compileFixture(graph)
      const states = readStates(machine).filter(({ type }) => type !== 'final')
      const nodes = states.filter(({ id }) => /^node:[^:]+$/.test(id)).map(({ id }) => id.slice('node:'.length))
      expect(new Set(nodes)).toEqual(new Set(Object.keys(graph.nodes)))
      for (const { join, branches } of regionsOf(graph).forks.values()) {
        const fork = states.find(({ id }) => id === `fork:${join.id}`)
        expect(fork?.type).toBe('parallel')
        const inside = Object.values(fork?.states ?? {}).map((branch) => new Set(below(branch)))
        expect(inside).toEqual(branches.map((branch) => branch.nodes))
      }
      expect(readEdges(machine.root)).toEqual(declaredEdges(graph))
    }
  })

  it("move as XState's public transition does", () => {
    let compared = 0
    for (const seed of seeds) {
      const compiled = compileFixture(graphOf(seed))
      const moves: [snapshot: Snapshot, event: MachineEvent, next: Snapshot][] = []
      const { runner, machine } = compiled
      const move = (snapshot: Snapshot, event: MachineEvent): Snapshot => {
        const next = runner.move(snapshot, event)
        moves.push([snapshot, event, next])
        return next
      }
      driveRandomly(new HandRun({ ...compiled, runner: { ...runner, move } }), seed, { most: 25 })
      for (const [snapshot, event, next] of moves) {
        const [moved] = transition(machine, machine.resolveState(snapshot), event)
        expect(JSON.stringify(atRest(moved))).toBe(JSON.stringify(next))
        compared += 1
      }
    }
    expect(compared).toBeGreaterThan(1000)
  })

  it('run under plain createActor and take the same edges (G4)', async () => {
    let edges = 0
    for (const seed of seeds) {
      const compiled = compileFixture(graphOf(seed))
      const input = randomInput(randomSource(seed))
      const live = await runLive(compiled, input, createEndScript(seed))
      const ends = new Map(live.taken.map((taken) => [taken, compiled.memo]))
      edges += ends.size
      expect(live.context.forks === undefined || !live.isDone).toBe(true)
      if (!live.isDone) continue
      for (const join of regionsOf(compiled.graph).forks.keys()) {
        const fired = live.taken.filter((taken) => taken.startsWith(`${join}.`)).length
        const skipped = live.context.ending?.status === 'exhausted' ? 1 : 0
        expect((live.context.visits[join] ?? 0) - fired).toBeLessThanOrEqual(skipped)
      }
    }
    expect(edges).toBeGreaterThan(500)
  })
})

/** What XState keeps beside these two follows from them. */
function atRest({ value, context }: { readonly value: unknown; readonly context: unknown }): object {
  return { value, context }
}

function below(state: AnyStateNode): readonly string[] {
  const own = /^node:[^:]+$/.test(state.id) ? [state.id.slice('node:'.length)] : []
  return [...own, ...Object.values(state.states).flatMap((inner) => below(inner))]
}

/** Edges as `node edge → target`, with what it may do instead at a join as a second line. */
function readEdges(root: AnyStateNode): ReadonlySet<string> {
  const lines = new Set<string>()
  for (const state of readStates(root.machine)) {
    for (const transitions of state.transitions.values()) {
      for (const { actions, target } of transitions) {
        const names = actions.map((action) => String(typeof action === 'object' ? action.type : action))
        const taken = names.find((name) => name.startsWith('take:'))
        const name = taken?.slice('take:'.length) ?? ''
        if (!/^[^.:]+\.[^:]+/.test(name) || name === 'limits.exhausted') continue
        lines.add(`${name} → ${target?.[0]?.id ?? ''}`)
      }
    }
  }
  return lines
}

function declaredEdges(graph: Graph): ReadonlySet<string> {
  const { homes, forks } = regionsOf(graph)
  const lines = new Set<string>()
  const idOf = (to: string): string => (to.startsWith(':') ? `state${to}` : `node:${to}`)
  for (const edge of graph.edges) {
    const home = homes.get(edge.from)?.at(-1)
    const ways = [{ name: edge.id, to: edge.to }]
    if (edge.otherwise !== null) ways.push({ name: `${edge.id}:otherwise`, to: edge.otherwise })
    for (const { name, to } of ways) {
      if (to === personTarget) continue
      const isFailure = to === ':fail' && edge.cancelsFork !== true
      if (to === ':fork') lines.add(`${name} → fork:${edge.fork?.join ?? ''}`)
      else if (home === undefined || (to !== home.join && !isFailure)) lines.add(`${name} → ${idOf(to)}`)
      else {
        lines.add(`${name} → ${idOf(home.join)}`)
        if (!isFailure || forks.get(home.join)?.join.failed !== 'raise')
          lines.add(`${name}:waits → branch:${home.join}:${home.branch}:joined`)
      }
    }
  }
  return lines
}
