import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import type { NodeProgress } from '../snapshot/progress.ts'
import { createRuntime } from './create-runtime.ts'
import type { Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const input = z.object({ topic: z.string() })

/** A workflow with whatever a node can be: plain, at work beside others, asking, failing, nested, come to again, never come to. */
function report() {
  const inner = defineState({ topic: z.string() })
  const parts = inner.nodes({
    read: inner.task({ effect: 'pure', run: () => undefined }),
    sign: inner.approval({ show: ['topic'] }),
  })
  const check = inner.workflow('check', {
    input,
    output: [],
    nodes: parts,
    start: parts.read,
    edges: { read: { done: parts.sign }, sign: { approved: END, rejected: END } },
  })
  const w = defineState({ topic: z.string() })
  const n = w.nodes({
    plan: w.task({ effect: 'pure', run: () => undefined }),
    web: w.task({
      effect: 'pure',
      timeout: '1s',
      retry: { attempts: 1 },
      run: () => new Promise<undefined>(() => undefined),
    }),
    boss: w.approval({ show: ['topic'] }),
    meet: w.join({ failed: 'keep' }),
    check: w.nested(check, { reads: ['topic'] }),
    broken: w.task({
      effect: 'pure',
      retry: { attempts: 1 },
      run: () => {
        throw new RangeError('no')
      },
    }),
    never: w.task({ effect: 'pure', run: () => undefined }),
  })
  return w.workflow('report', {
    input,
    output: [],
    nodes: n,
    start: n.plan,
    edges: {
      plan: { done: { fork: [n.web, n.boss], join: n.meet } },
      web: { done: n.meet },
      boss: { approved: n.meet, rejected: n.meet },
      meet: { done: n.check },
      check: { done: n.broken },
      broken: { done: n.never, failed: END },
      never: { done: END },
    },
  })
}

const letters = { pending: '.', 'in-flight': '>', waiting: '?', completed: '+', failed: '!', stopped: 'x' } as const
const row = (nodes: readonly NodeProgress[]): string => nodes.map(({ status }) => letters[status]).join('')

describe('Run.progress (K3)', () => {
  it('equals the expected table at every checkpoint of a scripted run, in another process too', async () => {
    const clock = createManualClock()
    const store = createMemoryStore()
    const runtime = createRuntime({ store, clock })
    open.push(runtime)
    const run = await runtime.start(report(), { input: { topic: 'tides' } })
    await clock.settle()
    const decide = async (): Promise<void> => {
      const [request] = await run.requests()
      await run.decide(request?.id ?? '', { outcome: 'approved', by: 'ada' })
      await clock.settle()
    }
    await decide()
    await clock.advance(1_001)
    await decide()
    const { status, sequence } = await run.result()
    expect(status).toBe('completed')

    const other = createRuntime({ store })
    open.push(other)
    const seen = await other.open(run.runId)
    const table: string[] = []
    for (let at = 0; at <= sequence; at++) table.push(row(await seen.progress({ at })))
    expect((await seen.progress()).map(({ node }) => node)).toEqual([
      'plan',
      'web',
      'boss',
      'meet',
      'check',
      'check/read',
      'check/sign',
      'broken',
      'never',
    ])
    expect(table).toEqual([
      '>........', // started
      '+>?......', // forked: one works, one asks
      '+>+......', // boss has approved, the join waits
      '+!++>....', // out of time, which the join counts; the nested workflow's input is made
      '+!++>>...', // it begins
      '+!++?+?..', // it asks, and so does what holds it
      '+!++>++..', // it is over, and what it gave is taken over
      '+!+++++>.',
      '+!+++++!.',
    ])
    expect(await seen.progress()).toContainEqual({ node: 'web', status: 'failed', outcome: 'timeout', visits: 1 })
    await expect(seen.progress({ at: 99 })).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_SEQUENCE' })
  })

  it('says what was told to stop', async () => {
    const clock = createManualClock()
    const runtime = createRuntime({ clock })
    open.push(runtime)
    const run = await runtime.start(report(), { input: { topic: 'tides' } })
    await clock.settle()
    await run.cancel({ by: 'ada', reason: 'enough' })
    await clock.advance(2_000)
    expect(row(await run.progress())).toBe('+xx......')
  })

  it('counts the items of a map, and visits', async () => {
    const w = defineState({ topic: z.string() })
    const clock = createManualClock()
    const n = w.nodes({
      each: w.map({
        over: () => ['a', 'b', 'c'],
        effect: 'pure',
        retry: { attempts: 1 },
        failed: 'keep',
        concurrency: 3,
        maxItems: 3,
        run: (item) => {
          if (item === 'b') throw new RangeError('no b')
          return item === 'a' ? item : new Promise<string>(() => undefined)
        },
      }),
    })
    const workflow = w.workflow('mapped', {
      input,
      output: [],
      nodes: n,
      start: n.each,
      edges: { each: { done: END } },
    })
    const runtime = createRuntime({ clock })
    open.push(runtime)
    const run = await runtime.start(workflow, { input: { topic: 'tides' } })
    await clock.settle()
    expect(await run.progress()).toEqual([
      { node: 'each', status: 'in-flight', outcome: null, visits: 1, items: { of: 3, done: 1, failed: 1 } },
    ])
  })
})
