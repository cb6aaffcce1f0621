import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { viewOf } from '../../test/support/store-view.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { Commit } from '../checkpoint/store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { createRuntime } from './create-runtime.ts'
import type { Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ text: z.string(), size: z.number().optional() })

/** Bytes stored in checkpoints, and blobs by hash. */
function counting() {
  const blobs = new Map<string, number>()
  let texts = 0
  const store = viewOf(createMemoryStore(), (method, [commit]) => {
    if (method !== 'commit') return
    // `commit` is called with a commit.
    const given = commit as Commit
    texts += given.checkpoint.text.length
    for (const blob of given.blobs) blobs.set(blob.hash, blob.text.length)
  })
  return { store, blobs, texts: () => texts }
}

describe('large values', () => {
  it('of a tool are stored once: 5 MB, one blob', async () => {
    const big = defineTool({
      name: 'big',
      description: 'x',
      effect: 'pure',
      input: z.object({}),
      output: z.object({ body: z.string() }),
      maxOutputBytes: 6_000_000,
      run: () => ({ body: 'x'.repeat(5_000_000) }),
    })
    const n = w.nodes({
      fetch: w.tool(big, { writes: ['text'], input: () => ({}), apply: ({ body }) => ({ text: body }) }),
      measure: w.task({
        effect: 'pure',
        reads: ['text'],
        writes: ['size'],
        run: ({ state }) => ({ size: state.text.length }),
      }),
    })
    const workflow = w.workflow('big', {
      input: z.object({ text: z.string() }),
      output: ['size'],
      nodes: n,
      start: n.fetch,
      edges: { fetch: { done: n.measure }, measure: { done: END } },
    })
    const { store, blobs, texts } = counting()
    const runtime = createRuntime({ store })
    open.push(runtime)
    const run = await runtime.start(workflow, { input: { text: '' } })
    expect((await run.result()).output).toEqual({ size: 5_000_000 })
    expect([...blobs.values()]).toEqual([5_000_002])
    expect(texts()).toBeLessThan(3_000)
  })

  it('in state do not make later steps larger: 10 MB', async () => {
    const n = w.nodes({
      step: w.task({
        effect: 'pure',
        reads: ['size'],
        writes: ['size'],
        outcomes: ['again', 'enough'],
        run: ({ state }) => ({
          outcome: (state.size ?? 0) < 9 ? 'again' : 'enough',
          patch: { size: (state.size ?? 0) + 1 },
        }),
      }),
    })
    const workflow = w.workflow('heavy', {
      input: z.object({ text: z.string() }),
      output: ['text', 'size'],
      nodes: n,
      start: n.step,
      edges: { step: { again: { to: n.step, limit: 20, otherwise: END }, enough: END } },
    })
    const { store, blobs, texts } = counting()
    const runtime = createRuntime({ store })
    open.push(runtime)
    const run = await runtime.start(workflow, { input: { text: 'y'.repeat(10_000_000) } })
    const result = await run.result()
    expect(result).toMatchObject({ status: 'completed', output: { size: 10 } })
    expect(blobs.size).toBe(0)
    expect(texts()).toBeLessThan(6_000)
    const again = await createRuntime({ store, workflows: [workflow] }).open(run.runId)
    expect((await again.status()).output).toEqual(result.output)
  })
})
