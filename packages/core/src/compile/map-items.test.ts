import { describe, expect, it } from 'vitest'
import { compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import type { GraphNotation, NodeNotation } from '../../test/graphs/graph-fixture.ts'
import type { Json } from '../base/json.ts'
import { endedItems } from '../snapshot/open-map.ts'

type MapNotation = Partial<Extract<NodeNotation, { kind: 'map' }>>

/** `each` goes over a list, two items at a time, and `last` comes after it. */
function mapped(map: MapNotation = {}, more: Partial<GraphNotation> = {}): GraphNotation {
  const unsatisfied = map.failed === 'drop' || (map.done ?? 'all') !== 'all'
  return {
    state: { found: { schema: { type: 'array' } } },
    nodes: {
      each: { kind: 'map', effect: 'keyed', writes: ['found'], maxItems: 500, concurrency: 2, ...map },
      last: 'task',
    },
    edges: { each: { done: 'last', ...(unsatisfied && { unsatisfied: ':end' }) }, last: { done: ':end' } },
    ...more,
  }
}

function begin(notation: GraphNotation, items: readonly Json[] = ['a', 'b', 'c', 'd']): HandRun {
  const run = new HandRun(compileFixture(notation))
  run.start()
  run.end(0, 'done', { items })
  return run
}

/** What the map of a run has so far: place and output, or place and code. */
function ended(run: HandRun): readonly Json[] {
  const map = run.context.maps?.['each']
  return map === undefined
    ? []
    : endedItems(map).map(({ index, output, error }) => (error === undefined ? [index, output] : [index, error.code]))
}

const failure = { name: 'NodeError', code: 'WAYSTONE_NODE_THREW', message: 'no', retryable: false }
const passing = { ...failure, retryable: true }

describe('a map', () => {
  it('begins as many items as may run side by side, in order, each a step of its own (G7)', () => {
    const run = begin(mapped())
    expect(run.open).toEqual(['1:each:item/1', '2:each:item/1'])
    expect(run.last.decision).toMatchObject({ taken: 'each:items', to: null })
    expect(run.last.commands).toEqual([
      { type: 'effect', step: 1, node: 'each', kind: 'item', attempt: 1 },
      { type: 'effect', step: 2, node: 'each', kind: 'item', attempt: 1 },
    ])
    expect(run.context.maps?.['each']).toMatchObject({ step: 0, items: ['a', 'b', 'c', 'd'], next: 2, done: 0 })
  })

  it('keeps each result with the checkpoint of its item, in item order whatever ends first (G7)', () => {
    const run = begin(mapped())
    run.end(2, 'done', { output: { is: 'B' } })
    expect(run.last).toMatchObject({ decision: { taken: 'each:item', to: null }, step: { index: 2, item: 1 } })
    expect(run.open).toEqual(['1:each:item/1', '3:each:item/1'])
    run.end(3, 'done', { output: null })
    run.end(4, 'done', { output: { is: 'D' } })
    run.end(1, 'done', { output: { is: 'A' } })
    expect(run.open).toEqual(['5:each:collect/1'])
    expect(run.last.decision?.taken).toBe('each:collect')
    expect(ended(run)).toEqual([
      [0, { is: 'A' }],
      [1, { is: 'B' }],
      [2, null],
      [3, { is: 'D' }],
    ])
    run.end(5, 'done', { patch: { found: [1] } })
    expect(run.state).toEqual({ found: [1] })
    expect(run.open).toEqual(['6:last:task/1'])
    expect(run.context.maps).toBeUndefined()
    run.end(6)
    expect(run.last.status).toBe('completed')
  })

  it('has no items to wait for in an empty list', () => {
    const run = begin(mapped(), [])
    expect(run.open).toEqual(['1:each:collect/1'])
    expect(begin(mapped({ done: 1 }), []).context.maps?.['each']?.over).toEqual({ outcome: 'unsatisfied', left: [] })
  })

  it('stores a result by pointing into the event, whatever the length of the list', () => {
    const run = begin(
      mapped(),
      Array.from({ length: 450 }, (_, index) => index),
    )
    const sizes: number[] = []
    for (let step = 1; step <= 450; step++) {
      run.end(step, 'done', { output: { text: 'x'.repeat(100) } })
      sizes.push(run.stored.at(-1)?.text.length ?? 0)
    }
    // The first result of a piece sets all of the piece.
    expect(sizes.slice(2, 99).every((size) => size < 700)).toBe(true)
    expect(Math.max(...sizes)).toBeLessThan(1_700)
    expect(Math.max(...sizes.slice(300, 449))).toBeLessThanOrEqual(Math.max(...sizes.slice(0, 150)) + 10)
    expect(ended(run).length).toBe(450)
  })

  it('tries an item again by itself, while the others go on', () => {
    const retry = { attempts: 2, backoffMs: 100, factor: 1, maxBackoffMs: 100, jitter: 0 }
    const run = begin(mapped({ retry }))
    run.end(1, 'failed', { error: passing })
    expect(run.last.decision).toMatchObject({ taken: 'each:retry' })
    expect(run.open).toEqual(['1:each:item/2', '2:each:item/1'])
    run.end(2, 'done', { output: 2 })
    run.end(1, 'done', { output: 1 })
    expect(ended(run).slice(0, 2)).toEqual([
      [0, 1],
      [1, 2],
    ])
  })

  it('raises the failure of an item, and stops the others (R5)', () => {
    const run = begin(mapped())
    run.end(1, 'done', { output: 1 })
    run.end(2, 'failed', { error: failure })
    expect(run.last.decision).toMatchObject({ outcome: 'failed', taken: 'each.failed', to: ':fail' })
    expect(run.context.ending).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_THREW' } })
    expect(run.last.commands).toEqual([{ type: 'cancelEffect', step: 3 }])
    expect(run.end(3, 'done', { output: 3 }).type).toBe('late')
  })

  it('keeps a failure among the results (R5)', () => {
    const run = begin(mapped({ failed: 'keep', concurrency: 4 }))
    run.end(2, 'failed', { error: failure })
    run.end(4, 'timeout')
    run.end(1, 'done', { output: 1 })
    run.end(3, 'done', { output: 3 })
    expect(run.context.maps?.['each']?.over).toEqual({ outcome: 'done', left: [] })
    expect(ended(run)).toEqual([
      [0, 1],
      [1, 'WAYSTONE_NODE_THREW'],
      [2, 3],
      [3, 'WAYSTONE_NODE_THREW'],
    ])
  })

  it('is unsatisfied once too few can end well; partial results are applied (R5)', () => {
    const run = begin(mapped({ failed: 'drop', done: 3, concurrency: 4 }))
    run.end(1, 'done', { output: 1 })
    run.end(2, 'failed', { error: failure })
    expect(run.open.length).toBe(2)
    run.end(3, 'failed', { error: failure })
    expect(run.context.maps?.['each']?.over).toEqual({ outcome: 'unsatisfied', left: [3] })
    run.end(5, 'unsatisfied', { patch: { found: [1] } })
    expect(run.last.decision).toMatchObject({ outcome: 'unsatisfied', taken: 'each.unsatisfied', to: ':end' })
    expect(run.state).toEqual({ found: [1] })
  })

  it.each(['abort', 'finish'] as const)('is done with so many; losers: %s; what they give is late', (losers) => {
    const run = begin(mapped({ done: 2, concurrency: 3, losers }))
    run.end(3, 'done', { output: 3 })
    run.end(1, 'done', { output: 1 })
    const stop = losers === 'abort' ? 'cancelEffect' : 'leaveEffect'
    expect(run.last.commands).toEqual([
      { type: stop, step: 2 },
      { type: stop, step: 4 },
      { type: 'effect', step: 5, node: 'each', kind: 'collect', attempt: 1 },
    ])
    expect(run.end(2, 'done', { output: 2 }).type).toBe('late')
    expect(ended(run)).toEqual([
      [0, 1],
      [2, 3],
    ])
  })

  it('takes the first that is wanted; none of them means unsatisfied', () => {
    const run = begin(mapped({ done: 'first' }))
    run.end(2, 'done', { output: 2 })
    expect(run.context.maps?.['each']?.over).toBeUndefined()
    run.end(3, 'done', { output: 3, isWanted: true })
    expect(run.context.maps?.['each']?.over).toEqual({ outcome: 'done', left: [0] })
    const none = begin(mapped({ done: 'first' }), ['a'])
    none.end(1, 'done', { output: 1 })
    expect(none.context.maps?.['each']?.over).toEqual({ outcome: 'unsatisfied', left: [] })
  })

  it('asks a person about an item of which nobody knows, which keeps its place (H4)', () => {
    const run = begin(mapped({ effect: 'unsafe', outcomes: ['done', 'failed', 'unknown'] }))
    run.end(1, 'unknown')
    expect(run.open).toEqual(['1:each:resolve/1', '2:each:item/1'])
    expect(run.last).toMatchObject({ status: 'running', decision: { taken: 'each:person' } })
    run.end(2, 'done', { output: 2 })
    expect(run.open).toEqual(['1:each:resolve/1', '3:each:item/1'])
    run.decide(1, 'happened', { result: 'it did' })
    expect(ended(run).slice(0, 2)).toEqual([
      [0, 'it did'],
      [1, 2],
    ])
    run.end(3, 'unknown')
    run.decide(3, 'did-not-happen')
    expect(run.open).toEqual(['3:each:item/2', '4:each:item/1'])
    run.end(4, 'unknown')
    run.decide(4, 'failed')
    expect(run.context.ending?.status).toBe('failed')
  })

  it('ends unknown where that is routed', () => {
    const notation = mapped({ effect: 'unsafe', outcomes: ['done', 'failed', 'unknown'] })
    const run = begin({ ...notation, edges: { ...notation.edges, each: { done: 'last', unknown: 'last' } } })
    run.end(1, 'unknown')
    expect(run.open).toEqual(['3:last:task/1'])
    expect(run.context.closing).toHaveProperty('2')
    expect(run.context.maps).toBeUndefined()
  })

  it('makes as many calls of its tool as a limit leaves, then takes the edge of the limit (B2)', () => {
    const limited = mapped(
      { tool: 'look', concurrency: 3, retry: onceOnly },
      { tools: { look: 'keyed' }, limits: { toolCalls: 2 } },
    )
    const run = begin(limited)
    expect(run.open).toEqual(['1:each:item/1', '2:each:item/1'])
    expect(run.openStep(1).reserved).toEqual({ toolCalls: 1 })
    run.end(1, 'done', { output: 1 })
    expect(run.open).toEqual(['2:each:item/1'])
    run.end(2, 'done', { output: 2 })
    expect(run.context.usage.toolCalls).toBe(2)
    expect(run.context.ending).toMatchObject({ status: 'exhausted', limit: 'toolCalls' })
  })

  it('goes on when it is released, and stops with the run', () => {
    const run = begin(mapped())
    run.hold()
    run.end(1, 'done', { output: 1 })
    expect(run.last.commands).toEqual([])
    expect(run.open).toEqual(['2:each:item/1', '3:each:item/1'])
    run.release()
    expect(run.last.commands.map((command) => ('step' in command ? command.step : 0))).toEqual([2, 3])
    run.cancel()
    expect(Object.keys(run.context.closing)).toEqual(['2', '3'])
    expect(run.context.maps).toBeUndefined()
  })

  it('is left like any node when a branch beside it ends the fork', () => {
    const run = new HandRun(
      compileFixture({
        nodes: {
          plan: 'task',
          each: { kind: 'map', effect: 'keyed', concurrency: 2 },
          other: 'task',
          meet: { kind: 'join', atLeast: 1 },
        },
        edges: {
          plan: { done: { fork: ['each', 'other'], join: 'meet' } },
          each: { done: 'meet' },
          other: { done: 'meet' },
          meet: { done: ':end' },
        },
      }),
    )
    run.start()
    run.end(0)
    run.end(1, 'done', { items: [1, 2, 3] })
    run.end(2)
    expect(run.context.ending?.status).toBe('completed')
    expect(Object.keys(run.context.closing)).toEqual(['3', '4'])
    expect(run.context.maps).toBeUndefined()
  })

  it('fails when its list cannot be made', () => {
    const run = new HandRun(compileFixture(mapped()))
    run.start()
    run.end(0, 'failed', { error: passing })
    expect(run.context.ending).toMatchObject({ status: 'failed' })
  })
})

const onceOnly = { attempts: 1, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 }
