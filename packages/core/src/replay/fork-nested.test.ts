import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool, type Tool } from '../define/tool.ts'
import type { Workflow } from '../define/workflow.ts'
import { createRuntime } from '../run/create-runtime.ts'
import type { Run, Runtime } from '../run/runtime.ts'
import { forkRun } from './fork-run.ts'
import { readHistory } from './history.ts'
import { replayRun } from './replay-run.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const s = defineState({ amount: z.number() })
const input = z.object({ amount: z.number() })
const yes = { outcome: 'approved', by: 'ada', reason: 'fine' }
const by = { by: 'op', reason: 'what if' }

/** A payment that never comes back, and is noted. */
function refundTool(paid: number[]): Tool<'refund', { amount: number }, { receipt: string }> {
  return defineTool({
    name: 'refund',
    description: 'Pays.',
    input: z.object({ amount: z.number() }),
    output: z.object({ receipt: z.string() }),
    run: ({ amount }) => {
      paid.push(amount)
      return new Promise<{ receipt: string }>(() => undefined)
    },
  })
}

/** A manager's yes, then a node that pays: by a tool node of a nested workflow, by an agent in there, or by a map. */
function paying(how: 'tool' | 'map' | 'inside', paid: number[] = []): Workflow<{ amount: number }> {
  const refund = refundTool(paid)
  const isInside = how === 'inside'
  const one = s.nodes({ pay: s.tool(refund, { reads: ['amount'] }) })
  const two = s.nodes({ pay: s.tool(refund, { reads: ['amount'] }), boss: s.approval({ show: ['amount'] }) })
  const payment = isInside
    ? s.workflow('payment', {
        input,
        output: [],
        nodes: two,
        start: two.boss,
        edges: { pay: { done: END }, boss: { approved: two.pay, rejected: END } },
        policies: [{ never: refund, without: [two.boss, 'approved'] }],
      })
    : s.workflow('payment', { input, output: [], nodes: one, start: one.pay, edges: { pay: { done: END } } })
  const n = s.nodes({
    manager: s.approval({ show: ['amount'] }),
    pay:
      how === 'map'
        ? s.map({
            over: ({ state }) => [{ amount: state.amount }],
            reads: ['amount'],
            item: refund,
            input: ({ amount }) => ({ amount }),
            maxItems: 1,
          })
        : s.nested(payment, { reads: ['amount'] }),
  })
  return s.workflow('paying', {
    input,
    output: [],
    nodes: n,
    start: n.manager,
    edges: { manager: { approved: n.pay, rejected: END }, pay: { done: END } },
    ...(!isInside && { policies: [{ never: refund, without: [n.manager, 'approved'] }] }),
  })
}

async function startedAt(
  workflow: Workflow<{ amount: number }>,
  decisions: number,
): Promise<{ readonly runtime: Runtime; readonly run: Run<object>; readonly last: number }> {
  const clock = createManualClock()
  const runtime = createRuntime({ clock, workflows: [workflow] })
  open.push(runtime)
  const run: Run<object> = await runtime.start(workflow, { input: { amount: 50 } })
  for (let decided = 0; decided < decisions; decided++) {
    await clock.settle()
    await run.decide((await run.requests())[0] ?? '', yes)
  }
  await clock.settle()
  const { last } = await readHistory(runtime.store, run.runId)
  return { runtime, run, last }
}

describe('a fork, and what runs on a yes where it begins', () => {
  it.each([
    ['a tool of a nested workflow', 'tool', 1, 'manager.approved'],
    ['a tool of a map', 'map', 1, 'manager.approved'],
    ['a tool on a yes that was said inside', 'inside', 2, 'boss.approved'],
  ] as const)('is not run once more: %s (H4)', async (_, how, decisions, crossing) => {
    const paid: number[] = []
    const { runtime, run, last } = await startedAt(paying(how, paid), decisions)
    expect(paid).toEqual([50])
    await expect(forkRun(runtime, run.runId, { ...by, at: last })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_FORK_POLICY',
      message: expect.stringContaining(`on ${crossing} of its origin`) as string,
      details: { tools: ['refund'] },
    })
    const fork = await runtime.open(await forkRun(runtime, run.runId, { ...by, at: last, override: ['refund'] }))
    expect(await fork.status()).toMatchObject({ sequence: 0 })
  })
})

describe('a patch of the state, and what runs on a yes in a nested workflow', () => {
  it('is refused where it changes what that was begun with, unless the tool is overridden (H7)', async () => {
    const paid: number[] = []
    const refund = refundTool(paid)
    const inner = s.nodes({
      clerk: s.agent({
        model: 'fast',
        instructions: 'x',
        reads: ['amount'],
        tools: [refund],
        toolRules: { refund: { approval: true } },
      }),
    })
    const desk = s.workflow('desk', {
      input,
      output: [],
      nodes: inner,
      start: inner.clerk,
      edges: { clerk: { done: END } },
    })
    const t = defineState({ amount: z.number(), note: z.string().optional() })
    const n = t.nodes({ desk: t.nested(desk, { reads: ['amount'] }) })
    const workflow = t.workflow('office', {
      input,
      output: [],
      nodes: n,
      start: n.desk,
      edges: { desk: { done: END } },
    })
    const clock = createManualClock()
    const runtime = createRuntime({ clock, models: { fast: scripted(asks(['refund', { amount: 5 }]), says({})) } })
    open.push(runtime)
    const run = await runtime.start(workflow, { input: { amount: 50 } })
    await clock.settle()
    await run.decide((await run.requests())[0] ?? '', yes)
    await clock.settle()
    expect(paid).toEqual([5])
    expect(await run.patch({ state: { amount: 70 }, ...by })).toMatchObject({
      type: 'refused',
      reason: 'approval-outlived',
      message:
        'somebody approved step 2 of desk/clerk, a call of tool refund, in a workflow that was begun with amount; wait until it has ended, leave amount alone, or override tool refund',
    })
    expect(await run.patch({ state: { note: 'seen' }, ...by })).toMatchObject({ type: 'applied' })
    expect(await run.patch({ state: { amount: 70 }, override: ['refund'], ...by })).toMatchObject({ type: 'applied' })
  })
})

describe('a fork in which a nested workflow has ended', () => {
  it('goes on with what that gave, though a loser in it has not settled in the origin', async () => {
    const task = () => s.task({ effect: 'pure', run: () => undefined })
    const i = s.nodes({
      begin: task(),
      quick: task(),
      // Never comes back.
      slow: s.task({ effect: 'keyed', run: () => new Promise<undefined>(() => undefined) }),
      race: s.join({ wait: 'any', losers: 'finish' }),
    })
    const race = s.workflow('race', {
      input,
      output: ['amount'],
      nodes: i,
      start: i.begin,
      edges: {
        begin: { done: { fork: [i.quick, i.slow], join: i.race } },
        quick: { done: i.race },
        slow: { done: i.race },
        race: { done: END },
      },
    })
    const n = s.nodes({
      race: s.nested(race, { reads: ['amount'], input: ({ state }) => state, writes: ['amount'] }),
      after: task(),
    })
    const workflow = s.workflow('around', {
      input,
      output: ['amount'],
      nodes: n,
      start: n.race,
      edges: { race: { done: n.after }, after: { done: END } },
    })
    const clock = createManualClock()
    const runtime = createRuntime({ workflows: [workflow], models: {}, clock })
    open.push(runtime)
    const run = await runtime.start(workflow, { input: { amount: 7 } })
    await clock.settle()
    const { sequence, status } = await run.status()
    expect(status).toBe('running')
    const forked = await runtime.open(await forkRun(runtime, run.runId, { ...by, at: sequence }))
    await forked.resume()
    await clock.settle()
    expect(await forked.status()).toMatchObject({ status: 'completed', output: { amount: 7 } })
    expect((await replayRun(runtime.store, workflow, forked.runId)).divergence).toBeNull()
    await run.cancel(by)
    await clock.advance(10_000)
  })
})
