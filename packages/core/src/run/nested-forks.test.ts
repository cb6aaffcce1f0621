import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import type { Workflow } from '../define/workflow.ts'
import { readHistory } from '../replay/history.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { RunEvent } from './run-event.ts'
import type { Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

/** Two branches, each a nested workflow of two steps; the second one asks a person, and loses. */
function racing(wait: 'all' | 'any'): Workflow<{ name: string }, { log: readonly string[] }> {
  const s = defineState({ name: z.string(), said: z.string().optional() })
  const sn = s.nodes({
    look: s.task({ effect: 'pure', reads: ['name'], run: () => undefined }),
    say: s.task({
      effect: 'pure',
      reads: ['name'],
      writes: ['said'],
      run: ({ state }) => ({ said: `${state.name}!` }),
    }),
  })
  const quick = s.workflow('quick', {
    input: z.object({ name: z.string() }),
    output: ['said'],
    nodes: sn,
    start: sn.look,
    edges: { look: { done: sn.say }, say: { done: END } },
  })
  const pn = s.nodes({ boss: s.approval({ show: ['name'] }) })
  const asking = s.workflow('asking', {
    input: z.object({ name: z.string() }),
    output: ['name'],
    nodes: pn,
    start: pn.boss,
    edges: { boss: { approved: END, rejected: END } },
    limits: { duration: '5m' },
  })
  const w = defineState({ name: z.string(), log: z.array(z.string()).optional(), said: z.string().optional() })
  const n = w.nodes({
    split: w.task({ effect: 'pure', run: () => undefined }),
    quick: w.nested(quick, { reads: ['name'], writes: ['log'], apply: ({ said }) => ({ log: [said ?? ''] }) }),
    asking: w.nested(asking, { reads: ['name'], writes: ['said'], apply: ({ name }) => ({ said: name }) }),
    meet: w.join({ wait }),
  })
  return w.workflow('racing', {
    input: z.object({ name: z.string() }),
    output: ['log'],
    nodes: n,
    start: n.split,
    edges: {
      split: { done: { fork: [n.quick, n.asking], join: n.meet } },
      quick: { done: n.meet },
      asking: { done: n.meet, exhausted: n.meet },
      meet: { done: END },
    },
  }) as unknown as Workflow<{ name: string }, { log: readonly string[] }>
}

describe('nested workflows in branches', () => {
  it('that lose are closed with all they ask, and their timers go', async () => {
    const clock = createManualClock()
    const runtime = createRuntime({ clock })
    open.push(runtime)
    const workflow = racing('any')
    const run = await runtime.start(workflow, { input: { name: 'ann' } })
    await clock.settle()
    expect(await run.status()).toMatchObject({ status: 'completed', output: { log: ['ann!'] } })
    const events: RunEvent[] = []
    for await (const event of run.events()) events.push(event)
    expect(events.filter(({ type }) => type === 'request.withdrawn')).toMatchObject([{ step: 4 }])
    const history = await readHistory(runtime.store, run.runId)
    const { context } = history.at(history.last).snapshot
    expect(context).not.toHaveProperty('children')
    expect(context).toMatchObject({ open: {}, closing: {} })
    expect((await replayRun(runtime.store, workflow, run.runId)).divergence).toBeNull()
    await runtime.close()
    expect(clock.pending).toBe(0)
  })

  it('take their steps from the one row of the run, however they interleave', async () => {
    const clock = createManualClock()
    const runtime = createRuntime({ clock })
    open.push(runtime)
    const workflow = racing('all')
    const run = await runtime.start(workflow, { input: { name: 'ann' } })
    await clock.settle()
    expect(await run.requests()).toMatchObject([{ node: 'asking/boss' }])
    await clock.advance(300_000)
    expect(await run.status()).toMatchObject({ status: 'completed' })
    const { checkpoints } = await readHistory(runtime.store, run.runId)
    const nodeOf = new Map(checkpoints.flatMap(({ step }) => (step === null ? [] : [[step.index, step.node] as const])))
    expect([...nodeOf].toSorted(([left], [right]) => left - right)).toEqual([
      [0, 'split'],
      [1, 'quick'],
      [2, 'asking'],
      [3, 'quick/look'],
      [5, 'quick/say'],
    ])
    expect((await replayRun(runtime.store, workflow, run.runId)).divergence).toBeNull()
  })
})
