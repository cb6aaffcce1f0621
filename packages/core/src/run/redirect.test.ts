import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { buildGraph } from '../graph/build.ts'
import { auditRun } from '../replay/audit-run.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { RunEvent } from './run-event.ts'
import type { Run, Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const inner = defineState({ topic: z.string(), text: z.string().optional() })
const i = inner.nodes({
  draft: inner.task({ effect: 'pure', redirectable: true, writes: ['text'], run: () => ({ text: 'once more' }) }),
  look: inner.approval({ show: ['text'] }),
})
const research = inner.workflow('research', {
  input: z.object({ topic: z.string() }),
  output: ['text'],
  nodes: i,
  start: i.draft,
  edges: { draft: { done: i.look }, look: { approved: END, rejected: END } },
})

const w = defineState({ topic: z.string(), text: z.string().optional() })
const n = w.nodes({
  research: w.nested(research, { reads: ['topic'], writes: ['text'], redirectable: true }),
  review: w.approval({ show: ['text'], redirectable: true }),
})
const report = w.workflow('report', {
  input: z.object({ topic: z.string() }),
  output: ['text'],
  nodes: n,
  start: n.research,
  edges: { research: { done: n.review }, review: { approved: END, rejected: END } },
})

function setUp(): Runtime {
  const runtime = createRuntime({ workflows: [report] })
  open.push(runtime)
  return runtime
}

const by = { by: 'ops', reason: 'looked wrong' }

describe('redirect', () => {
  it('moves a run that waits, inside a nested workflow and out of it (H7)', async () => {
    const runtime = setUp()
    const run = await runtime.start(report, { input: { topic: 'tides' } })
    await run.result()
    expect(await run.redirect({ ...by, to: 'research/draft' })).toMatchObject({ type: 'applied' })
    await run.result()
    expect((await run.requests()).map(({ node }) => node)).toEqual(['research/look'])
    expect(await run.redirect({ ...by, to: 'review' })).toMatchObject({ type: 'applied' })
    const [request] = await run.requests()
    expect(request?.node).toBe('review')
    expect(await run.redirect({ ...by, to: 'research/draft' })).toMatchObject({ reason: 'not-under-way' })
    await run.decide(request?.id ?? '', { outcome: 'approved', by: 'ada' })
    expect((await run.result({ until: 'end' })).status).toBe('completed')
    const events: RunEvent[] = []
    for await (const event of run.events()) events.push(event)
    expect(events.filter(({ type }) => type === 'run.redirected')).toMatchObject([
      { to: 'research/draft', by: 'ops', reason: 'looked wrong' },
      { to: 'review' },
    ])
    expect((await auditRun(runtime.store, run.runId)).people).toMatchObject([
      { outcome: 'run.redirect' },
      { outcome: 'run.redirect' },
      { node: 'review', outcome: 'approved' },
    ])
    expect(await replayRun(runtime.store, report, run.runId)).toMatchObject({ divergence: null })
  })

  it('refuses what names nothing, or nobody', async () => {
    const run = await setUp().start(report, { input: { topic: 'tides' } })
    await run.result()
    const untyped: Run<object> = run
    await expect(untyped.redirect({ ...by, to: 'nowhere' })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_REDIRECT',
      message: 'there is no node "nowhere" to redirect to; redirectable are research, research/draft, review',
    })
    await expect(run.redirect({ to: 'review', by: 'ops', reason: ' ' })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_REDIRECT',
    })
    await expect(run.redirect({ ...by, to: 'review', override: ['gun'] })).rejects.toMatchObject({
      message: 'the redirect overrides gun, which is no tool of the workflow',
    })
    await run.hold(by)
    await expect(run.release({ ...by, override: ['gun'] })).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_RELEASE' })
  })

  it('needs a flag that is one', () => {
    const odd = w.nodes({
      a: w.task({ effect: 'pure', redirectable: JSON.parse('"yes"') as boolean, run: () => ({}) }),
    })
    const flawed = { input: z.object({}), output: [], nodes: odd, start: odd.a, edges: { a: { done: END } } } as const
    expect(() => buildGraph(w.workflow('flawed', flawed))).toThrow('redirectable is "yes"; expected is true or false')
  })
})
