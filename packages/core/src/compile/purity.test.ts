import { describe, expect, it } from 'vitest'
import { compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import { driveRandomly } from '../../test/engine/random-script.ts'
import { randomGraph } from '../../test/graphs/random-graph.ts'

/** No edge is taken more often than it may be, and no limit of the workflow is passed before its edge is taken. */
function expectWithinLimits({ compiled, snapshots }: HandRun): void {
  const { edges, limits } = compiled.graph
  for (const { context } of snapshots) {
    for (const { id, limit } of edges) expect(context.taken[id] ?? 0).toBeLessThanOrEqual(limit?.max ?? 0)
    if (context.exhausted !== null) return
    expect(context.steps).toBeLessThanOrEqual(limits.bounds.steps?.max ?? Infinity)
    expect(context.usage.modelCalls).toBeLessThanOrEqual(limits.bounds.modelCalls?.max ?? Infinity)
  }
}

function isFrozenDeep(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(isFrozenDeep)
}

describe('plan', () => {
  it('gives the same bytes for the same script, in another compilation too (R10, invariant 2)', () => {
    for (let seed = 0; seed < 60; seed++) {
      const texts = [1, 2].map(() => {
        const run = driveRandomly(new HandRun(compileFixture(randomGraph(seed, { limits: true }))), seed)
        return run.stored.map(({ text, hash }) => `${hash} ${text}`)
      })
      expect(texts[1]).toEqual(texts[0])
    }
  })

  it('keeps its promises over random graphs and rough scripts', () => {
    const statuses = new Map<string, number>()
    for (let seed = 0; seed < 150; seed++) {
      const run = driveRandomly(new HandRun(compileFixture(randomGraph(seed, { limits: seed % 2 === 0 }))), seed + 7)
      statuses.set(run.last.status, (statuses.get(run.last.status) ?? 0) + 1)
      expect(run.context.ending === null || Object.keys(run.context.open).length === 0).toBe(true)
      expectWithinLimits(run)
      for (const snapshot of run.snapshots) expect(isFrozenDeep(snapshot)).toBe(true)
    }
    expect([...statuses.keys()].toSorted()).toEqual(
      expect.arrayContaining(['cancelled', 'completed', 'exhausted', 'failed']),
    )
  })
})
