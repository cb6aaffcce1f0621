import { describe, expect, it } from 'vitest'
import { compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import type { GraphNotation, NodeNotation } from '../../test/graphs/graph-fixture.ts'
import { randomSource, type RandomSource } from '../../test/graphs/random-source.ts'
import type { RunContext } from '../snapshot/snapshot.ts'

const seeds = Array.from({ length: 150 }, (_, seed) => seed)

/** Two or three maps beside each other under a limit on tool calls, and a task that may cancel the first. */
function rivals(random: RandomSource, max: number): GraphNotation {
  const map = (): NodeNotation => ({
    kind: 'map',
    effect: 'keyed',
    tool: 'look',
    maxItems: 20,
    concurrency: 1 + random.below(4),
    failed: 'keep',
    retry: { attempts: 1, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 },
  })
  const names = ['left', 'right', ...(random.chance(0.5) ? ['more'] : [])]
  const stop = { to: 'meet', ...(random.chance(0.4) && { cancels: ['left'] }) }
  return {
    nodes: {
      begin: 'task',
      stop: 'task',
      ...Object.fromEntries(names.map((name) => [name, map()])),
      meet: { kind: 'join', failed: 'keep' },
    },
    tools: { look: 'keyed' },
    edges: {
      begin: { done: { fork: ['stop', ...names], join: 'meet' } },
      stop: { done: stop },
      ...Object.fromEntries(names.map((name) => [name, { done: 'meet' }])),
      meet: { done: ':end' },
    },
    limits: { toolCalls: max },
  }
}

/** Calls that are made, and set aside by what is under way or was cancelled. */
function callsOf({ usage, open, closing }: RunContext): { readonly used: number; readonly reserved: number } {
  const under = [...Object.values(open), ...Object.values(closing)]
  return { used: usage.toolCalls, reserved: under.filter(({ item }) => item !== undefined).length }
}

/** Maps with an item that could have a place. */
function waiting(run: HandRun): readonly string[] {
  return Object.entries(run.context.maps ?? {}).flatMap(([node, { next, items, over }]) => {
    const record = run.compiled.graph.nodes[node]
    const running = Object.values(run.context.open).filter((step) => step.node === node).length
    const hasPlace = record?.kind === 'map' && running < record.concurrency
    return over === undefined && next < items.length && hasPlace ? [node] : []
  })
}

function move(run: HandRun, random: RandomSource): void {
  const steps = [...Object.entries(run.context.open), ...Object.entries(run.context.closing)]
  const [index, { kind }] = random.pick(steps)
  if (random.chance(0.03) && run.context.held === null) run.hold()
  else if (run.context.held !== null && random.chance(0.5)) run.release()
  if (kind === 'map') {
    const items = Array.from({ length: random.below(7) }, (_, item) => item)
    return void run.end(Number(index), 'done', { items })
  }
  if (kind !== 'item' || random.chance(0.5))
    return void run.end(Number(index), 'done', kind === 'item' ? { output: 1 } : {})
  const error = { name: 'NodeError', code: 'WAYSTONE_NODE_THREW', message: 'no', retryable: false }
  run.end(Number(index), 'failed', { error, ...(random.chance(0.7) && { isUnsent: true as const }) })
}

describe('random maps under one limit', () => {
  it('begin whatever fits at once, exceed no limit, and hit it only when nothing could be given back (B2, B3)', () => {
    const seen = { room: 0, never: 0, exhausted: 0, completed: 0 }
    for (const seed of seeds) {
      const random = randomSource(seed)
      const max = 1 + random.below(9)
      const run = new HandRun(compileFixture(rivals(random, max)))
      run.start()
      const isOver = (): boolean => run.context.ending !== null && Object.keys(run.context.closing).length === 0
      for (let moves = 0; moves < 120 && !isOver(); moves++) {
        const before = run.checkpoints.length
        move(run, random)
        const { used, reserved } = callsOf(run.context)
        const idle = run.context.ending === null && used + reserved < max ? waiting(run) : []
        expect({ isOver: used + reserved > max, idle }, `seed ${seed}`).toEqual({ isOver: false, idle: [] })
        expect(run.context.exhausted !== null && used < max, `seed ${seed} hits the limit too early`).toBe(false)
        if (run.checkpoints.length === before) continue
        for (let one = run.last.decision; one !== null; one = one.next ?? null)
          if (one.outcome === ':room') seen[one.limit === undefined ? 'room' : 'never'] += 1
      }
      expect(isOver(), `seed ${seed} ends`).toBe(true)
      seen[run.context.ending?.status === 'exhausted' ? 'exhausted' : 'completed'] += 1
    }
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(8)
  })
})
