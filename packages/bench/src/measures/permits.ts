import { createRuntime, defineState, defineTool, END, type Runtime, type SharedLimits } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { join } from 'node:path'
import { z } from 'zod'
import { repeat, scaled, type Measure } from '../measure.ts'
import { timed, type Spent } from '../one-run.ts'
import { withScratch } from '../scratch.ts'
import { median } from '../statistics.ts'

const Count = z.object({ count: z.number(), last: z.number() })
const meter = defineTool({
  name: 'meter',
  description: 'Counts on.',
  effect: 'pure',
  input: Count,
  output: z.object({ count: z.number() }),
  run: ({ count }) => ({ count: count + 1 }),
})
const w = defineState({ count: z.number(), last: z.number() })
const isCounted = w.guard('isCounted', ['count', 'last'], ({ count, last }) => count >= last)
const n = w.nodes({ work: w.tool(meter, { reads: ['count', 'last'], writes: ['count'] }) })
const metering = w.workflow('metering', {
  input: Count,
  output: ['count'],
  nodes: n,
  start: n.work,
  edges: {
    work: {
      done: [
        { when: isCounted, to: END },
        { to: n.work, limit: 1_000_000, otherwise: END },
      ],
    },
  },
})

const limits = {
  'at a time': { tools: { meter: { concurrent: 4 } } },
  'a second': { tools: { meter: { perSecond: 1_000_000 } } },
} as const satisfies { readonly [name: string]: SharedLimits }

/** What a permit adds to one call of a tool, on SQLite without fsync, when nobody else is in line. */
export const permits: Measure = {
  name: 'permits',
  async run(effort) {
    const steps = scaled(1_000, effort)
    return await withScratch(async (folder) => {
      const store = createSqliteStore({ path: join(folder, 'runs.db'), durability: 'process' })
      const bound = (given?: SharedLimits): Runtime =>
        createRuntime({
          store,
          workflows: [metering],
          checkPurity: false,
          ...(given !== undefined && { limits: given }),
        })
      const free = bound()
      const limited = Object.entries(limits).map(([name, given]) => ({ name, runtime: bound(given) }))
      const rounds = await repeat(effort, async () => {
        const floor = await count(free, steps)
        const spent: Spent[] = []
        for (const { runtime } of limited) spent.push(await count(runtime, steps))
        return { floor, spent }
      })
      for (const { runtime } of [{ runtime: free }, ...limited]) await runtime.close()
      await store.close()
      return limited.map(({ name }, index) => {
        const added = (part: keyof Spent): readonly number[] =>
          rounds.map(({ floor, spent }) => (((spent[index]?.[part] ?? 0) - floor[part]) * 1_000) / steps)
        return {
          name: `permit, so many ${name}`,
          unit: 'µs',
          value: median(added('wallMs')),
          target: { is: 'at most', value: 300 },
          floor: {
            name: 'the same call, not limited',
            value: median(rounds.map(({ floor }) => (floor.wallMs * 1_000) / steps)),
          },
          rounds: added('wallMs'),
          note: `added to each call, of which ${median(added('cpuMs')).toFixed(0)} µs of processor time: the permit is asked for before it and given back after it`,
        } as const
      })
    })
  },
}

function count(runtime: Runtime, steps: number): Promise<Spent> {
  return timed(async () => {
    const run = await runtime.start(metering, { input: { count: 0, last: steps } })
    const { status } = await run.result()
    if (status !== 'completed') throw new RangeError(`a run of ${steps} calls ended ${status}`)
  })
}
