import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { closedRequestText, readClosedRequest } from './closed-request.ts'
import { createRuntime } from './create-runtime.ts'
import type { Run, Runtime } from './runtime.ts'

const opened: Runtime[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ order: z.string() })
const n = w.nodes({
  both: w.task({ effect: 'pure', run: () => ({}) }),
  ann: w.approval({ show: ['order'], expiresIn: '1h' }),
  bob: w.approval({ show: ['order'] }),
  first: w.join({ wait: 'any' }),
  again: w.approval({ show: ['order'], redirectable: true, quorum: { need: 2 } }),
})
const asking = w.workflow('asking', {
  input: z.object({ order: z.string() }),
  output: ['order'],
  nodes: n,
  start: n.both,
  edges: {
    both: { done: { fork: [n.ann, n.bob], join: n.first } },
    ann: { approved: n.first, rejected: n.first, expired: n.first },
    bob: { approved: n.first, rejected: n.first },
    first: { done: n.again },
    again: { approved: END, rejected: END },
  },
})

const clock = createManualClock()

async function begin(): Promise<{ readonly run: Run; readonly told: (step?: number) => Promise<string> }> {
  const store = createMemoryStore()
  const runtime = createRuntime({ store, clock })
  opened.push(runtime)
  const run = await runtime.start(asking, { input: { order: 'o-1' } })
  await run.result()
  const told = async (step?: number): Promise<string> => {
    const closed = await readClosedRequest(store, { runId: run.runId, ...(step !== undefined && { step }) })
    return closed === undefined ? 'nothing' : closedRequestText(closed).replaceAll(/\d{4}-\S+ \S+Z/g, 'WHEN')
  }
  return { run, told }
}

async function decide(run: Run, node: string, by: string): Promise<void> {
  const request = (await run.requests()).find((one) => one.node === node)
  expect(await run.decide(request ?? '', { outcome: 'approved', by, reason: 'fine' })).toMatchObject({
    type: 'applied',
  })
  await run.result()
}

describe('readClosedRequest', () => {
  it('tells nothing of what is open, or never was', async () => {
    const { told } = await begin()
    expect([await told(), await told(1), await told(0), await told(77)]).toEqual(Array(4).fill('nothing'))
  })

  it('tells who decided, and of another branch why nobody waits for it any more', async () => {
    const { run, told } = await begin()
    await decide(run, 'bob', 'eve')
    expect(await told(2)).toBe('step 2 of bob was decided by eve at WHEN: approved, “fine”; the run went on to first')
    expect(await told(1)).toBe('step 1 of ann was withdrawn at WHEN, when bob ended approved; the run went on to first')
    const late = { outcome: 'approved', by: 'ann' }
    expect(await run.decide(`${run.runId}/1`, late)).toMatchObject({ reason: 'request-withdrawn' })
    expect(await run.decide(`${run.runId}/2`, late)).toMatchObject({ reason: 'already-decided' })
  })

  it('tells that it expired', async () => {
    const { run, told } = await begin()
    await clock.advance(3_600_000)
    await run.result()
    expect(await told(1)).toBe('step 1 of ann expired at WHEN, and nobody had decided; the run went on to first')
    expect(await told()).toBe(await told(1))
    expect(await run.ask(`${run.runId}/1`, { question: 'why?', by: 'ann' })).toMatchObject({
      reason: 'request-expired',
    })
  })

  it('does not take one voice of two for the decision, and tells who moved the run', async () => {
    const { run, told } = await begin()
    await decide(run, 'bob', 'eve')
    await decide(run, 'again', 'eve')
    expect(await told()).toContain('step 2 of bob')
    await run.redirect({ to: 'again', by: 'ops', reason: 'once more' })
    await run.result()
    expect(await told(3)).toBe(
      'step 3 of again was closed when ops redirected the run at WHEN: “once more”; the run went on to again',
    )
    await run.cancel({ by: 'ops', reason: 'enough' })
    expect(await told(4)).toBe('step 4 of again was closed when ops cancelled the run at WHEN: “enough”; the run ended')
    expect(await run.decide(`${run.runId}/4`, { outcome: 'approved', by: 'ann' })).toMatchObject({
      reason: 'run-ended',
      message: expect.stringContaining(
        'nothing is asked any more; step 4 of again was closed when ops cancelled',
      ) as string,
    })
  })
})
