import { auditRun, replayRun } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { readRun } from './shared/finish-run.ts'
import { temporaryFolder } from './shared/folder.ts'
import { startProgram, waystone } from './shared/programs.ts'
import { startToolServer, type ToolServer } from './shared/tool-server.ts'
import { journey, serverVariable } from './undo/journey.ts'

const folder = temporaryFolder()
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** True while a process of this machine lives. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function programOf({ calls }: ToolServer): number {
  return Number(calls.find(({ path }) => path.startsWith('program-'))?.path.slice('program-'.length))
}

describe('a cancel in the middle', () => {
  it(
    'closes sockets, stops programs and nested workflows, undoes in reverse, and nothing is written later (R9)',
    { timeout: 120_000 },
    async () => {
      const server = await startToolServer(({ path }) =>
        path.startsWith('hanging') ? new Promise<never>(() => undefined) : null,
      )
      closing.push(() => server.close())
      const env = { [serverVariable]: server.url, NO_COLOR: '1' }
      const path = join(folder, 'runs.db')
      const driver = startProgram('packages/scenarios/undo/journey-child.ts', [path], { cwd: folder, env })
      // Flight, hotel, the tickets that hang, the car, and the program's own word.
      await server.until(5)
      const program = programOf(server)
      expect(isAlive(program)).toBe(true)
      const run = await readRun(path)
      const told = await waystone(['cancel', run?.runId ?? '', '--reason', 'changed plans', '--store', path], {
        cwd: folder,
        env,
      })
      expect(told.output).toContain('cancel')
      // The driver ends by itself once the run has: whatever it would still write it can write no more.
      expect((await driver.end).code).toBe(0)
      expect(isAlive(program)).toBe(false)
      expect(server.log.slice(server.log.indexOf('left hanging-tickets'))).toEqual([
        'left hanging-tickets',
        ...['undo-hanging-tickets', 'undo-car', 'undo-hotel', 'undo-flight'].flatMap((name) => [
          `came ${name}`,
          `answered ${name}`,
        ]),
      ])
      const undone = server.calls.filter((call) => call.path.startsWith('undo-')).map(({ key }) => key)
      expect(new Set(undone).size).toBe(4)
      expect(undone.every((key) => key.endsWith('/undo'))).toBe(true)

      const end = await readRun(path)
      const history = end?.history
      const context = history?.at(history.last).snapshot.context
      expect(context).toMatchObject({
        ending: { status: 'cancelled', reason: 'changed plans' },
        undone: { done: 4 },
        open: {},
        closing: {},
      })
      expect(history?.row).toMatchObject({ status: 'cancelled', lease: null })
      // Only what settles and what undoes comes after the cancel, and none of it touches the state.
      const at = history?.checkpoints.findIndex(({ event }) => event.type === 'run.cancel') ?? 0
      const after = history?.checkpoints.slice(at + 1) ?? []
      expect(after.every(({ event }) => event.type === 'effect.ended')).toBe(true)
      expect(after.flatMap(({ patch }) => patch).filter(([, where]) => where.includes('state'))).toEqual([])
      expect(after.filter(({ step }) => step?.kind === 'compensate')).toHaveLength(4)

      const store = createSqliteStore({ path })
      closing.push(() => store.close())
      expect((await replayRun(store, journey, end?.runId ?? '')).divergence).toBeNull()
      expect((await auditRun(store, end?.runId ?? '')).chain.isIntact).toBe(true)
      expect((await readRun(path))?.history.last).toBe(history?.last)
    },
  )
})
