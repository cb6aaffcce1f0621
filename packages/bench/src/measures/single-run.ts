import { createMemoryStore, type Store } from '@waystone/core/store'
import { createSqliteStore } from '@waystone/sqlite'
import { join } from 'node:path'
import { speedFigure, type Pair } from '../engine-and-floor.ts'
import { createSqliteFloor, runBareLoop } from '../floors.ts'
import { repeat, scaled, type Effort, type Measure } from '../measure.ts'
import { createNullStore } from '../null-store.ts'
import { countTo, productionRuntime } from '../one-run.ts'
import { withScratch } from '../scratch.ts'

/** The engine alone, over stores that do no input or output. */
export const noStore: Measure = {
  name: 'no-store',
  async run(effort) {
    const floor = 'a bare async loop'
    return [
      speedFigure(await inMemory(effort, createNullStore), {
        name: 'one run, no store',
        floor,
        target: { is: 'at least', value: 30_000 },
        note: 'the store keeps nothing, but every checkpoint is written as text and hashed all the same',
      }),
      speedFigure(await inMemory(effort, createMemoryStore), { name: 'one run, memory store', floor }),
    ]
  },
}

async function inMemory(effort: Effort, createStore: () => Store): Promise<readonly Pair[]> {
  const steps = scaled(5_000, effort)
  const runtime = productionRuntime(createStore())
  const pairs = await repeat(effort, async () => {
    const floorMs = await runBareLoop(steps)
    return { steps, engine: await countTo(runtime, steps), floorMs }
  })
  await runtime.close()
  return pairs
}

/** One run on SQLite without fsync. */
export const processLevel: Measure = {
  name: 'process',
  async run(effort) {
    const pairs = await onSqlite(effort, { steps: 4_000, durability: 'process', synchronous: 'normal' })
    return [
      speedFigure(pairs, {
        name: 'one run, process',
        floor: 'insert per step, WAL NORMAL',
        target: { is: 'at least', value: 20_000 },
        ratio: { is: 'at least', value: 0.35 },
      }),
    ]
  },
}

/** One run on SQLite with an fsync at every step. */
export const powerLevel: Measure = {
  name: 'power',
  async run(effort) {
    const pairs = await onSqlite(effort, { steps: 1_000, durability: 'power', synchronous: 'full' })
    return [
      speedFigure(pairs, {
        name: 'one run, power',
        floor: 'insert per step, WAL FULL',
        ratio: { is: 'at least', value: 0.6 },
      }),
    ]
  },
}

interface Level {
  readonly steps: number
  readonly durability: 'process' | 'power'
  readonly synchronous: 'normal' | 'full'
}

/** Length of the text that a step of the counting workflow stores. */
const checkpointLength = 300

async function onSqlite(
  effort: Effort,
  { steps: fullSteps, durability, synchronous }: Level,
): Promise<readonly Pair[]> {
  const steps = scaled(fullSteps, effort)
  return await withScratch(async (folder) => {
    const floor = createSqliteFloor({ path: join(folder, 'floor.db'), synchronous, textLength: checkpointLength })
    const store = createSqliteStore({ path: join(folder, 'runs.db'), durability })
    const runtime = productionRuntime(store)
    const pairs = await repeat(effort, async () => {
      const floorMs = await floor.run(steps)
      return { steps, engine: await countTo(runtime, steps), floorMs }
    })
    await runtime.close()
    await store.close()
    floor.close()
    return pairs
  })
}
