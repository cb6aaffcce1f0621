import { createSqliteStore } from '@waystone/sqlite'
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { repeat, scaled, type Measure } from '../measure.ts'
import { productionRuntime } from '../one-run.ts'
import { withScratch } from '../scratch.ts'
import { median, perSecond } from '../statistics.ts'
import { growing } from '../workflows.ts'

/** Of one item's text, UTF-16 units. */
const itemLength = 1_024

/** Random letters: what compression can do least for. */
const texts: readonly string[] = Array.from({ length: 2_000 }, () => randomBytes(768).toString('base64'))

/** A list that grows by 1 KB a step, on SQLite without fsync. */
export const growingList: Measure = {
  name: 'growing-list',
  async run(effort) {
    const steps = scaled(2_000, effort)
    const rounds = await repeat(effort, (index) =>
      withScratch((folder) => growOnce(join(folder, `${index}.db`), steps)),
    )
    const speeds = rounds.map(({ elapsedMs }) => perSecond(steps, elapsedMs))
    const sizes = rounds.map(({ bytes }) => bytes / (steps * itemLength))
    const steadiness = rounds.map(({ firstMs, lastMs }) => firstMs / lastMs)
    return [
      {
        name: 'list + 1 KB a step, 2,000 steps, process',
        unit: 'steps/s',
        value: median(speeds),
        target: { is: 'at least', value: 5_000 },
        rounds: speeds,
      },
      {
        name: '… file ÷ payload',
        unit: '×',
        value: median(sizes),
        target: { is: 'at most', value: 1.5 },
        rounds: sizes,
        note: 'random base64, so that compression gains only what base64 wastes',
      },
      {
        name: '… speed of the last tenth ÷ the first',
        unit: '×',
        value: median(steadiness),
        target: { is: 'at least', value: 0.8 },
        rounds: steadiness,
      },
    ]
  },
}

interface Growth {
  readonly elapsedMs: number
  readonly firstMs: number
  readonly lastMs: number
  readonly bytes: number
}

async function growOnce(path: string, steps: number): Promise<Growth> {
  const at: number[] = []
  const workflow = growing((count) => {
    at[count] = performance.now()
    return texts[count % texts.length] ?? ''
  })
  const store = createSqliteStore({ path, durability: 'process' })
  const runtime = productionRuntime(store)
  const beganAt = performance.now()
  const run = await runtime.start(workflow, { input: { last: steps, items: [] } })
  await run.result()
  const endedAt = performance.now()
  await runtime.close()
  await store.close()
  const tenth = steps / 10
  return {
    elapsedMs: endedAt - beganAt,
    firstMs: (at[tenth] ?? 0) - (at[0] ?? 0),
    lastMs: endedAt - (at[steps - tenth] ?? 0),
    bytes: statSync(path).size,
  }
}
