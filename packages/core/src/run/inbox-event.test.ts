import { expect, it } from 'vitest'
import { z } from 'zod'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import { createRuntime } from './create-runtime.ts'

const w = defineState({ topic: z.string() })
const n = w.nodes({ ask: w.approval({ show: ['topic'] }) })
const asking = w.workflow('asking', {
  input: z.object({ topic: z.string() }),
  output: [],
  nodes: n,
  start: n.ask,
  edges: { ask: { approved: END, rejected: END } },
})

const nobody = 'this Waystone takes event.received, request.decided, request.asked,'

it.each<[what: string, event: object, message: string]>([
  ['of a type that is not known', { type: 'run.dance', payload: {} }, `found an event of type "run.dance"; ${nobody}`],
  [
    'of a type that nobody delivers',
    { type: 'timer.due', payload: { timer: 'duration' } },
    `type "timer.due"; ${nobody}`,
  ],
  ['without what it carries', { type: 'run.hold' }, 'an event of type run.hold is not what it should be'],
  ['that carries nothing', { type: 'event.received', payload: null }, 'expected object, received null'],
  ['without its message', { type: 'event.received', payload: {} }, 'message: '],
  ['without its state', { type: 'run.patch', payload: { by: 'ada', reason: 'x' } }, 'state: '],
  ['without its node', { type: 'run.redirect', payload: { by: 'ada', reason: 'x' } }, 'to: '],
  ['of a step that is none', { type: 'request.decided', payload: { step: 'x' } }, 'step: '],
])('an event in the inbox %s is dropped with a notice, and stops nobody', async (_, event, message) => {
  const store = createMemoryStore()
  const dropped: string[] = []
  const stopped: unknown[] = []
  const runtime = createRuntime({
    store,
    workflows: [asking],
    onNotice: (notice) => {
      if (notice.type === 'event.dropped') dropped.push(notice.message)
      if (notice.type === 'run.stopped') stopped.push(notice.error)
    },
  })
  const run = await runtime.start(asking, { input: { topic: 'tea' } })
  await run.result()
  // A process of another version delivers what this one's types do not have.
  await store.deliver(run.runId, { id: 'odd', at: 1, from: 'operator', ...event } as unknown as EngineEvent)
  await run.resume()
  expect(await run.result()).toMatchObject({ status: 'waiting' })
  expect(dropped).toEqual([expect.stringContaining(message)])
  expect(stopped).toEqual([])
  expect(await store.inbox([run.runId])).toEqual(new Map())
  const [request] = await run.requests()
  expect(await run.decide(request ?? '', { outcome: 'approved', by: 'ada' })).toMatchObject({ type: 'applied' })
  await runtime.close()
})
