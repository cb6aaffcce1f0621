import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunningChild } from '@waystone/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readRun } from './shared/finish-run.ts'
import { temporaryFolder } from './shared/folder.ts'
import { journalVariable, readJournal } from './shared/journal.ts'
import { startProgram, waystone, type ProgramOptions } from './shared/programs.ts'

const folder = temporaryFolder()
let count = 0
let [store, gate, journal] = ['', '', '']
let options: ProgramOptions
let first: RunningChild

/** Commands start in about a second, the longest lease is five. */
const timeout = 60_000

beforeEach(async () => {
  count += 1
  const home = join(folder, String(count))
  store = join(home, 'runs.db')
  gate = join(folder, `${count}.gate`)
  journal = join(folder, `${count}.journal`)
  options = { cwd: folder, env: { [journalVariable]: journal, NO_COLOR: '1' } }
  first = startProgram('packages/scenarios/slow/child.ts', [store, gate], options)
  await first.says('started ')
})

afterEach(async () => {
  first.process.kill('SIGKILL')
  await first.end
})

async function runId(): Promise<string> {
  const run = await readRun(store)
  return run?.runId ?? ''
}

/** Waits until the first process works at the node that holds. */
async function holding(): Promise<void> {
  await expect.poll(() => readJournal(journal).some((line) => line.startsWith('hold ')), { timeout }).toBe(true)
}

function open(): void {
  writeFileSync(gate, '')
}

const lines = async (): Promise<unknown> => {
  const history = (await readRun(store))?.history
  return history?.at(history.last).snapshot.context.state['lines']
}

describe('a second process', () => {
  it('is refused a run whose owner lives, with the name of the owner', { timeout }, async () => {
    await holding()
    const refused = await waystone(['resume', await runId(), '--store', store], options)
    expect(refused.code).toBe(4)
    expect(refused.output).toContain('WAYSTONE_STORE_OWNED')
    expect(refused.output).toContain(String(first.process.pid))
    open()
    await first.says('rests waiting')
  })

  it('takes over the run of a dead owner at once, and repeats what had not ended', { timeout }, async () => {
    await holding()
    first.process.kill('SIGKILL')
    await first.end
    open()
    const resumed = await waystone(['resume', await runId(), '--store', store], options)
    expect(resumed.code).toBe(3)
    expect(resumed.output).not.toMatch(/lease/i)
    expect(readJournal(journal).filter((line) => line.startsWith('hold '))).toHaveLength(2)
    expect(await lines()).toEqual(['begun', 'held'])
  })

  it('takes over from a stopped owner, which is fenced out when it goes on', { timeout }, async () => {
    await holding()
    first.process.kill('SIGSTOP')
    open()
    const id = await runId()
    let resumed = await waystone(['resume', id, '--store', store], options)
    // The owner's process is there, so its lease has to run out; resume says so, or is refused until it has.
    while (resumed.code === 4) resumed = await waystone(['resume', id, '--store', store], options)
    expect(resumed.code).toBe(3)
    const before = (await readRun(store))?.history.last
    first.process.kill('SIGCONT')
    await first.says('stopped WAYSTONE_STORE_CONFLICT')
    expect((await readRun(store))?.history.last).toBe(before)
    expect(await lines()).toEqual(['begun', 'held'])
  })

  it('moves a waiting run on by approving it while the first lives', { timeout }, async () => {
    open()
    await first.says('rests waiting')
    const approved = await waystone(['approve', await runId(), '--reason', 'seen', '--store', store], options)
    expect(approved.code).toBe(0)
    await first.says('ended completed')
    expect(await lines()).toEqual(['begun', 'held', 'closed'])
    expect(readJournal(journal).filter((line) => line.startsWith('close '))).toHaveLength(1)
  })

  it('moves a waiting run on by approving it when the first is dead (H2)', { timeout }, async () => {
    open()
    await first.says('rests waiting')
    first.process.kill('SIGKILL')
    await first.end
    const approved = await waystone(['approve', await runId(), '--reason', 'seen', '--store', store], options)
    expect(approved.code).toBe(0)
    expect(await lines()).toEqual(['begun', 'held', 'closed'])
    expect(readJournal(journal).filter((line) => line.startsWith('hold '))).toHaveLength(1)
    expect(existsSync(gate)).toBe(true)
  })
})
