import { createRuntime, type Run, type Runtime } from '@waystone/core'
import type { Store } from '@waystone/core/store'
import { createSqliteStore } from '@waystone/sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCommandLine, type CommandLine } from './command-line.ts'
import { busy } from './fixtures/busy.ts'
import { slow } from './fixtures/slow.ts'

let waystone: CommandLine
let store: Store
let runtime: Runtime
let run: Run<object>

/** Another holder of the store, as another process is, drives a run whose only effect does not end. */
beforeEach(async () => {
  waystone = createCommandLine()
  store = createSqliteStore({ path: waystone.store })
  runtime = createRuntime({ store })
  run = await runtime.start(busy, { input: { topic: 'tides' }, tags: { 'waystone.module': 'busy.ts' } })
})
afterEach(async () => {
  await runtime.close()
  await store.close()
  waystone.close()
})

describe('a move that another process has to take', () => {
  it('tells that it was refused there, and why, and the run tells it too (H7)', async () => {
    const { exit, err } = await waystone('redirect', 'last', 'review', '--reason', 'odd', '--by', 'eve')
    expect(err).toBe(
      'refused (not-written): from review the run reads text, which nothing has written yet; patch the state first\n',
    )
    expect(exit).toBe(1)
    const said = /redirect by eve refused \d{4}-\S+ \S+ \(not-written\): from review the run reads text/
    expect((await waystone('show', 'last')).out).toMatch(said)
    expect((await waystone('audit', 'last')).out).toMatch(said)
    expect(JSON.parse((await waystone('show', 'last', '--json')).out)).toMatchObject({
      refused: [{ type: 'run.redirect', by: 'eve', reason: 'not-written' }],
    })
  })

  it('tells after a release that nobody drives the run, where nobody does', async () => {
    const begun = await runtime.start(slow, { input: { waitMs: 60_000 }, tags: { 'waystone.module': 'slow.ts' } })
    await waystone('hold', 'last', '--reason', 'odd')
    await runtime.close()
    await waystone('patch', 'last', '--set', 'waitMs=1', '--reason', 'too long')
    const { out, exit } = await waystone('release', 'last', '--reason', 'go')
    expect(out).toMatch(
      /^release applied at checkpoint 3; run RUN\d can go on, and no process drives it\.\nGo on with: /,
    )
    expect(exit).toBe(0)
    expect((await store.row(begun.runId))?.lease).toBeNull()
  })

  it('tells at which checkpoint it was taken', async () => {
    const { exit, out } = await waystone('redirect', 'last', 'again', '--reason', 'odd')
    expect(out).toMatch(/^redirect applied at checkpoint 1; run RUN1 is waiting\.\n/)
    expect(exit).toBe(0)
    expect(await run.refused()).toEqual([])
  })
})
