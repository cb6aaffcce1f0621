import { createSqliteStore } from '@waystone/sqlite'
import { join } from 'node:path'
import { callsOf, work, type Fan } from '../hierarchy.ts'
import { repeat, type Measure } from '../measure.ts'
import { withScratch } from '../scratch.ts'
import { median } from '../statistics.ts'

/** 10 managers, each with 10 leads, each with 10 workers, all agents: 1,110 model calls over HTTP, of a run in SQLite. */
export const hierarchy: Measure = {
  name: 'hierarchy',
  async run(effort) {
    const isQuick = effort.scale < 1
    const fan: Fan = isQuick ? { managers: 2, leads: 3, workers: 4 } : { managers: 10, leads: 10, workers: 10 }
    const rounds = await repeat({ ...effort, rounds: Math.min(effort.rounds, 3), warmRounds: 1 }, () => once(fan))
    const times = rounds.map(({ wallMs }) => wallMs)
    const memory = rounds.map(({ rssBytes }) => rssBytes / 1_048_576)
    const calls = rounds.map((round) => round.calls)
    const cpu = rounds.map(({ cpuMs }) => cpuMs)
    const note = `${callsOf(fan)} agents in three levels, lab and run in one process, each call a request over HTTP`
    return [
      { name: '1,000 agents in a hierarchy', unit: 'ms', value: median(times), rounds: times, note },
      { name: '… time of the processors, lab included', unit: 'ms', value: median(cpu), rounds: cpu },
      { name: '… calls at the lab', unit: 'calls', value: median(calls), rounds: calls },
      { name: '… memory of the process, lab included', unit: 'MB', value: median(memory), rounds: memory },
    ]
  },
}

async function once(fan: Fan): Promise<Awaited<ReturnType<typeof work>>> {
  return await withScratch(async (folder) => {
    const store = createSqliteStore({ path: join(folder, 'runs.db'), durability: 'process' })
    const worked = await work(fan, store)
    await store.close()
    const { status, calls, reports } = worked
    const all = fan.managers * fan.leads * fan.workers
    if (status !== 'completed' || calls !== callsOf(fan) || reports.length !== all)
      throw new RangeError(
        `a hierarchy of ${callsOf(fan)} agents ended ${status} after ${calls} calls, with ${reports.length} reports`,
      )
    return worked
  })
}
