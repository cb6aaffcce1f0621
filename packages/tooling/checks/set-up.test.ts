import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { readText, root } from '../src/workspace.ts'

/** Runs before anything is installed, so it is no TypeScript, and is asked in a process of its own. */
function strangers(lock: string): unknown {
  const script = `import { strangers } from './packages/tooling/scripts/set-up.mjs'
    process.stdout.write(JSON.stringify(strangers(process.env.LOCK)))`
  const args = ['--input-type=module', '-e', script]
  return JSON.parse(
    execFileSync(process.execPath, args, { cwd: root, env: { ...process.env, LOCK: lock }, encoding: 'utf8' }),
  )
}

describe('set-up', () => {
  it('names a folder in the place of a package that the lock file does not know', () => {
    const importers = readText('pnpm-lock.yaml').split('\npackages:\n')[0] ?? ''
    expect(strangers(importers)).toEqual([])
    expect(strangers(importers.replace('\n  examples/hello:\n', '\n  examples/other:\n'))).toEqual(['examples/hello'])
  })
})
