import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCommandLine, type CommandLine } from './command-line.ts'

let waystone: CommandLine
beforeEach(() => {
  waystone = createCommandLine()
})
afterEach(() => waystone.close())

describe('waystone delete', () => {
  it('deletes by force what cannot be read any more (S5)', async () => {
    await waystone('run', 'slow.ts', '--input', '{"waitMs":0}')
    const file = new DatabaseSync(waystone.store)
    file.exec(`UPDATE graphs SET graph = '{"damaged":true}'`)
    file.close()
    const refused = await waystone('delete', 'last')
    expect(refused.err).toContain('WAYSTONE_STORE_CORRUPT')
    expect(refused.exit).toBe(4)
    const forced = await waystone('delete', 'last', '--force')
    expect(forced.out).toContain('deleted run RUN1')
    expect(forced.exit).toBe(0)
    expect((await waystone('runs')).out).toContain('No run in')
  })
})

describe('waystone resume', () => {
  it('names the run on every line when several go on', async () => {
    await waystone('run', 'support.ts', '--input', '{"topic":"tides","amount":250}')
    await waystone('approve', 'last', '--detach')
    await waystone('run', 'support.ts', '--input', '{"topic":"ebbs","amount":260}')
    await waystone('approve', 'last', '--detach')
    const { out, err } = await waystone('resume')
    const lines = `${out}${err}`.split('\n').filter((line) => line !== '')
    expect(lines.filter((line) => !/^RUN[12]( |$)/.test(line))).toEqual([])
    for (const run of ['RUN1', 'RUN2']) expect(out).toContain(`${run}  completed  run ${run}`)
  })
})
