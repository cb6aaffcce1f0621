import type { Runtime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { join } from 'node:path'
import { speedFigure } from '../engine-and-floor.ts'
import { createSqliteFloor } from '../floors.ts'
import { repeat, scaled, type Measure } from '../measure.ts'
import { countTo, productionRuntime, timed } from '../one-run.ts'
import { withScratch } from '../scratch.ts'

const stepsEach = 10

/** Many short runs at once, each step durable before the next. */
export const manyRuns: Measure = {
  name: 'many-runs',
  async run(effort) {
    const runs = scaled(1_000, effort)
    return await withScratch(async (folder) => {
      const atStartMb = process.memoryUsage.rss() / 1_048_576
      const floor = createSqliteFloor({ path: join(folder, 'floor.db'), synchronous: 'full', textLength: 300 })
      const store = createSqliteStore({ path: join(folder, 'runs.db') })
      const runtime = productionRuntime(store)
      const pairs = await repeat(effort, async () => {
        const floorSteps = scaled(500, effort)
        const floorMs = ((await floor.run(floorSteps)) / floorSteps) * runs * stepsEach
        return { steps: runs * stepsEach, engine: await timed(() => runAll(runtime, runs)), floorMs }
      })
      const peakMb = process.resourceUsage().maxRSS / 1_024
      await runtime.close()
      await store.close()
      floor.close()
      return [
        speedFigure(pairs, {
          name: '1,000 runs of 10 steps, power',
          floor: 'insert per step, WAL FULL',
          target: { is: 'at least', value: 15_000, stretch: 25_000 },
          note: 'a run starts with one more checkpoint, which is not counted as a step',
        }),
        {
          name: '… memory of the process at most',
          unit: 'MB',
          value: peakMb,
          target: { is: 'at most', value: 150 },
          rounds: [peakMb],
          note: `resident; ${atStartMb.toFixed(0)} MB of it before the first run, with sources that Node strips of types`,
        },
      ]
    })
  },
}

async function runAll(runtime: Runtime, runs: number): Promise<void> {
  await Promise.all(Array.from({ length: runs }, () => countTo(runtime, stepsEach)))
}
