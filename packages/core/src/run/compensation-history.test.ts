import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { viewOf } from '../../test/support/store-view.ts'
import { restoreAt } from '../checkpoint/load.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { PastSnapshots } from '../checkpoint/past-snapshots.ts'
import { END, FAIL } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { createRuntime } from './create-runtime.ts'
import type { Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

/** Books so many seats, fails, and undoes them all. */
async function bookings(count: number) {
  const undone: number[] = []
  const book = defineTool({
    name: 'book',
    description: 'Books a seat.',
    effect: 'keyed',
    input: z.object({ seat: z.number() }),
    output: z.object({ seat: z.number() }),
    run: ({ seat }) => ({ seat }),
    compensate: { run: ({ input }) => void undone.push(input.seat) },
  })
  const w = defineState({ booked: z.number().optional() })
  const isFull = w.guard('isFull', ['booked'], ({ booked = 0 }) => booked > count)
  const n = w.nodes({
    seats: w.map({
      over: () => Array.from({ length: count }, (_, seat) => ({ seat })),
      item: book,
      maxItems: count,
      writes: ['booked'],
      apply: (results) => ({ booked: results.length }),
    }),
  })
  const workflow = w.workflow('bookings', {
    input: z.object({}),
    output: ['booked'],
    nodes: n,
    start: n.seats,
    edges: { seats: { done: [{ when: isFull, to: END }, FAIL] } },
  })
  let read = 0
  const store = viewOf(createMemoryStore(), (method, args) => {
    if (method === 'checkpoints') read += Number(args[2]) - Number(args[1]) + 1
  })
  const runtime = createRuntime({ store })
  open.push(runtime)
  const run = await runtime.start(workflow, { input: {} })
  return { runId: run.runId, store, result: await run.result(), undone, read: () => read }
}

describe('the history that is undone', () => {
  it('is read a few times in all, not once for each step', async () => {
    const count = 700
    const { result, undone, read } = await bookings(count)
    expect(result).toMatchObject({ status: 'failed', compensation: { done: count } })
    expect(undone).toHaveLength(count)
    expect(new Set(undone).size).toBe(count)
    // Each stretch between two keyframes twice, and the end of each step.
    expect(read()).toBeLessThan(6 * count)
  })
})

describe('PastSnapshots', () => {
  it('gives the snapshot after any checkpoint, in whatever order they are asked for', async () => {
    const { runId, store } = await bookings(330)
    const row = await store.row(runId)
    const last = row?.sequence ?? 0
    expect(last).toBeGreaterThan(600)
    const past = new PastSnapshots(store, { runId, graphHash: row?.graphHash ?? '' })
    for (const sequence of [last, last - 1, 500, 499, 300, 600, 0, 1, last, 255, 256, 257]) {
      const { snapshot } = await restoreAt(store, runId, sequence)
      expect(await past.at(sequence)).toStrictEqual(snapshot)
    }
    await expect(past.at(last + 1)).rejects.toMatchObject({ code: 'WAYSTONE_STORE_RUN_UNKNOWN' })
    // What is there is still found.
    expect(await past.at(3)).toStrictEqual((await restoreAt(store, runId, 3)).snapshot)
  })
})
