import { describe, expect, it } from 'vitest'
import { compileFixture, HandRun } from '../../../test/engine/hand-run.ts'
import { driveRandomly } from '../../../test/engine/random-script.ts'
import { randomGraph } from '../../../test/graphs/random-graph.ts'
import { randomSource } from '../../../test/graphs/random-source.ts'
import type { Graph } from '../../graph/graph.ts'
import { check } from '../check.ts'

const seeds = Array.from({ length: process.env['WAYSTONE_LONG'] === '1' ? 3000 : 250 }, (_, seed) => seed)

/** A random graph, with or without forks, that stalls after a few edges and goes on anywhere outside of branches. */
function stallingGraph(seed: number): Graph {
  const random = randomSource(seed)
  const graph = randomGraph(seed, { forks: seed % 2 === 0 })
  const forked = new Set(graph.edges.flatMap(({ fork }) => fork?.branches ?? []))
  const free = Object.values(graph.nodes).filter(({ kind, id }) => kind !== 'join' && !forked.has(id))
  const target = (): string => (random.chance(0.2) ? ':fail' : random.pick(free).id)
  const watch = random.chance(0.5) ? ['k0'] : null
  const stall = {
    transitions: 1 + random.below(3),
    watch,
    to: target(),
    limit: 1 + random.below(2),
    otherwise: target(),
  }
  return { ...graph, limits: { ...graph.limits, stall } }
}

describe('bounds of workflows that may stall (R6)', () => {
  it('are never exceeded, however often a run stalls and wherever it goes on', () => {
    let [stalls, runs] = [0, 0]
    for (const seed of seeds) {
      const graph = stallingGraph(seed)
      const { findings, bounds } = check({ graph })
      // Some lead into the middle of a branch, or to a node that lacks what it reads.
      if (findings.some(({ severity }) => severity === 'error')) continue
      const run = new HandRun(compileFixture(graph), { isUnchecked: true })
      driveRandomly(run, seed, { isRough: false, most: 400 })
      runs += 1
      stalls += run.context.stall?.times ?? 0
      const { max } = bounds.steps.graph
      expect(run.context.steps, `seed ${seed}`).toBeLessThanOrEqual(max ?? Number.POSITIVE_INFINITY)
      expect(run.context.stall?.times ?? 0, `seed ${seed}`).toBeLessThanOrEqual((graph.limits.stall?.limit ?? 0) + 2)
    }
    expect(runs).toBeGreaterThan(seeds.length / 3)
    expect(stalls).toBeGreaterThan(runs / 4)
  })
})
