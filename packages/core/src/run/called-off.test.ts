import { afterEach, describe, expect, it } from 'vitest'
import { compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import type { GraphNotation, NodeNotation } from '../../test/graphs/graph-fixture.ts'
import { agentItems, answering, wordOf } from '../../test/nested/items.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { says } from '../../test/support/scripted-model.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { auditRun } from '../replay/audit-run.ts'
import { readStats } from '../replay/stats.ts'
import { calledOffIn, isLateEnd } from './called-off.ts'
import { createRuntime } from './create-runtime.ts'
import type { RunEvent } from './run-event.ts'
import type { Runtime } from './runtime.ts'

const opened: Runtime[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((runtime) => runtime.close()))
})

type Join = Partial<Extract<NodeNotation, { kind: 'join' }>>

/** `plan` forks into a and b, steps 1 and 2, of which one is enough. */
function race(join: Join = {}, more: Partial<GraphNotation> = {}): HandRun {
  const run = new HandRun(
    compileFixture({
      nodes: { plan: 'task', a: 'task', b: 'task', meet: { kind: 'join', atLeast: 1, ...join }, last: 'task' },
      edges: {
        plan: { done: { fork: ['a', 'b'], join: 'meet' } },
        a: { done: 'meet' },
        b: { done: 'meet' },
        meet: { done: 'last', ...(join.deadlineMs !== undefined && { deadline: 'last' }) },
        last: { done: ':end' },
      },
      ...more,
    }),
  )
  run.start()
  run.end(0)
  return run
}

function found({ checkpoints, last }: HandRun): readonly unknown[] {
  const ends = calledOffIn(checkpoints)
  expect([...ends.keys()].every((sequence) => sequence === last.sequence)).toBe(true)
  return [...ends.values()]
}

describe('what is called off', () => {
  it('is told with what did it: a join, a deadline, a cancel, a redirect', () => {
    const joined = race()
    joined.end(1)
    joined.end(2, 'failed')
    expect(found(joined)).toEqual(['join'])
    const late = race({ atLeast: 2, deadlineMs: 1000 })
    late.timer('deadline/1', late.at + 1000)
    late.end(2, 'failed')
    expect(found(late)).toEqual(['deadline'])
    const cancelled = race()
    cancelled.cancel()
    cancelled.end(1, 'timeout')
    expect(found(cancelled)).toEqual(['cancel'])
    const moved = new HandRun(
      compileFixture({
        nodes: { a: 'task', last: { kind: 'task', isRedirectable: true } },
        edges: { a: { done: 'last' }, last: { done: ':end' } },
      }),
    )
    moved.start()
    moved.redirect('last')
    moved.end(0, 'lost')
    expect(found(moved)).toEqual(['redirect'])
  })

  it('is told with what did it: a map that is over, an edge, a limit, the end', () => {
    const mapped = new HandRun(
      compileFixture({
        nodes: { each: { kind: 'map', effect: 'keyed', concurrency: 2, done: 1 } },
        edges: { each: { done: ':end', unsatisfied: ':end' } },
      }),
    )
    mapped.start()
    mapped.end(0, 'done', { items: ['a', 'b'] })
    mapped.end(1)
    mapped.end(2, 'failed')
    expect(found(mapped)).toEqual(['map'])
    const failing = race({}, { limits: { durationMs: 5000 } })
    failing.timer('duration', failing.at + 5000)
    failing.end(1, 'failed')
    expect(found(failing)).toEqual(['limit'])
    const edges = { plan: { done: { fork: ['a', 'b'], join: 'meet' } }, b: { done: 'meet' } }
    const led = race(
      { atLeast: 2 },
      {
        edges: {
          ...edges,
          a: { done: { to: 'last', cancelsFork: true } },
          meet: { done: ':end' },
          last: { done: ':end' },
        },
      },
    )
    led.end(1)
    led.end(2, 'failed')
    expect(found(led)).toEqual(['edge'])
    const ended = race(
      { atLeast: 2 },
      {
        edges: {
          ...edges,
          a: { done: { to: ':fail', cancelsFork: true } },
          meet: { done: ':end' },
          last: { done: ':end' },
        },
      },
    )
    ended.end(1)
    ended.end(2, 'failed')
    expect(found(ended)).toEqual(['end'])
  })

  it('is nothing that completed in spite of it, may have happened, was left to end by itself, or failed before', () => {
    for (const outcome of ['done', 'unknown']) {
      const run = race()
      run.end(1)
      run.end(2, outcome)
      expect(run.last.decision).toBeNull()
      expect(found(run)).toEqual([])
    }
    const left = race({ losers: 'finish' })
    left.end(1)
    left.end(2, 'failed')
    expect(found(left)).toEqual([])
    const before = race()
    const { at } = before
    before.end(1)
    const payload = { step: 2, attempt: 1, outcome: 'failed', startedAt: at }
    before.feedWhole({ id: 'early', type: 'effect.ended', from: 'effect', at: at + 1, payload })
    expect(before.last.step).toMatchObject({ index: 2, endedAt: at + 1 })
    expect(found(before)).toEqual([])
  })
})

describe('items of agents, of which one is enough', () => {
  it('tell the others as called off: in events from wherever they are followed, audit and statistics', async () => {
    const clock = createManualClock()
    const store = createMemoryStore()
    const model = answering(async (text, { signal }) => {
      await new Promise<void>((resolve, reject) => {
        if (wordOf(text) === 'sun') clock.at(clock.now() + 1500, resolve)
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error)
        })
      })
      return says({ meaning: 'bright' })
    })
    const runtime = createRuntime({ store, clock, models: { writer: model } })
    opened.push(runtime)
    const workflow = agentItems({ concurrency: 3, done: { atLeast: 1 }, failed: 'drop', retry: { attempts: 1 } })
    const run = await runtime.start(workflow, { input: { words: ['sun', 'moon', 'star'] } })
    await clock.settle()
    await clock.advance(1500)
    await clock.settle()
    const events: RunEvent[] = []
    for await (const event of run.events()) events.push(event)
    const ends = (list: readonly RunEvent[]) => list.filter((event) => event.type === 'step.ended' && event.isLate)
    expect(ends(events)).toMatchObject([
      { outcome: 'failed', calledOff: 'map', items: [1] },
      { outcome: 'failed', calledOff: 'map', items: [2] },
    ])
    const [first] = ends(events)
    const before = events[events.indexOf(first ?? fail()) - 1] ?? fail()
    const rest: RunEvent[] = []
    for await (const event of run.events({ cursor: before.cursor })) rest.push(event)
    expect(ends(rest)).toEqual(ends(events))
    const all: RunEvent[] = []
    for await (const event of runtime.events()) if (all.push(event) === events.length) break
    expect(ends(all)).toEqual(ends(events))
    const { transitions } = await auditRun(store, run.runId)
    expect(transitions.flatMap(({ calledOff }) => calledOff ?? [])).toEqual(['map', 'map'])
    const rows = await readStats(store)
    expect(rows.find(({ group }) => group === 'model')).toMatchObject({
      count: 3,
      succeeded: 1,
      failed: 0,
      calledOff: 2,
    })
    // From the first step of the item to its last end.
    expect(rows.find(({ group }) => group === 'item')).toMatchObject({ count: 1, medianMs: 1500, p95Ms: 1500 })
  })
})

function fail(): never {
  throw new RangeError('there is no such event')
}

describe('an end that is late', () => {
  it('is not one whose outcome its author has called "room"', () => {
    const run = new HandRun(
      compileFixture({ nodes: { which: 'gate' }, edges: { which: { room: ':end', seat: ':end' } } }),
    )
    run.start()
    run.end(0, 'room')
    expect(isLateEnd(run.last)).toBe(false)
  })
})
