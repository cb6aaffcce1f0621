import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { auditRun } from '../replay/audit-run.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { RunEvent } from './run-event.ts'
import type { Request, Run, Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

function runtimeWith(options: RuntimeOptions = {}): Runtime {
  const runtime = createRuntime({ clock: createManualClock(), ...options })
  open.push(runtime)
  return runtime
}

const w = defineState({ amountUsd: z.number(), reply: z.string().optional() })
const n = w.nodes({
  board: w.approval({ show: ['amountUsd'], quorum: { need: 2 }, expiresIn: '1d' }),
})
const grants = w.workflow('grants', {
  input: z.object({ amountUsd: z.number() }),
  output: ['amountUsd'],
  nodes: n,
  start: n.board,
  edges: { board: { approved: END, rejected: END, expired: END } },
})

async function only(run: Run<object>): Promise<Request> {
  await run.result()
  const [request] = await run.requests()
  if (request === undefined) throw new RangeError('nothing is asked')
  return request
}

describe('a question about a request', () => {
  it('leaves it open; the answer is shown with it, and voices given before do not count (H5)', async () => {
    const runtime = runtimeWith()
    const run = await runtime.start(grants, { input: { amountUsd: 900 } })
    const first = await only(run)
    expect(await run.ask(first, { question: 'for whom?', by: 'bo' })).toMatchObject({ type: 'applied' })
    const asked = await only(run)
    expect(asked.questions).toMatchObject([{ number: 1, text: 'for whom?', by: 'bo', answer: null }])
    // A question alone changes nothing that is decided on.
    expect(asked.digest).toBe(first.digest)
    await run.decide(asked, { outcome: 'approved', by: 'cy' })
    expect(await run.answer(asked, { answer: 'the school', by: 'ada' })).toMatchObject({ type: 'applied' })
    const answered = await only(run)
    expect(answered.questions).toMatchObject([{ answer: { text: 'the school', by: 'ada' } }])
    expect(answered.quorum?.votes).toEqual([])
    expect(await run.decide(asked, { outcome: 'approved', by: 'bo' })).toMatchObject({ reason: 'digest-mismatch' })
    await run.decide(answered, { outcome: 'approved', by: 'cy' })
    await run.decide(answered.id, { outcome: 'approved', by: 'bo' })
    expect((await run.result({ until: 'end' })).status).toBe('completed')
    expect(
      (await auditRun(runtime.store, run.runId)).people.map(({ by, outcome, reason }) => [by, outcome, reason]),
    ).toEqual([
      ['bo', 'question', 'for whom?'],
      ['cy', 'approved', ''],
      ['ada', 'answer', 'the school'],
      ['cy', 'approved', ''],
      ['bo', 'approved', ''],
    ])
    const events: RunEvent[] = []
    for await (const event of run.events()) events.push(event)
    expect(events.filter(({ type }) => type === 'request.asked' || type === 'request.answered')).toMatchObject([
      { node: 'board', text: 'for whom?', by: 'bo' },
      { question: 1, text: 'the school', by: 'ada' },
    ])
    expect(await replayRun(runtime.store, grants, run.runId)).toMatchObject({ divergence: null })
  })

  it('does not stop the clock', async () => {
    const clock = createManualClock()
    const run = await runtimeWith({ clock }).start(grants, { input: { amountUsd: 900 } })
    await run.ask(await only(run), { question: 'for whom?', by: 'bo' })
    await clock.advance(2 * 86_400_000)
    expect((await run.result({ until: 'end' })).status).toBe('completed')
    expect(await run.answer(`${run.runId}/0`, { answer: 'late', by: 'ada' })).toMatchObject({ reason: 'run-ended' })
  })

  it('is refused where nothing is asked, and answered once', async () => {
    const run = await runtimeWith().start(grants, { input: { amountUsd: 900 } })
    const request = await only(run)
    const answer = { answer: 'x', by: 'ada' }
    expect(await run.answer(request, answer)).toMatchObject({ reason: 'no-such-question' })
    expect(await run.ask(`${run.runId}/7`, { question: 'q', by: 'bo' })).toMatchObject({ reason: 'stale-request' })
    expect(await run.ask({ ...request, digest: 'old' }, { question: 'q', by: 'bo' })).toMatchObject({
      reason: 'digest-mismatch',
    })
    for (let number = 1; number <= 20; number++) await run.ask(request, { question: `q${number}`, by: 'bo' })
    expect(await run.ask(request, { question: 'one more', by: 'bo' })).toMatchObject({ reason: 'too-many-questions' })
    expect(await run.answer(request, answer)).toMatchObject({ reason: 'no-such-question' })
    expect(await run.answer(request, { ...answer, question: 3 })).toMatchObject({ type: 'applied' })
    expect(await run.answer(request.id, { ...answer, question: 3 })).toMatchObject({ reason: 'answered-before' })
    expect(await run.answer(request.id, { ...answer, question: 99 })).toMatchObject({ reason: 'no-such-question' })
    await expect(run.ask(request, { question: ' ', by: 'bo' })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_QUESTION',
    })
  })

  it('to the model comes back with its next call of the tool (H5)', async () => {
    const pay = defineTool({
      name: 'pay',
      description: 'Pays.',
      input: z.object({ usd: z.number() }),
      output: z.object({ paid: z.boolean() }),
      approval: true,
      run: () => ({ paid: true }),
    })
    const agents = w.nodes({
      clerk: w.agent({ model: 'fast', instructions: 'Pay.', reads: ['amountUsd'], writes: ['reply'], tools: [pay] }),
    })
    const desk = w.workflow('desk', {
      input: z.object({ amountUsd: z.number() }),
      output: ['reply'],
      nodes: agents,
      start: agents.clerk,
      edges: { clerk: { done: END } },
    })
    const again = asks(['pay', { usd: 9 }])
    const told = { ...again, message: { ...again.message, content: [{ type: 'text', text: 'It is for the school.' }] } }
    const model = scripted(asks(['pay', { usd: 9 }]), told, says({ reply: 'paid' }))
    const run = await runtimeWith({ models: { fast: model } }).start(desk, { input: { amountUsd: 9 } })
    await run.decide((await only(run)).id, { outcome: 'asked', by: 'bo', reason: 'for whom?' })
    const second = await only(run)
    expect(second.questions).toMatchObject([
      { number: null, text: 'for whom?', by: 'bo', answer: { text: 'It is for the school.', by: 'clerk', at: null } },
    ])
    await run.ask(second, { question: 'which one?', by: 'bo' })
    await run.answer(second, { answer: 'the one next door', by: 'ada' })
    const third = await only(run)
    expect(third.questions.map(({ number }) => number)).toEqual([null, 1])
    await run.decide(third, { outcome: 'approved', by: 'bo' })
    expect((await run.result({ until: 'end' })).status).toBe('completed')
  })
})
