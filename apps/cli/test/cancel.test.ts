import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRuntime, type Clock } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { createCommandLine, type CommandLine } from './command-line.ts'
import { trip } from './fixtures/trip.ts'

let waystone: CommandLine
beforeEach(() => {
  waystone = createCommandLine()
})
afterEach(() => waystone.close())

const cancel = ['cancel', 'last', '--reason', 'withdrawn'] as const

describe('waystone cancel of a run that did what can be undone', () => {
  it('undoes it here when nobody drives the run', async () => {
    expect((await waystone('run', 'trip.ts', '--input', '{"to":"rome"}')).exit).toBe(3)
    const { out, exit } = await waystone(...cancel)
    expect(out).toContain('cancel applied at checkpoint 2; run RUN1 undoes what it did.\n')
    expect(out).toContain('undoes step 0')
    expect(out).toContain('compensation: 1 undone')
    expect(exit).toBe(0)
    expect((await waystone('audit', 'last')).out).toMatch(/hotel \(step 0\) {2}by a function of its author {2}done\n/)
    expect((await waystone('resume', 'last')).err).toBe('Run RUN1 has ended: cancelled.\n')
  })

  it('gives one JSON value with what became of it, and exit 1 where something could not be undone', async () => {
    await waystone('run', 'trip.ts', '--input', '{"to":"atlantis"}')
    const { out, exit } = await waystone(...cancel, '--json')
    expect(JSON.parse(out)).toMatchObject({
      move: 'cancel',
      acceptance: { type: 'applied', sequence: 2 },
      status: 'cancelled',
      compensation: { done: 0, failed: [{ node: 'hotel', outcome: 'failed' }] },
    })
    expect(exit).toBe(1)
  })

  it('says who undoes it when a process drives the run', async () => {
    await waystone('run', 'trip.ts', '--input', '{"to":"rome"}')
    const store = createSqliteStore({ path: waystone.store })
    const [row] = (await store.list({})).rows
    if (row === undefined) throw new RangeError('there is no run')
    const owner = { id: 'someone', host: 'elsewhere', pid: 17, processStartedAt: '1' }
    const now = Date.UTC(2026, 0, 2, 3, 4, 5)
    await store.acquire({ runId: row.runId, owner, leaseMs: 5_000, now })
    const { out, exit } = await waystone.within({ patienceMs: 1 }, ...cancel)
    expect(out).toContain(
      'cancel delivered to run RUN1; the process that drives it (17 on elsewhere) has not taken it yet',
    )
    expect(exit).toBe(3)
    await store.close()
  })
})

describe('waystone approve of a run whose time was over', () => {
  it('is refused, and undoes here what the run did as it took it up', async () => {
    const store = createSqliteStore({ path: waystone.store })
    // More than an hour before what the clock of the command line shows for ever.
    const clock: Clock = { now: () => Date.UTC(2026, 0, 2, 1), at: () => () => undefined }
    const runtime = createRuntime({ store, clock })
    const run = await runtime.start(trip, { input: { to: 'rome' } })
    expect((await run.result()).status).toBe('waiting')
    await runtime.close()
    await store.close()
    const { exit, out, err } = await waystone('approve', 'last', '--reason', 'fine', '--file', 'trip.ts')
    expect(err).toContain('refused (')
    expect(out).toContain('compensation: 1 undone')
    expect(exit).toBe(1)
    expect((await waystone('resume', 'last')).err).toBe('Run RUN1 has ended: failed.\n')
  })
})
