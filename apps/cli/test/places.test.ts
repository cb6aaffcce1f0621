import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommandLine } from '../src/program.ts'
import { createCommandLine, fixtures, sink, surroundings } from './command-line.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'waystone-places-'))
  mkdirSync(join(root, 'project/flows'), { recursive: true })
  symlinkSync(fileURLToPath(new URL('../node_modules', import.meta.url)), join(root, 'node_modules'))
  cpSync(join(fixtures, 'slow.ts'), join(root, 'project/flows/slow.ts'))
  writeFileSync(join(root, 'project/package.json'), '{"type":"module"}')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

async function within(cwd: string, ...args: readonly string[]): Promise<{ exit: number; out: string; err: string }> {
  const [out, err] = [sink(), sink()]
  const exit = await runCommandLine(args, { ...surroundings(), cwd: join(root, cwd), out, err })
  return { exit, out: out.text(), err: err.text() }
}

describe('the place of the runs', () => {
  it('is .waystone/runs.db in the project folder of the working folder, wherever in it one works', async () => {
    const run = await within('project/flows', 'run', 'slow.ts', '--input', '{"waitMs":0}')
    expect(run.exit).toBe(0)
    expect(existsSync(join(root, 'project/.waystone/runs.db'))).toBe(true)
    const shown = await within('project', 'show', 'last', '--json')
    expect(JSON.parse(shown.out)).toMatchObject({ run: { status: 'completed' } })
    // The file it was started from is found again from any folder.
    expect((await within('project', 'replay', 'last')).exit).toBe(0)
  })

  it('is named by a configuration, and --store goes before it', async () => {
    const config = `import { defineConfig } from '@waystone/core'
      import { createSqliteStore } from '@waystone/sqlite'
      export default defineConfig({ store: createSqliteStore({ path: ${JSON.stringify(join(root, 'elsewhere.db'))} }) })`
    writeFileSync(join(root, 'project/waystone.config.ts'), config)
    expect((await within('project', 'run', 'flows/slow.ts', '--input', '{"waitMs":0}')).exit).toBe(0)
    expect(existsSync(join(root, 'project/.waystone'))).toBe(false)
    expect((await within('project', 'runs', '--store', join(root, 'elsewhere.db'))).out).toContain('completed')
  })
})

describe('a configuration', () => {
  it('has no option that nobody knows', async () => {
    writeFileSync(join(root, 'project/waystone.config.mjs'), 'export default { modles: {} }')
    const { exit, err } = await within('project', 'run', 'flows/slow.ts', '--input', '{"waitMs":0}')
    expect(err).toContain('found modles; allowed are models, offlineModels, ')
    expect(exit).toBe(2)
  })

  it('must be exported by default, and offline models must be an object', async () => {
    const waystone = createCommandLine()
    const unconfigured = await waystone('run', 'unconfigured/slow.ts', '--input', '{"waitMs":0}')
    expect(unconfigured.err).toContain(
      'found no default export; allowed is `export default defineConfig({ … })` (WAYSTONE_INPUT_CONFIG)',
    )
    const unnamed = await waystone('run', 'unnamed-models.ts', '--input', '{"waitMs":0}')
    expect(unnamed.err).toContain(
      'found string exported as "offlineModels"; allowed is an object of models by name (WAYSTONE_INPUT_CONFIG)',
    )
    expect([unconfigured.exit, unnamed.exit]).toEqual([2, 2])
    waystone.close()
  })
})
