import { describe, expect, it } from 'vitest'
import { compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import type { GraphNotation, NodeNotation } from '../../test/graphs/graph-fixture.ts'
import { randomSource, type RandomSource } from '../../test/graphs/random-source.ts'
import type { EffectEnd } from '../snapshot/event.ts'

type MapNotation = Extract<NodeNotation, { kind: 'map' }>

/** A map alone, or in a branch beside a task, with any of its rules. */
function randomMap(random: RandomSource): GraphNotation {
  const isTool = random.chance(0.4)
  const failed = random.pick(['raise', 'keep', 'drop'] as const)
  const done = random.pick(['all', 'all', 'first', 3] as const)
  const each: MapNotation = {
    kind: 'map',
    effect: random.pick(['keyed', 'unsafe'] as const),
    writes: ['found'],
    concurrency: 1 + random.below(5),
    failed,
    done,
    retry: { attempts: 1 + random.below(2), backoffMs: 10, factor: 1, maxBackoffMs: 10, jitter: 0 },
    outcomes: ['done', 'failed', 'unknown'],
    ...(isTool && { tool: 'look' }),
  }
  const ends = { done: 'last', unsatisfied: 'last', failed: 'last' }
  const rest = {
    state: { found: { schema: { type: 'array' } } },
    ...(isTool && { tools: { look: 'keyed' as const } }),
    limits: {
      ...(random.chance(0.3) && { toolCalls: 1 + random.below(12) }),
      ...(random.chance(0.3) && { steps: 3 + random.below(18) }),
    },
  }
  if (random.chance(0.6))
    return { ...rest, nodes: { each, last: 'task' }, edges: { each: ends, last: { done: ':end' } } }
  const fork = { fork: ['each', 'other'], join: 'meet' }
  return {
    ...rest,
    nodes: { plan: 'task', each, other: 'task', meet: { kind: 'join', atLeast: 1 + random.below(2) }, last: 'task' },
    edges: {
      plan: { done: fork },
      each: { done: 'meet', unsatisfied: 'meet', failed: 'meet' },
      other: { done: 'meet' },
      meet: { done: 'last' },
      last: { done: ':end' },
    },
  }
}

const error = { name: 'NodeError', code: 'WAYSTONE_NODE_THREW', message: 'no', retryable: true }

function endOf(random: RandomSource, kind: string): readonly [string, Partial<EffectEnd>] {
  if (kind === 'map') return ['done', { items: Array.from({ length: random.below(13) }, (_, item) => ({ item })) }]
  if (kind !== 'item' || random.chance(0.75)) {
    const output = random.pick([null, 1, 'short', 'long enough to be pointed to in the event', { is: { deep: [1] } }])
    const more = {
      ...(random.chance(0.2) && { usage: { inputTokens: 3, outputTokens: 1 } }),
      ...(random.chance(0.1) && { isWanted: true as const }),
    }
    return ['done', kind === 'item' ? { output, ...more } : {}]
  }
  return random.chance(0.6) ? ['failed', { error }] : ['unknown', {}]
}

/** Whatever may come next. */
function step(run: HandRun, random: RandomSource): void {
  if (random.chance(0.04)) run.hold()
  if (run.context.held !== null && random.chance(0.5)) run.release()
  if (random.chance(0.01)) run.cancel()
  const open = [...Object.entries(run.context.open), ...Object.entries(run.context.closing)]
  const [index, { kind }] = random.pick(open)
  if (kind === 'resolve' && run.context.open[index] !== undefined)
    run.decide(Number(index), random.pick(['happened', 'did-not-happen', 'failed']), { result: 'seen' })
  else run.end(Number(index), ...endOf(random, kind))
}

describe('random maps', () => {
  it('are planned to the byte as the machine and a full comparison plan them', () => {
    let short = 0
    for (let seed = 0; seed < 100; seed++) {
      const random = randomSource(seed)
      // It plans every event again without short cuts, over what was read back, and applies each patch.
      const run = new HandRun(compileFixture(randomMap(random)))
      run.start()
      const isOver = (): boolean =>
        Object.keys(run.context.open).length === 0 && Object.keys(run.context.closing).length === 0
      for (let moves = 0; moves < 60 && !isOver(); moves++) step(run, random)
      expect(isOver()).toBe(true)
      short += run.taken.filter((name) => name === 'each:item').length
    }
    expect(short).toBeGreaterThan(150)
  })
})
