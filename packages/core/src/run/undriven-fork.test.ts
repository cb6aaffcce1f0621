import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { END, FAIL } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { forkRun } from '../replay/fork-run.ts'
import { readHistory } from '../replay/history.ts'
import { createRuntime } from './create-runtime.ts'
import type { Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

describe('a fork that nobody has driven yet', () => {
  it('has begun nothing: what its deadline stops is neither unknown nor charged', async () => {
    const begun: string[] = []
    const w = defineState({ route: z.string() })
    const carrier = (name: string) =>
      defineTool({
        name,
        description: 'Asks a carrier.',
        effect: 'pure',
        input: z.object({ route: z.string() }),
        output: z.object({}),
        async run() {
          begun.push(name)
          await new Promise(() => undefined)
          return {}
        },
      })
    const n = w.nodes({
      ask: w.task({ effect: 'pure', run: () => undefined }),
      acme: w.tool(carrier('ask-acme'), { reads: ['route'] }),
      bolt: w.tool(carrier('ask-bolt'), { reads: ['route'] }),
      quoted: w.join({ deadline: '30s' }),
    })
    const quotes = w.workflow('quotes', {
      input: z.object({ route: z.string() }),
      output: [],
      nodes: n,
      start: n.ask,
      edges: {
        ask: { done: { fork: [n.acme, n.bolt], join: n.quoted } },
        acme: { done: n.quoted },
        bolt: { done: n.quoted },
        quoted: { done: END, deadline: FAIL },
      },
    })
    const clock = createManualClock()
    const runtime = createRuntime({ clock, workflows: [quotes] })
    open.push(runtime)
    const run = await runtime.start(quotes, { input: { route: 'A-B' } })
    await clock.settle()
    expect(begun).toEqual(['ask-acme', 'ask-bolt'])
    const fork = await forkRun(runtime, run.runId, { at: 1, by: 'op', reason: 'later' })
    await runtime.close()
    await clock.advance(60_000)
    const later = createRuntime({ clock, store: runtime.store, workflows: [quotes] })
    open.push(later)
    const resumed = await later.open(quotes, fork)
    await resumed.resume()
    await clock.settle()
    const result = await resumed.result({ until: 'end' })
    expect(result).toMatchObject({ status: 'failed', usage: { toolCalls: 0 } })
    expect(begun).toHaveLength(2)
    const { checkpoints } = await readHistory(later.store, fork)
    const ends = checkpoints.flatMap(({ event }) => (event.type === 'effect.ended' ? [event.payload.outcome] : []))
    expect(ends).not.toContain('unknown')
  })
})
