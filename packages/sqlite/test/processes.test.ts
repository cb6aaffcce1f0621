import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { sha256, type RunId } from '@waystone/core/store'
import { afterAll, describe, expect, it } from 'vitest'
import { createSqliteStore } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'waystone-processes-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const fixture = join(import.meta.dirname, 'fixtures', 'commit-loop.ts')

interface Loop {
  readonly path: string
  readonly durability: 'power' | 'process'
  readonly run: string
  readonly count: number
}

function start({ path, durability, run, count }: Loop): ChildProcessByStdio<null, Readable, Readable> {
  const args = ['--conditions=@waystone/source', fixture, path, durability, run, String(count)]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function textOf(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

describe('one file, several processes', () => {
  it('takes the commits of all of them, in one gap-free log', async () => {
    const path = join(folder, 'shared.db')
    const runs = ['a', 'b', 'c']
    const children = runs.map((run) => start({ path, durability: 'process', run, count: 200 }))
    const results = await Promise.all(
      children.map(async (child) => {
        child.stdout.resume()
        const exited = once(child, 'exit')
        const errors = await textOf(child.stderr)
        await exited
        return { errors, code: child.exitCode }
      }),
    )
    // Nothing on stderr also says that no ExperimentalWarning gets out.
    expect(results).toEqual(runs.map(() => ({ errors: '', code: 0 })))
    const store = createSqliteStore({ path, mustExist: true })
    const log = await store.after(0, 1000)
    expect(log.map(({ position }) => position)).toEqual(Array.from({ length: 603 }, (_, index) => index + 1))
    for (const run of runs) expect((await store.checkpoints(run as RunId, 0, 200)).length).toBe(201)
    await store.close()
  })

  it.each(['power', 'process'] as const)(
    'loses nothing that %s said was stored when it is killed',
    async (durability) => {
      const path = join(folder, `${durability}.db`)
      const child = start({ path, durability, run: 'a', count: 100_000 })
      const exited = once(child, 'exit')
      let last = 0
      for await (const line of createInterface({ input: child.stdout })) {
        last = Math.max(last, Number(line))
        if (last >= 50) child.kill('SIGKILL')
      }
      await exited
      const store = createSqliteStore({ path, mustExist: true })
      const row = await store.row('a' as RunId)
      expect(row?.sequence).toBeGreaterThanOrEqual(last)
      const stored = await store.checkpoints('a' as RunId, 0, row?.sequence ?? 0)
      expect(stored.every(({ text, hash }) => sha256(text) === hash)).toBe(true)
      await store.close()
    },
  )
})
