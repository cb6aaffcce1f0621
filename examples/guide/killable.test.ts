import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runAtPoints, type ChildEnd } from '@waystone/testing'
import { describe, expect, it } from 'vitest'

/** What node is called with; the condition is for this repository alone, where packages are run from source. */
const program = ['--conditions=@waystone/source', fileURLToPath(new URL('killable.ts', import.meta.url))]

// #region kill
function start(cwd: string, killAt?: number): Promise<ChildEnd> {
  const atPoint = (_name: string, index: number): 'kill' | 'go' => (index === killAt ? 'kill' : 'go')
  return runAtPoints({ command: process.execPath, args: program, cwd, atPoint }).end
}

describe.concurrent('killable', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])(
    'completes when it is killed at point %i',
    { timeout: 120_000 },
    async (killAt) => {
      const folder = mkdtempSync(join(tmpdir(), 'killable-'))
      expect((await start(folder, killAt)).signal).toBe('SIGKILL')

      expect((await start(folder)).output).toBe('completed\n')
      const outbox = join(folder, 'outbox.txt')
      const mails = existsSync(outbox) ? readFileSync(outbox, 'utf8').trim().split('\n') : []
      expect(mails.length).toBeLessThanOrEqual(1)
    },
  )
})
// #endregion kill
