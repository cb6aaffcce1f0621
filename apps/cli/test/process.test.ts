import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { commands } from '../src/commands.ts'
import { exitCodes } from '../src/exit-codes.ts'
import { fixtures, makeEmptyStore } from './command-line.ts'

// Processes are started; on a busy machine that alone takes seconds.
vi.setConfig({ testTimeout: 60_000 })

const entry = fileURLToPath(new URL('../src/main.ts', import.meta.url))

let folder = ''
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waystone-process-'))
  await makeEmptyStore(join(folder, 'runs.db'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Started {
  readonly pid: number | undefined
  /** Resolves when a text has been written, to either output. */
  wrote(text: string): Promise<void>
  kill(signal: NodeJS.Signals): void
  stopReading(): void
  readonly ended: Promise<{
    readonly exit: number | null
    readonly signal: string | null
    readonly out: string
    readonly err: string
  }>
}

function start(args: readonly string[], { nodeArgs = [] }: { readonly nodeArgs?: readonly string[] } = {}): Started {
  const child = spawn(process.execPath, ['--conditions=@waystone/source', ...nodeArgs, entry, ...args], {
    cwd: fixtures,
    env: { ...process.env, NO_COLOR: '', npm_lifecycle_event: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const text = { out: '', err: '' }
  const watchers = new Set<() => void>()
  for (const [name, stream] of [
    ['out', child.stdout],
    ['err', child.stderr],
  ] as const) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk
      for (const check of watchers) check()
    })
  }
  const ended = new Promise<Awaited<Started['ended']>>((resolve) => {
    child.on('close', (exit, signal) => resolve({ exit, signal, ...text }))
  })
  return {
    pid: child.pid,
    ended,
    kill: (signal) => void child.kill(signal),
    stopReading: () => void child.stdout.destroy(),
    wrote: (wanted) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (text.out.includes(wanted) || text.err.includes(wanted)) resolve()
        }
        watchers.add(check)
        check()
        void ended.then(() => reject(new TypeError(`ended without writing ${wanted}: ${text.out}${text.err}`)))
      }),
  }
}

function waystone(...args: readonly string[]): Started['ended'] {
  return start([...args, '--store', join(folder, 'runs.db')]).ended
}

function begin(...args: readonly string[]): Started {
  return start([...args, '--store', join(folder, 'runs.db')])
}

describe('exit codes', () => {
  it('is 4 for a store that is not there, which a command that only looks does not make', async () => {
    const { exit, err } = await start(['audit', 'last', '--store', join(folder, 'absent.db')]).ended
    expect(err).toContain('there is no store at')
    expect(exit).toBe(exitCodes.store.code)
    expect(existsSync(join(folder, 'absent.db'))).toBe(false)
  })

  it('are those of the table', async () => {
    writeFileSync(join(folder, 'broken.db'), 'this is no database, it only says so at some length '.repeat(100))
    const [done, finding, call, unfinished, store] = await Promise.all([
      waystone('runs'),
      waystone('check', 'endless.ts'),
      waystone('run', 'absent.ts'),
      waystone('run', 'support.ts', '--input', '{"topic":"tides","amount":250}'),
      start(['runs', '--store', join(folder, 'broken.db')]).ended,
    ])
    expect([done, finding, call, unfinished, store].map(({ exit }) => exit)).toEqual([
      exitCodes.done.code,
      exitCodes.failed.code,
      exitCodes.call.code,
      exitCodes.unfinished.code,
      exitCodes.store.code,
    ])
    expect(store.err).toContain('WAYSTONE_STORE_CORRUPT')
  })

  it.each([
    ['syntax.ts', 'has a syntax error'],
    ['throws.ts', 'threw something that is no Error: not even an error'],
  ])('is 2 for %s, which cannot be loaded', async (file, message) => {
    const { exit, err } = await waystone('check', file)
    expect(err).toContain(message)
    expect(err).toContain('WAYSTONE_INPUT_FILE_FAILED')
    expect(exit).toBe(2)
  })
})

describe('without a terminal', () => {
  it('goes on when nobody reads the output any more', async () => {
    const run = begin('run', 'slow.ts', '--input', '{"waitMs":1500}')
    await run.wrote('run 1')
    run.stopReading()
    const { exit, err } = await run.ended
    expect(err).toBe('')
    expect(exit).toBe(0)
  })

  it('writes no escape sequence', async () => {
    const { out, err } = await waystone('run', 'support.ts', '--input', '{"topic":"tides","amount":20}')
    expect(out + err).not.toContain('\u001b')
  })
})

describe('Ctrl-C', () => {
  it('lets what runs end, commits it, says how to resume, and the run goes on from there', async () => {
    const run = begin('run', 'slow.ts', '--input', '{"waitMs":3000}')
    await run.wrote('run 1')
    run.kill('SIGINT')
    const { exit, out, err } = await run.ended
    const runId = /run (\S+)/.exec(out)?.[1] ?? ''
    expect(err).toContain('Stopping: what is running may end and is kept.')
    expect(err).toContain(`Stopped at checkpoint 1. Go on with: waystone resume ${runId}`)
    expect(exit).toBe(exitCodes.interrupted.code)
    const resumed = await waystone('resume', runId)
    expect(resumed.out).not.toContain('first')
    expect(resumed.out).toContain('completed')
    expect(resumed.exit).toBe(0)
  })

  it('stops at once the second time', async () => {
    const run = begin('run', 'slow.ts', '--input', '{"waitMs":600000}')
    await run.wrote('run 1')
    run.kill('SIGINT')
    await run.wrote('Stopping')
    run.kill('SIGINT')
    const { exit, err } = await run.ended
    expect(err).toContain('Stopped at once.')
    expect(exit).toBe(exitCodes.interrupted.code)
  })
})

describe('two processes', () => {
  it('names the process that drives a run, and takes over as soon as that one is dead', async () => {
    const owner = begin('run', 'slow.ts', '--input', '{"waitMs":600000}')
    await owner.wrote('run 1')
    const refused = await waystone('resume', 'last')
    expect(refused.err).toMatch(/process \d+/)
    expect(refused.err).toContain('WAYSTONE_STORE_OWNED')
    expect(refused.exit).toBe(exitCodes.store.code)
    expect((await waystone('show', 'last')).out).not.toContain('which has ended')
    // Of the process itself, not of whatever has started it.
    expect((await waystone('show', 'last', '--pid')).out).toBe(`${owner.pid}\n`)
    owner.kill('SIGKILL')
    await owner.ended
    expect((await waystone('show', 'last')).out).toMatch(
      /process \d+ on .*, which has ended; go on with: waystone resume/,
    )
    const nobody = await waystone('show', 'last', '--pid')
    expect(nobody).toMatchObject({ exit: exitCodes.failed.code, out: '' })
    expect(nobody.err).toMatch(/^No process drives run /)
    const heir = begin('resume', 'last')
    await heir.wrote('going on after checkpoint 0')
    heir.kill('SIGINT')
    await heir.wrote('Stopping')
    heir.kill('SIGINT')
    expect((await heir.ended).exit).toBe(exitCodes.interrupted.code)
  })
})

describe('waystone --help', () => {
  it('loads no workflow code, no tsx and no layout engine', async () => {
    const spy = `import { registerHooks } from 'node:module'
      const seen = []
      registerHooks({ resolve: (name, context, next) => (seen.push(name), next(name, context)) })
      process.on('exit', () => console.error('LOADED ' + seen.join(' ')))`
    const url = `data:text/javascript,${encodeURIComponent(spy)}`
    const { exit, out, err } = await start(['--help'], { nodeArgs: ['--import', url] }).ended
    expect(exit).toBe(0)
    for (const { name } of commands) expect(out).toContain(`\n  ${name} `)
    for (const { code, means } of Object.values(exitCodes)) expect(out).toContain(`${code}  ${means}`)
    expect(err).toContain('commander')
    expect(err).not.toMatch(/@waystone|tsx|elkjs|xstate|zod/)
  })
})
