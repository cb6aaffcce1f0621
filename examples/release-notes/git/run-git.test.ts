import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../test/temporary.ts'
import { GitError, runGit } from './run-git.ts'

/** A git that says that it runs, and goes on until it is told to end. */
const slowGit = '#!/bin/sh\n: > began\nuntil [ -e go ]; do sleep 0.02; done\necho to the end\n'

const caller = `
  process.on('SIGINT', () => process.stdout.write('interrupted, '))
  const { runGit } = await import(${JSON.stringify(new URL('run-git.ts', import.meta.url).href)})
  process.stdout.write(await runGit('.', ['log']))
`

describe('runGit', () => {
  it('says what git said, and how it ended', async () => {
    const folder = await temporaryFolder()
    await expect(runGit(folder, ['rev-parse', '--show-toplevel'])).rejects.toThrow(/git rev-parse: fatal: not a git/)
    await expect(runGit(join(folder, 'missing'), ['status'])).rejects.toThrow(GitError)
    await expect(runGit(folder, ['version'], { signal: AbortSignal.abort() })).rejects.toThrow(/abort/)
    expect(await runGit(folder, ['version'])).toMatch(/^git version/)
  })

  it('leaves it to the caller what Ctrl-C means: git is not ended by it', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'git'), slowGit)
    await chmod(join(folder, 'git'), 0o755)
    const env = { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` }
    const args = ['--input-type=module', '--eval', caller]
    const child = spawn(process.execPath, args, {
      cwd: folder,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await expect.poll(() => existsSync(join(folder, 'began')), { timeout: 20_000 }).toBe(true)
    // As a terminal does, to the whole group.
    process.kill(-(child.pid ?? 0), 'SIGINT')
    let said = ''
    for await (const part of child.stdout) {
      said += String(part)
      await writeFile(join(folder, 'go'), '')
    }
    expect(said).toBe('interrupted, to the end\n')
  })
})
