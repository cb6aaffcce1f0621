import { createMemoryStore, type Store } from '@waystone/core/store'
import { createSqliteStore } from '@waystone/sqlite'
import { join } from 'node:path'
import { repeat, scaled, type Effort, type Figure, type Measure } from '../measure.ts'
import { createNullStore } from '../null-store.ts'
import { productionRuntime, timed } from '../one-run.ts'
import { withScratch } from '../scratch.ts'
import { median } from '../statistics.ts'
import { mapping } from '../workflows.ts'

/** A map of trivial items, from the start of its run to its end: nothing stored, in memory, and on SQLite without fsync. */
export const mapItems: Measure = {
  name: 'map-items',
  async run(effort) {
    const few = scaled(10_000, effort)
    const many = scaled(40_000, effort)
    const onNothing = await rounds(effort, few, createNullStore)
    const manyOnNothing = await rounds(effort, many, createNullStore)
    const inMemory = await rounds(effort, few, createMemoryStore)
    const onDisk = await withScratch(async (folder) => {
      const store = createSqliteStore({ path: join(folder, 'runs.db'), durability: 'process' })
      const found = await rounds(effort, few, () => store)
      await store.close()
      return found
    })
    const growth = onNothing.map((ms, index) => (manyOnNothing[index] ?? 0) / ms / (many / few))
    return [
      msFigure('map of 10,000 items, no store', onNothing, 150),
      msFigure('map of 10,000 items, memory store', inMemory),
      msFigure('map of 10,000 items, process', onDisk, 600),
      msFigure('map of 40,000 items, no store', manyOnNothing),
      {
        name: '… time of an item, 40,000 ÷ 10,000',
        unit: '×',
        value: median(growth),
        target: { is: 'at most', value: 1.2 },
        rounds: growth,
      },
    ]
  },
}

function msFigure(name: string, taken: readonly number[], target?: number): Figure {
  return {
    name,
    unit: 'ms',
    value: median(taken),
    ...(target !== undefined && { target: { is: 'at most', value: target } }),
    rounds: taken,
    note: 'a checkpoint per item, each written as text and hashed',
  }
}

async function rounds(effort: Effort, items: number, createStore: () => Store): Promise<readonly number[]> {
  const list = Array.from({ length: items }, (_, index) => index)
  return await repeat(effort, async () => {
    const runtime = productionRuntime(createStore())
    const { wallMs } = await timed(async () => {
      const run = await runtime.start(mapping, { input: { numbers: list } })
      const { status, output } = await run.result()
      if (status !== 'completed' || output?.count !== items)
        throw new RangeError(`a map of ${items} items ended ${status} with ${String(output?.count)}`)
    })
    await runtime.close()
    return wallMs
  })
}
