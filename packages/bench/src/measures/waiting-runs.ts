import type { Runtime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { scaled, type Measure } from '../measure.ts'
import { productionRuntime } from '../one-run.ts'
import { withScratch } from '../scratch.ts'
import { waiting } from '../workflows.ts'

const stateBytes = 1_024

/** Started at once. */
const batchLength = 500

/** Runs that wait for a person: what they cost while nothing happens. */
export const waitingRuns: Measure = {
  name: 'waiting-runs',
  async run(effort) {
    const runs = scaled(10_000, effort)
    return await withScratch(async (folder) => {
      await startAndClose(join(folder, 'warm.db'), scaled(2_000, effort))
      const path = join(folder, 'runs.db')
      const heldBytes = await startAndClose(path, runs)
      const heldEach = heldBytes / runs
      const fileEach = statSync(path).size / runs - stateBytes
      return [
        {
          name: '10,000 waiting runs, memory held',
          unit: 'bytes each',
          value: Math.max(0, heldEach),
          // Less cannot be told from what the collector leaves over.
          target: { is: 'at most', value: 16 },
          rounds: [heldEach],
          note: `after a collection, runtime and store open; ${(heldBytes / 1_048_576).toFixed(2)} MB in all`,
        },
        {
          name: '… file beyond the 1 KB state',
          unit: 'bytes each',
          value: fileEach,
          target: { is: 'at most', value: 2_048 },
          rounds: [fileEach],
          note: 'three checkpoints, the row of the run, the indexes',
        },
      ]
    })
  },
}

/** @returns bytes of memory that the runs hold while they wait */
async function startAndClose(path: string, runs: number): Promise<number> {
  const store = createSqliteStore({ path })
  const runtime = productionRuntime(store)
  await startSome(runtime, 10)
  const before = await memoryInUse()
  await startSome(runtime, runs - 10)
  const after = await memoryInUse()
  await runtime.close()
  await store.close()
  return after - before
}

async function startSome(runtime: Runtime, count: number): Promise<void> {
  for (let left = count; left > 0; left -= batchLength) {
    await Promise.all(Array.from({ length: Math.min(left, batchLength) }, () => startOne(runtime)))
  }
}

async function startOne(runtime: Runtime): Promise<void> {
  const text = randomBytes((stateBytes * 3) / 4).toString('base64')
  const run = await runtime.start(waiting, { input: { text } })
  const { status } = await run.result()
  if (status !== 'waiting') throw new RangeError(`a run that should wait is ${status}`)
}

async function memoryInUse(): Promise<number> {
  if (globalThis.gc === undefined) throw new RangeError('memory can only be measured under node --expose-gc')
  // Twice, with a turn between: what a finaliser lets go of is collected the second time.
  globalThis.gc()
  await new Promise((resolve) => {
    setTimeout(resolve, 100)
  })
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
