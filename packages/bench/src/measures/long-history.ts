import { readHistory } from '@waystone/core'
import type { Store } from '@waystone/core/store'
import { createSqliteStore } from '@waystone/sqlite'
import { join } from 'node:path'
import { repeat, scaled, type Effort, type Measure } from '../measure.ts'
import { productionRuntime } from '../one-run.ts'
import { withScratch } from '../scratch.ts'
import { median } from '../statistics.ts'
import { stopping } from '../workflows.ts'

/** Taking up, and reading, a run of 1,000 checkpoints. */
export const longHistory: Measure = {
  name: 'long-history',
  async run(effort) {
    const checkpoints = scaled(1_000, effort)
    const taken = { ...effort, rounds: effort.rounds * 5 }
    return await withScratch(async (folder) => {
      const store = createSqliteStore({ path: join(folder, 'runs.db') })
      const resumes: number[] = []
      const runId = await arriveOnce(store, checkpoints)
      await repeat(taken, () => resumeOnce(store, runId)).then((times) => resumes.push(...times))
      const histories = await readOften(taken, store, runId)
      await store.close()
      return [
        {
          name: 'resume at 1,000 checkpoints to the next node',
          unit: 'ms',
          value: median(resumes),
          target: { is: 'at most', value: 2 },
          rounds: resumes,
          note: 'from open() to the first line of the node; store and runtime are open',
        },
        {
          name: 'history of 1,000 checkpoints',
          unit: 'ms',
          value: median(histories),
          target: { is: 'at most', value: 20 },
          rounds: histories,
          note: 'every checkpoint read and verified, with the snapshot after each',
        },
      ]
    })
  },
}

/** Runs until the node that never ends, and leaves the run there. */
async function arriveOnce(store: Store, checkpoints: number): Promise<string> {
  const arrived = Promise.withResolvers<void>()
  const runtime = productionRuntime(store)
  const run = await runtime.start(stopping(arrived.resolve), { input: { count: 0, last: checkpoints - 1 } })
  await arrived.promise
  await runtime.close()
  return run.runId
}

/** @returns ms */
async function resumeOnce(store: Store, runId: string): Promise<number> {
  const arrived = Promise.withResolvers<number>()
  const workflow = stopping(() => arrived.resolve(performance.now()))
  const runtime = productionRuntime(store)
  // Compiles the workflow, as a process does once for all its runs.
  await runtime.open(workflow, runId)
  const beganAt = performance.now()
  const run = await runtime.open(workflow, runId)
  await run.resume()
  const elapsed = (await arrived.promise) - beganAt
  await runtime.close()
  return elapsed
}

async function readOften(effort: Effort, store: Store, runId: string): Promise<readonly number[]> {
  return await repeat(effort, async () => {
    const beganAt = performance.now()
    const history = await readHistory(store, runId)
    for (let sequence = 0; sequence <= history.last; sequence++) history.at(sequence)
    return performance.now() - beganAt
  })
}
