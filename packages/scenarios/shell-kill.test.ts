import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { confinementProblem } from '@waystone/shell'
import { describe, expect, it } from 'vitest'
import { endedEffects, readRun } from './shared/finish-run.ts'
import { temporaryFolder } from './shared/folder.ts'
import { startProgram, waystone, type ProgramOptions } from './shared/programs.ts'
import { levelVariable, markerVariable, rootVariable } from './shell/workflow.ts'

const folder = temporaryFolder()
const timeout = 60_000

/** Processes of this machine whose arguments hold a text. */
function processesWith(text: string): readonly string[] {
  return readdirSync('/proc').filter((entry) => {
    const file = `/proc/${entry}/cmdline`
    try {
      return /^\d+$/.test(entry) && readFileSync(file, 'utf8').includes(text)
    } catch {
      return false
    }
  })
}

describe.each(['system', 'process'])('a command of a shell tool, confinement %s', (level) => {
  it('dies with the process that started it, and is not run again (T5)', { timeout }, async ({ skip }) => {
    skip(process.platform !== 'linux', 'it looks at processes in /proc')
    const problem = level === 'system' ? await confinementProblem(process.env['WAYSTONE_TEST_BWRAP']) : null
    skip(problem !== null, problem ?? '')
    const root = join(folder, level)
    mkdirSync(root)
    const store = join(folder, `${level}.db`)
    const marker = `waystone-scenario-${level}-${process.pid}`
    const env = { [levelVariable]: level, [rootVariable]: root, [markerVariable]: marker, NO_COLOR: '1' }
    const options: ProgramOptions = { cwd: folder, env }
    const first = startProgram('packages/scenarios/shell/child.ts', [store], options)
    await expect.poll(() => existsSync(join(root, 'begun')), { timeout }).toBe(true)
    expect(processesWith(marker)).not.toEqual([])

    first.process.kill('SIGKILL')
    await first.end
    await expect.poll(() => processesWith(marker), { timeout: 10_000 }).toEqual([])

    const stored = await readRun(store)
    const resumed = await waystone(['resume', stored?.runId ?? '', '--store', store], options)
    expect(resumed.code).toBe(3)
    const run = await readRun(store)
    const open = run?.history.at(run.history.last).snapshot.context.open ?? {}
    expect(Object.values(open)).toMatchObject([{ node: 'work', kind: 'resolve' }])
    expect(run === undefined ? [] : [...endedEffects(run)]).toHaveLength(1)
    expect(JSON.stringify(run?.history.checkpoints)).toContain('"outcome":"unknown"')
    expect(readFileSync(join(root, 'begun'), 'utf8')).toBe('begun\n')
    expect(processesWith(marker)).toEqual([])
  })
})
