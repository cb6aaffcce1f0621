import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { viewOf } from '../../test/support/store-view.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { Commit } from '../checkpoint/store.ts'
import { checkpointsOf } from '../checkpoint/store-rules.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { readHistory } from '../replay/history.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

/** A runtime over a store whose commits are kept. */
function watched(onCommit: (commit: Commit) => void = () => undefined) {
  const commits: Commit[] = []
  const store = viewOf(createMemoryStore(), (method, [given]) => {
    if (method !== 'commit') return
    const commit = given as Commit
    commits.push(commit)
    onCommit(commit)
  })
  const runtime = createRuntime({ store })
  open.push(runtime)
  const stored = (): readonly (readonly number[])[] =>
    commits.map((commit) => checkpointsOf(commit).map(({ sequence }) => sequence))
  return { runtime, stored }
}

const w = defineState({
  numbers: z.array(z.number()).optional(),
  left: z.number().optional(),
  right: z.number().optional(),
})

function mapOf(work: (item: number) => number | Promise<number>) {
  const n = w.nodes({
    each: w.map({
      over: () => [1, 2, 3, 4, 5, 6, 7],
      writes: ['numbers'],
      effect: 'pure',
      maxItems: 10,
      concurrency: 3,
      run: work,
      apply: (results) => ({ numbers: results.map(({ output }) => output) }),
    }),
  })
  return w.workflow('items', {
    input: z.object({}),
    output: ['numbers'],
    nodes: n,
    start: n.each,
    edges: { each: { done: END } },
  })
}

describe('ends of one turn', () => {
  it('share a commit, each with a checkpoint of its own', async () => {
    const workflow = mapOf((item) => item * 2)
    const { runtime, stored } = watched()
    const run = await runtime.start(workflow, { input: {} })
    expect((await run.result()).output).toEqual({ numbers: [2, 4, 6, 8, 10, 12, 14] })
    expect(stored()).toEqual([[1], [2, 3, 4], [5, 6, 7], [8], [9]])
    const { checkpoints } = await readHistory(runtime.store, run.runId)
    expect(checkpoints.map(({ step }) => step?.item)).toEqual([undefined, undefined, 0, 1, 2, 3, 4, 5, 6, undefined])
    expect((await replayRun(runtime.store, workflow, run.runId)).divergence).toBeNull()
  })

  it('are not waited for: what ends alone is stored alone', async () => {
    const gates = Array.from({ length: 9 }, () => Promise.withResolvers<void>())
    gates[1]?.resolve()
    const workflow = mapOf(async (item) => {
      await gates[item]?.promise
      return item
    })
    const { runtime, stored } = watched(({ checkpoint }) => gates[checkpoint.sequence]?.resolve())
    await (await runtime.start(workflow, { input: {} })).result()
    expect(stored()).toEqual([[1], [2], [3], [4], [5], [6], [7], [8], [9]])
  })

  it('do not share one with an end that calls work off: nothing begins that is stored as cancelled', async () => {
    const n = w.nodes({
      begin: w.task({ effect: 'pure', run: () => undefined }),
      first: w.task({ effect: 'pure', writes: ['left'], run: () => ({ left: 1 }) }),
      second: w.task({ effect: 'pure', writes: ['right'], run: () => ({ right: 1 }) }),
      next: w.task({ effect: 'unsafe', run: () => undefined }),
      meet: w.join({ wait: 'any' }),
    })
    const workflow = w.workflow('overtaken', {
      input: z.object({}),
      output: [],
      nodes: n,
      start: n.begin,
      edges: {
        begin: { done: { fork: [n.first, n.second], join: n.meet } },
        first: { done: n.next },
        second: { done: n.meet },
        next: { done: n.meet },
        meet: { done: END },
      },
    })
    const { runtime, stored } = watched()
    const run = await runtime.start(workflow, { input: {} })
    await run.result()
    const { checkpoints } = await readHistory(runtime.store, run.runId)
    expect(checkpoints[3]?.commands.map(({ type }) => type)).toContain('cancelEffect')
    expect(stored().slice(0, 3)).toEqual([[1], [2], [3]])
  })

  it('are stored up to the one that cannot be planned', async () => {
    let asked = 0
    const isOdd = w.guard('isOdd', ['right'], () => (asked += 1) % 2 === 1)
    const n = w.nodes({
      begin: w.task({ effect: 'pure', run: () => undefined }),
      first: w.task({ effect: 'pure', writes: ['left'], run: () => ({ left: 1 }) }),
      second: w.task({ effect: 'pure', writes: ['right'], run: () => ({ right: 1 }) }),
      next: w.task({ effect: 'pure', run: () => undefined }),
      meet: w.join(),
    })
    const workflow = w.workflow('impure', {
      input: z.object({}),
      output: [],
      nodes: n,
      start: n.begin,
      edges: {
        begin: { done: { fork: [n.first, n.second], join: n.meet } },
        first: { done: n.meet },
        second: { done: [{ when: isOdd, to: n.next }, n.meet] },
        next: { done: n.meet },
        meet: { done: END },
      },
    })
    const { runtime, stored } = watched()
    const run = await runtime.start(workflow, { input: {} })
    await expect(run.result()).rejects.toMatchObject({ code: 'WAYSTONE_BUG_IMPURE_PLAN' })
    expect(stored()).toEqual([[1], [2]])
    const { checkpoints } = await readHistory(runtime.store, run.runId)
    expect(checkpoints.at(-1)?.step?.node).toBe('first')
  })
})
