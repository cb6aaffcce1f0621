import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { createRuntime } from './create-runtime.ts'
import type { RunEvent } from './run-event.ts'
import type { Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

function runtimeWith(options: RuntimeOptions = {}): Runtime {
  const runtime = createRuntime(options)
  open.push(runtime)
  return runtime
}

const w = defineState({ text: z.string(), count: z.number().optional() })
const n = w.nodes({
  work: w.task({
    effect: 'pure',
    writes: ['count'],
    retry: { attempts: 2, backoff: 1 },
    run: (_, context) => {
      context.log('working', { attempt: context.attempt })
      if (context.attempt === 1) throw new Error('once')
      return { count: 1 }
    },
  }),
  sign: w.approval({ show: ['count'] }),
})
const workflow = w.workflow('facts', {
  input: z.object({ text: z.string() }),
  output: ['count'],
  nodes: n,
  start: n.work,
  edges: { work: { done: n.sign }, sign: { approved: END, rejected: END } },
})

async function collect(
  events: AsyncIterable<RunEvent>,
  until: (event: RunEvent) => boolean = () => false,
): Promise<readonly RunEvent[]> {
  const found: RunEvent[] = []
  for await (const event of events) {
    found.push(event)
    if (until(event)) break
  }
  return found
}

async function finished(
  options: RuntimeOptions = {},
): Promise<{ readonly runtime: Runtime; readonly all: readonly RunEvent[]; readonly runId: string }> {
  const runtime = runtimeWith(options)
  const run = await runtime.start(workflow, { input: { text: 'x' }, tags: { team: 'a' } })
  await run.result()
  await run.decide(`${run.runId}/1`, { outcome: 'approved', by: 'ann', reason: 'good' })
  await run.result()
  return { runtime, all: await collect(run.events()), runId: run.runId }
}

describe('run.events', () => {
  it('tells every fact of a run, in order', async () => {
    const { all } = await finished()
    const told = all.map((event) => {
      if (event.type === 'step.started') return `${event.sequence} step.started ${event.node} ${event.attempt}`
      if (event.type === 'step.ended')
        return `${event.sequence} step.ended ${event.node} ${event.attempt} ${event.outcome}`
      if (event.type === 'edge.taken') return `${event.sequence} edge.taken ${event.decision.taken}`
      if (event.type === 'state.changed') return `${event.sequence} state.changed ${event.keys.join()} by ${event.node}`
      if (event.type === 'request.opened') return `${event.sequence} request.opened ${event.kind} ${event.node}`
      if (event.type === 'request.decided')
        return `${event.sequence} request.decided ${event.node} ${event.outcome} by ${event.by}: ${event.reason}`
      if (event.type === 'log.written')
        return `${event.sequence} log.written ${event.message} ${JSON.stringify(event.data)}`
      if (event.type === 'run.status-changed') return `${event.sequence} run.status-changed ${event.status}`
      if (event.type === 'run.started')
        return `${event.sequence} run.started ${event.workflow} ${JSON.stringify([event.input, event.tags])}`
      return `${event.sequence} ${event.type}`
    })
    expect(told).toMatchInlineSnapshot(`
      [
        "0 run.started facts [{"text":"x"},{"team":"a"}]",
        "0 state.changed text by null",
        "0 step.started work 1",
        "1 step.ended work 1 failed",
        "1 log.written working {"attempt":1}",
        "1 edge.taken work:retry",
        "1 step.started work 2",
        "2 step.ended work 2 done",
        "2 log.written working {"attempt":2}",
        "2 edge.taken work.done",
        "2 state.changed count by work",
        "2 request.opened approval sign",
        "2 run.status-changed waiting",
        "3 request.decided sign approved by ann: good",
        "3 step.ended sign 1 approved",
        "3 edge.taken sign.approved",
        "3 run.status-changed completed",
      ]
    `)
  })

  it('goes on from any cursor without a gap or a repetition', async () => {
    const { runtime, all, runId } = await finished()
    const run = await runtime.open(runId)
    for (const [index, { cursor }] of all.entries())
      expect(await collect(run.events({ cursor }))).toEqual(all.slice(index + 1))
  })

  it('is the same from another process, read from storage alone', async () => {
    const store = createMemoryStore()
    const { all, runId } = await finished({ store })
    expect(await collect((await runtimeWith({ store }).open(runId)).events())).toEqual(all)
  })

  it('follows a run that another process drives, and ends with it', async () => {
    const store = createMemoryStore()
    const run = await runtimeWith({ store }).start(workflow, { input: { text: 'x' } })
    const watcher = await runtimeWith({ store }).open(run.runId)
    const following = collect(watcher.events())
    await run.result()
    await run.decide(`${run.runId}/1`, { outcome: 'approved', by: 'ann' })
    const followed = await following
    expect(followed.at(-1)).toMatchObject({ type: 'run.status-changed', status: 'completed' })
    expect(followed).toEqual(await collect(run.events()))
  })

  it('ends when its signal aborts or its runtime closes', async () => {
    const runtime = createRuntime()
    const run = await runtime.start(workflow, { input: { text: 'x' } })
    await run.result()
    const stop = new AbortController()
    const aborted = collect(run.events({ signal: stop.signal }), () => {
      stop.abort()
      return false
    })
    expect((await aborted).length).toBeGreaterThan(0)
    const closed = collect(run.events())
    await runtime.close()
    expect((await closed).length).toBeGreaterThan(0)
  })

  it('refuses a cursor that is none, and a run that is not there', async () => {
    const { runtime, runId } = await finished()
    const run = await runtime.open(runId)
    await expect(collect(run.events({ cursor: 'here' }))).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_CURSOR' })
  })
})

describe('runtime.events', () => {
  it('tells the facts of all runs as they were committed, from any cursor', async () => {
    const store = createMemoryStore()
    const first = await finished({ store })
    const second = await finished({ store })
    const wanted = first.all.length + second.all.length
    let seen = 0
    const all = await collect(first.runtime.events(), () => ++seen === wanted)
    expect(all).toEqual([...first.all, ...second.all])
    for (const index of [0, 3, first.all.length - 1, first.all.length]) {
      let rest = wanted - index - 1
      expect(await collect(second.runtime.events({ cursor: all[index]?.cursor ?? '' }), () => --rest === 0)).toEqual(
        all.slice(index + 1),
      )
    }
  })

  it('goes on telling what comes', async () => {
    const runtime = runtimeWith()
    const ended = collect(
      runtime.events(),
      (event) => event.type === 'run.status-changed' && event.status === 'waiting',
    )
    const run = await runtime.start(workflow, { input: { text: 'x' } })
    expect((await ended).at(0)).toMatchObject({ type: 'run.started', runId: run.runId })
  })
})
