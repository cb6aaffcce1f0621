import { createSqliteMemory } from '@waystone/sqlite'
import { join } from 'node:path'
import { repeat, scaled, type Measure } from '../measure.ts'
import { timed } from '../one-run.ts'
import { withScratch } from '../scratch.ts'
import { median } from '../statistics.ts'

const scope = ['bench']
const searches = 50

/** A text search in the long-term memory: for words that few entries have, and for one that half of them have. */
export const memorySearch: Measure = {
  name: 'memory-search',
  async run(effort) {
    const entries = scaled(10_000, effort)
    return await withScratch(async (folder) => {
      const memory = createSqliteMemory({ path: join(folder, 'memory.db'), durability: 'process' })
      const puts = Array.from({ length: entries }, (_, index) =>
        memory.put({ scope, key: `entry ${index}`, value: textOf(index), now: index }),
      )
      await Promise.all(puts)
      const rounds = await repeat(effort, async () => ({
        rare: await eachMs((index) => `word${(index * 37) % 997} thing${(index * 53) % 89}`),
        common: await eachMs(() => 'often'),
      }))
      await memory.close()
      const rowOf = (name: string, values: readonly number[], most: number) => ({
        name: `search in 10,000 entries, ${name}`,
        unit: 'ms',
        value: median(values),
        target: { is: 'at most', value: most } as const,
        rounds: values,
        note: `${entries} entries of about 12 words, the best 10 are read`,
      })
      return [
        rowOf(
          'two words',
          rounds.map(({ rare }) => rare),
          5,
        ),
        rowOf(
          'a word of every second one',
          rounds.map(({ common }) => common),
          50,
        ),
      ]

      async function eachMs(query: (index: number) => string): Promise<number> {
        const { wallMs } = await timed(async () => {
          for (let index = 0; index < searches; index++)
            await memory.search({ scope, text: query(index), now: entries })
        })
        return wallMs / searches
      }
    })
  },
}

function textOf(index: number): string {
  const often = index % 2 === 0 ? 'often' : 'seldom'
  return `a note about word${index % 997} and thing${index % 89}, which is ${often} of use to somebody ${index}`
}
