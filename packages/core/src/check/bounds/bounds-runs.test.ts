import { describe, expect, it } from 'vitest'
import { compileFixture, HandRun } from '../../../test/engine/hand-run.ts'
import { randomInput } from '../../../test/engine/random-script.ts'
import { addUndo } from '../../../test/graphs/add-undo.ts'
import { exhaustiveWalk } from '../../../test/graphs/exhaustive-walk.ts'
import { randomGraph } from '../../../test/graphs/random-graph.ts'
import { randomSource, type RandomSource } from '../../../test/graphs/random-source.ts'
import { patchFor } from '../../../test/graphs/registry-for.ts'
import { offeredOutcomes } from '../../compile/request-digest.ts'
import type { OpenStep } from '../../snapshot/snapshot.ts'
import { check } from '../check.ts'
import { workOf, workSite } from './work.ts'

const seeds = Array.from({ length: process.env['WAYSTONE_LONG'] === '1' ? 5_000 : 250 }, (_, seed) => seed)
const kinds = ['task', 'task', 'tool', 'tool', 'gate', 'approval', 'wait'] as const

const error = { name: 'NodeError', code: 'WAYSTONE_NODE_THREW', message: 'no luck', retryable: true }

/** Whatever may come next in a run whose process does not die, and whose people do not say that something did not happen. */
function step(run: HandRun, random: RandomSource): void {
  const { open, closing } = run.context
  if (random.chance(0.01)) return void run.cancel()
  if (random.chance(0.02)) return void run.hold()
  if (run.context.held !== null) return void run.release()
  const [index, one] = random.pick([...Object.entries(open), ...Object.entries(closing)])
  if (open[index] === undefined) return void run.end(Number(index), random.pick(['done', 'failed', 'unknown']))
  if (one.kind === 'approval' || one.kind === 'resolve') {
    const offered = offeredOutcomes(run.compiled, run.context, Number(index)).filter(
      (name) => name !== 'did-not-happen',
    )
    const record = run.compiled.graph.nodes[one.node]
    const outcome = random.pick(offered)
    return void run.decide(Number(index), outcome, {
      ...(outcome === 'edited' && record !== undefined && { patch: patchFor(record, run.state) }),
    })
  }
  if (one.kind === 'wait') return waited(run, random, [index, one])
  if (one.kind === 'prepare') return void run.end(Number(index), 'begun', { output: { key: 'x' } })
  work(run, random, [index, one])
}

function waited(run: HandRun, random: RandomSource, [index, { expiresAt }]: readonly [string, OpenStep]): void {
  if (expiresAt !== undefined && random.chance(0.5)) return void run.timer(`expire/${index}`, expiresAt)
  const message = { event: 'e0', key: 'x', payload: null }
  run.feed({ type: 'event.received', from: 'caller', payload: { message } })
  if (expiresAt !== undefined && run.context.open[index]?.kind === 'wait') run.timer(`expire/${index}`, expiresAt)
}

function work(run: HandRun, random: RandomSource, [index, one]: readonly [string, OpenStep]): void {
  const record = run.compiled.graph.nodes[one.node]
  const draw = random.below(20)
  if (draw < 3) return void run.end(Number(index), 'failed', { error: { ...error, retryable: draw < 2 } })
  if (draw === 3 && (record?.effect === 'unsafe' || one.undoes !== undefined))
    return void run.end(Number(index), 'unknown')
  const own = record?.outcomes.filter((name) => !['failed', 'timeout', 'unknown', 'expired'].includes(name)) ?? ['done']
  const outcome = one.undoes === undefined ? random.pick(own) : 'done'
  const writes = record !== undefined && record.kind !== 'gate' && one.undoes === undefined
  run.end(Number(index), outcome, writes ? { patch: patchFor(record, run.state) } : {})
}

describe('bounds of graphs that wait and undo', { timeout: 300_000 }, () => {
  it('are never exceeded by any walk that waits, and stay close', () => {
    const ratios = seeds.map((seed) => {
      const graph = randomGraph(seed, { nodes: 2 + (seed % 5), kinds, maxLimit: 2, backEdges: 0.5 })
      const exact = exhaustiveWalk(graph, (node) => Number(workOf('steps', node, workSite(graph, {}))))
      const { max } = check({ graph }).bounds.steps.graph
      expect(max, graph.name).toBeGreaterThanOrEqual(exact ?? 0)
      return (max ?? 0) / (exact ?? 1)
    })
    expect(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length).toBeLessThan(1.05)
  })

  it('are never exceeded by a run that is cancelled, held, waits and undoes what it did (B1)', () => {
    const seen = { waits: 0, undone: 0, limited: 0, full: 0 }
    for (const seed of seeds) {
      const random = randomSource(seed)
      const plain = randomGraph(seed, {
        nodes: 2 + (seed % 5),
        kinds,
        maxLimit: 2,
        backEdges: 0.7,
        limits: seed % 4 !== 0,
      })
      const graph = addUndo(plain, random)
      const report = check({ graph })
      expect(
        report.findings.filter(({ severity }) => severity === 'error'),
        graph.name,
      ).toEqual([])
      const run = new HandRun(compileFixture(graph), { isUnchecked: true })
      run.start(randomInput(random))
      const isOver = (): boolean => run.context.ending !== null && Object.keys(run.context.closing).length === 0
      for (let moves = 0; moves < 300 && !isOver(); moves++) step(run, random)
      const { steps, toolCalls } = report.bounds
      const told = `${graph.name}: ${run.context.steps} steps, ${run.context.usage.toolCalls} tool calls`
      expect(run.context.steps, told).toBeLessThanOrEqual(steps.limited.max ?? Infinity)
      expect(run.context.usage.toolCalls, told).toBeLessThanOrEqual(toolCalls.limited.max ?? Infinity)
      if (run.checkpoints.some(({ step: ended }) => ended?.kind === 'receive')) seen.waits += 1
      if (run.checkpoints.some(({ step: ended }) => ended?.kind === 'compensate')) seen.undone += 1
      if (run.context.exhausted !== null) seen.limited += 1
      if (run.context.steps === steps.limited.max) seen.full += 1
    }
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(seeds.length / 200)
  })
})
