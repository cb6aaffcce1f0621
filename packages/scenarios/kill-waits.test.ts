import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { replayRun } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { describe, expect, it } from 'vitest'
import { readRun, type StoredRun } from './shared/finish-run.ts'
import { temporaryFolder } from './shared/folder.ts'
import { journalVariable, readJournal } from './shared/journal.ts'
import { histogram, inPairs, planKills } from './shared/kill-plan.ts'
import { startProgram, waystone } from './shared/programs.ts'
import { messages } from './waits/messages.ts'
import { parcel } from './waits/workflow.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'
const folder = temporaryFolder()

interface Survived {
  readonly killedAt: string | null
  readonly points: readonly string[]
  readonly left: StoredRun | undefined
  readonly end: StoredRun | undefined
  readonly journal: readonly string[]
  readonly store: string
}

/** Runs it, kills it, and goes on as a sender does who does not know what arrived: everything is sent again, under the same ids. */
async function survive(home: string, killAt: string | null): Promise<Survived> {
  mkdirSync(home)
  const store = join(home, 'runs.db')
  const file = join(home, 'journal.txt')
  const options = { cwd: home, env: { [journalVariable]: file, NO_COLOR: '1' } }
  const child = startProgram('packages/scenarios/waits/child.ts', [store], {
    ...options,
    atPoint: (name) => (name === killAt ? 'kill' : 'go'),
  })
  const { points, killedAt, code, output } = await child.end
  if (killAt === null && code !== 0) throw new RangeError(output)
  const left = await readRun(store)
  if (left !== undefined && left.history.row.status !== 'completed') {
    for (const { event, payload, id } of messages) {
      const args = [
        'send',
        left.runId,
        event,
        '--payload',
        JSON.stringify(payload),
        '--id',
        id,
        '--key',
        'o-1',
        '--detach',
      ]
      const sent = await waystone([...args, '--store', store], options)
      // Refused when the run had all it needed and went on to its end.
      if (sent.code !== 0 && !sent.output.includes('run-ended')) throw new RangeError(sent.output)
    }
    await finish(store, left.runId, options)
  }
  return { killedAt, points, left, end: await readRun(store), journal: readJournal(file), store }
}

/** Goes on until it has ended; it may rest while its nap is not over. */
async function finish(store: string, runId: string, options: Parameters<typeof waystone>[1]): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const { code, output } = await waystone(['resume', runId, '--store', store], options)
    if (code === 0) return
    if (code !== 3) throw new RangeError(output)
  }
  throw new RangeError(`run ${runId} does not come to its end`)
}

/** Kinds of events that were received, by id. */
function receivedIn({ history }: StoredRun): readonly string[] {
  return history.checkpoints.flatMap(({ event }) => (event.type === 'event.received' ? [event.id] : []))
}

describe('kill -9 of a run that waits', () => {
  it(
    'loses no event and takes none twice, early or late, and does no finished work again',
    { timeout: 900_000 },
    async () => {
      const whole = await survive(join(folder, 'whole'), null)
      const first = ['after shipped was sent', 'after paid was sent', 'in pack, before it happens']
      const plan = planKills(whole.points, { count: isLong ? whole.points.length : 6, first })
      const killed: Survived[] = []
      await inPairs([...plan.entries()], async ([index, at]) => {
        killed.push(await survive(join(folder, `killed-${index}`), whole.points[at] ?? null))
      })
      // oxlint-disable-next-line no-console -- the histogram is what these tests have to show
      console.log(
        histogram(
          whole.points,
          killed.map(({ killedAt }) => killedAt ?? 'not killed'),
        ),
      )
      expect(killed.map(({ killedAt }) => killedAt)).not.toContain(null)
      for (const { end, journal, store } of [whole, ...killed]) {
        // Nothing was stored: nobody knows of a run.
        if (end === undefined) continue
        const { state, ending, received } = end.history.at(end.history.last).snapshot.context
        expect(ending?.status).toBe('completed')
        expect([...(state['notes'] as string[])].toSorted()).toEqual([
          'by rail',
          'close',
          'open',
          'pack',
          'paid: in cash',
        ])
        expect(receivedIn(end).toSorted()).toEqual(['sent/m-1', 'sent/m-2'])
        expect(received).toBeUndefined()
        // A keyed task that was killed in the middle runs again under its id; no other effect is made.
        expect(new Set(journal.map((line) => line.split(' ')[1])).size).toBe(3)
        const opened = createSqliteStore({ path: store })
        expect((await replayRun(opened, parcel, end.runId)).divergence).toBeNull()
        await opened.close()
      }
      // Early events were left behind by processes that died, and taken by others.
      const kept = killed.filter(
        ({ left }) => left?.history.at(left.history.last).snapshot.context.received !== undefined,
      )
      expect(kept.length).toBeGreaterThan(0)
    },
  )
})
