import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { readHistory } from '../replay/history.ts'
import { createRuntime } from './create-runtime.ts'
import type { Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ topic: z.string() })
const input = z.object({ topic: z.string() })
const inside = w.nodes({
  board: w.approval({
    show: ['topic'],
    role: 'editor',
    quorum: { need: 2 },
    escalate: { after: '1h', role: 'chief' },
  }),
})
const day = w.workflow('day', {
  input,
  output: [],
  nodes: inside,
  start: inside.board,
  edges: { board: { approved: END, rejected: END } },
})
const outside = w.nodes({ day: w.nested(day, { reads: ['topic'] }) })
const week = w.workflow('week', {
  input,
  output: [],
  nodes: outside,
  start: outside.day,
  edges: { day: { done: END } },
})

describe('people who are asked in a nested workflow', () => {
  it('are told of by its path: voices, questions, answers and escalations (H6, G8)', async () => {
    const clock = createManualClock()
    const runtime = createRuntime({ clock })
    open.push(runtime)
    const run = await runtime.start(week, { input: { topic: 'wind' } })
    await run.result()
    const asked = async () => (await run.requests())[0] ?? ''
    expect(await run.ask(await asked(), { question: 'why?', by: 'ada' })).toMatchObject({ type: 'applied' })
    expect(await run.answer(await asked(), { answer: 'so', by: 'bo' })).toMatchObject({ type: 'applied' })
    expect(await run.decide(await asked(), { outcome: 'approved', by: 'ada', reason: 'fine' })).toMatchObject({
      type: 'applied',
    })
    await run.result()
    await clock.advance(3_600_000)
    await run.result()
    expect(await asked()).toMatchObject({ node: 'day/board', role: 'chief' })
    expect(await run.decide(await asked(), { outcome: 'approved', by: 'cy', reason: 'fine' })).toMatchObject({
      type: 'applied',
    })
    expect(await run.result({ until: 'end' })).toMatchObject({ status: 'completed' })
    const { checkpoints } = await readHistory(runtime.store, run.runId)
    const told = checkpoints.flatMap(({ decision }) =>
      decision === null ? [] : [`${decision.outcome} ${decision.node}`],
    )
    expect(told.filter((line) => !line.startsWith('begun') && !line.startsWith('done'))).toEqual([
      'question day/board',
      'answer day/board',
      'approved day/board',
      'escalated day/board',
      'approved day/board',
    ])
  })
})
