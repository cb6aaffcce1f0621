import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createRuntime } from './create-runtime.ts'
import { defineState } from '../define/state.ts'
import { END } from '../define/edge.ts'

describe('createRuntime', () => {
  it('runs a line of tasks to its end', async () => {
    const w = defineState({ count: z.number() })
    const n = w.nodes({
      first: w.task({ effect: 'pure', reads: ['count'], writes: ['count'], run: ({ state }) => ({ count: state.count + 1 }) }),
      second: w.task({ reads: ['count'], writes: ['count'], run: async ({ state }) => ({ count: state.count * 10 }) }),
    })
    const workflow = w.workflow('line', {
      version: 1,
      input: z.object({ count: z.number() }),
      output: ['count'],
      nodes: n,
      start: n.first,
      edges: { first: { done: n.second }, second: { done: END } },
      limits: { steps: 10 },
    })
    const runtime = createRuntime()
    const run = await runtime.start(workflow, { input: { count: 1 } })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { count: 20 } })
    const seen = []
    for await (const event of run.events()) seen.push(event.type)
    expect(seen).toMatchInlineSnapshot(`
      [
        "run.started",
        "state.changed",
        "step.started",
        "step.ended",
        "edge.taken",
        "state.changed",
        "step.started",
        "step.ended",
        "edge.taken",
        "state.changed",
        "run.status-changed",
      ]
    `)
    await runtime.close()
  })
})
