import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { root } from '../src/workspace.ts'

const older = fileURLToPath(new URL('../node_modules/typescript-6/lib/tsc.js', import.meta.url))

describe('TypeScript 6', () => {
  it('accepts what TypeScript 7 accepts', { timeout: 300_000 }, () => {
    const { status, stdout } = spawnSync(process.execPath, [older, '-p', root], { encoding: 'utf8' })
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })
})
