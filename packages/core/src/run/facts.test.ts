import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { mortalView } from '../../test/support/store-view.ts'
import { defineTool } from '../define/tool.ts'
import { createRuntime } from './create-runtime.ts'
import type { Run, Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ text: z.string() })

async function told(run: Run<object>): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const event of run.events()) {
    if (event.type === 'run.held' || event.type === 'run.released' || event.type === 'run.cancelled')
      lines.push(`${event.type} by ${event.by}: ${event.reason}`)
    else if (event.type === 'run.status-changed') lines.push(`status ${event.status}`)
    else if (event.type === 'step.started') lines.push(`started ${event.kind} ${event.tool ?? '-'}`)
    else if (event.type === 'step.ended')
      lines.push(`ended ${event.kind} ${event.tool ?? '-'} ${event.outcome}${event.isLate ? ' late' : ''}`)
    else if (event.type === 'request.opened') lines.push(`asked ${event.kind} at ${event.node}`)
    else if (event.type === 'limit.hit') lines.push(`limit ${event.limit} ${event.used} of ${event.max}`)
  }
  return lines
}

const send = defineTool({
  name: 'send',
  description: 'x',
  input: z.object({}),
  output: z.object({}),
  run: () => ({}),
})

describe('factsOf', () => {
  it('tells of operators, and of ends that came after a cancel', async () => {
    const clock = createManualClock()
    const n = w.nodes({ work: w.task({ effect: 'pure', run: () => new Promise<void>(() => undefined) }) })
    const workflow = w.workflow('one', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.work,
      edges: { work: { done: END } },
    })
    const runtime = createRuntime({ clock })
    open.push(runtime)
    const run = await runtime.start(workflow, { input: { text: '' } })
    await run.hold({ by: 'ann', reason: 'look' })
    await run.release({ by: 'ann', reason: 'fine' })
    await run.cancel({ by: 'bob', reason: 'enough' })
    const lines = told(run)
    await clock.advance(1_000)
    expect(await lines).toEqual([
      'started task -',
      'run.held by ann: look',
      'status held',
      'run.released by ann: fine',
      'started task -',
      'status running',
      'run.cancelled by bob: enough',
      'status cancelled',
      'ended task - unknown late',
    ])
  })

  it('tells tools apart, and what was lost', async () => {
    const clock = createManualClock()
    const store = createMemoryStore()
    const liveness = {
      self: () => ({ host: 'h', pid: 1, processStartedAt: '' }),
      stateOf: () => 'dead' as const,
    }
    const n = w.nodes({ think: w.agent({ model: 'fast', instructions: 'x', tools: [send], writes: ['text'] }) })
    const workflow = w.workflow('agent', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.think,
      edges: { think: { done: END } },
      limits: { modelCalls: 2 },
    })
    let commits = 0
    const mortal = mortalView(store, (method, kill) => method === 'commit' && ++commits === 2 && kill())
    const models = { fast: scripted(asks(['send', {}]), asks(['send', {}]), says({ text: 'x' })) }
    const first = await createRuntime({ store: mortal.store, clock, models, liveness }).start(workflow, {
      input: { text: '' },
    })
    await clock.settle()
    const runtime = createRuntime({ store, clock, models, liveness, workflows: [workflow] })
    open.push(runtime)
    const run = await runtime.open(first.runId)
    await run.resume()
    await run.result()
    await run.decide(`${run.runId}/1`, { outcome: 'happened', by: 'ann', result: {} })
    await run.result()
    expect(await told(run)).toEqual([
      'started model -',
      'ended model - done',
      'started call send',
      'ended call send unknown',
      'asked unknown at think',
      'status waiting',
      'ended resolve send done',
      'started model -',
      'status running',
      'ended model - done',
      'started call send',
      'ended call send done',
      'limit modelCalls 2 of 2',
      'status exhausted',
    ])
  })
})
