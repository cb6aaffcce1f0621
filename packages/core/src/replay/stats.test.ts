import { describe, expect, it } from 'vitest'
import { answer, beginning, calls, compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import { driveRandomly } from '../../test/engine/random-script.ts'
import { storeOf } from '../../test/engine/stored-run.ts'
import { randomGraph } from '../../test/graphs/random-graph.ts'
import { addUsage, noUsage } from '../snapshot/usage.ts'
import { readStats } from './stats.ts'

const retry = { attempts: 2, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 }
const compiled = compileFixture({
  name: 'counted',
  tools: { look: { effect: 'pure', retry }, send: 'pure' },
  nodes: { a: { kind: 'agent', tools: ['look'] }, send: 'tool' },
  edges: { a: { done: 'send' }, send: { done: ':end' } },
})

/** One run of 7 effects: 2 model calls, 3 tries of 2 tool calls, the tool node. */
function countedRun(runId: string): HandRun {
  const run = new HandRun(compiled, { runId, tick: 100 })
  run.start({})
  run.end(0, 'done', {
    ...calls(['c1', 'look'], ['c2', 'look']),
    model: 'm-1',
    usage: { inputTokens: 10, costUsd: 0.1 },
  })
  run.end(1, 'failed', { error: { name: 'NodeError', code: 'X', message: 'x', retryable: true } })
  run.end(1, 'done', { result: 1 })
  run.end(2, 'done', { result: 2 })
  run.end(3, 'done', { ...answer(), model: 'm-1', usage: { outputTokens: 5 } })
  run.end(4, 'done')
  return run
}

describe('readStats', () => {
  it('counts runs, nodes, agents, models and tools as one would by hand', async () => {
    const cancelled = new HandRun(compiled, { runId: 'cancelled', tick: 100 })
    cancelled.start({})
    cancelled.end(0, 'done', { ...calls(['c1', 'look']), usage: {} })
    cancelled.cancel()
    cancelled.end(1, 'failed')
    const waiting = new HandRun(compiled, { runId: 'waiting' })
    waiting.start({})
    const rows = await readStats(await storeOf(countedRun('one'), cancelled, waiting))
    const brief = rows.map(({ group, name, count, succeeded, failed, calledOff, usage, medianMs, p95Ms }) => {
      const { modelCalls, toolCalls, inputTokens, outputTokens, costUsd } = usage
      return [
        group,
        name,
        count,
        succeeded,
        failed,
        calledOff,
        `${modelCalls} ${toolCalls} ${inputTokens} ${outputTokens} ${costUsd}`,
        medianMs,
        p95Ms,
      ]
    })
    expect(brief).toEqual([
      ['workflow', 'counted', 2, 1, 0, 1, '3 5 10 5 0.1', 600, 600],
      ['node', 'counted/a', 7, 5, 1, 1, '3 4 10 5 0.1', 100, 300],
      ['node', 'counted/send', 1, 1, 0, 0, '0 1 0 0 0', 100, 100],
      ['agent', 'counted/a', 7, 5, 1, 1, '3 4 10 5 0.1', 100, 300],
      ['model', 'fast', 3, 3, 0, 0, '3 0 10 5 0.1', 100, 100],
      ['tool', 'look', 4, 2, 1, 1, '0 4 0 0 0', 100, 300],
      ['tool', 'send', 1, 1, 0, 0, '0 1 0 0 0', 100, 100],
    ])
  })

  it('agrees with what the runs themselves have used', async () => {
    const runs = Array.from({ length: 20 }, (_, seed) =>
      driveRandomly(new HandRun(compileFixture(randomGraph(seed)), { runId: `r${seed}` }), seed),
    )
    const rows = await readStats(await storeOf(...runs))
    const total = runs.reduce((sum, { context }) => addUsage(sum, context.usage), noUsage)
    for (const group of ['workflow', 'node'] as const) {
      const sum = rows.filter((row) => row.group === group).reduce((usage, row) => addUsage(usage, row.usage), noUsage)
      expect(sum).toEqual(total)
    }
    const tools = rows.filter((row) => row.group === 'tool').reduce((sum, row) => sum + row.usage.toolCalls, 0)
    expect(tools).toBe(total.toolCalls)
    const ended = runs.filter(({ context }) => context.ending !== null).length
    expect(rows.filter((row) => row.group === 'workflow').reduce((sum, row) => sum + row.count, 0)).toBe(ended)
  })

  it('takes a period and a workflow, more runs than fit a page, and none', async () => {
    const runs = Array.from({ length: 120 }, (_, index) => countedRun(`run-${index}`))
    const store = await storeOf(...runs)
    expect((await readStats(store, { workflow: 'counted' }))[0]?.count).toBe(120)
    expect(await readStats(store, { workflow: 'other' })).toEqual([])
    expect(await readStats(store, { since: beginning + 1e6 })).toEqual([])
    expect(await readStats(await storeOf())).toEqual([])
  })
})
