import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { confinementProblem } from '../src/index.ts'
import {
  bubblewrap,
  callShell,
  endOfShell,
  newFolder,
  nodeScript,
  processesWith,
  startShell,
  type Level,
} from './call-shell.ts'

const levels: readonly Level[] = ['system', 'process']
let count = 0

/** A text that no other process has among its arguments. */
function newMarker(): string {
  count += 1
  return `waystone-shell-marker-${process.pid}-${count}`
}

/** Says that it runs, and does not end. */
const endless = 'fs.writeFileSync("started", ""); setInterval(() => {}, 1000)'

/** Starts another endless program that carries the marker. */
const startEndless = (marker: string): string =>
  `child_process.spawn(process.execPath, ["-e", ${JSON.stringify(endless)}, "${marker}"], { stdio: "inherit" })`

describe.each(levels)('shellTool, confinement %s', (level) => {
  beforeEach(async ({ skip }) => {
    const reason = level === 'system' ? await confinementProblem(bubblewrap) : null
    skip(reason !== null, reason ?? '')
    skip(process.platform !== 'linux', 'it looks at processes in /proc')
  })

  it('gives exit code and output, and a failure of the program is a result', async () => {
    const script = 'process.stdout.write("to out"); process.stderr.write("to err"); process.exitCode = 7'
    expect(await callShell(level, nodeScript(script))).toEqual({
      exitCode: 7,
      signal: null,
      timedOut: false,
      stdout: 'to out',
      stderr: 'to err',
      omittedBytes: 0,
    })
  })

  it('names the signal that ended a program', async () => {
    expect(await callShell(level, ['sh', '-c', 'kill -9 $$'])).toMatchObject({ exitCode: null, signal: 'SIGKILL' })
  })

  it('hands arguments over as they are: no shell reads them', async () => {
    const args = ['$HOME', '$(id)', '`id`', '; ls', '*', "it's", '"', '', 'a\nb', '--x=y', '~', '\\']
    const script = 'console.log(JSON.stringify(process.argv.slice(1)))'
    const { stdout } = await callShell(level, nodeScript(script, '--', ...args))
    expect(JSON.parse(stdout)).toEqual(args)
  })

  it('splits a command line, and works in the folder or one inside of it', async () => {
    const root = newFolder()
    mkdirSync(join(root, 'inner folder'))
    const show = "node -p 'process.cwd()'"
    expect((await callShell(level, show, { root })).stdout).toBe(`${root}\n`)
    for (const cwd of ['inner folder', join(root, 'inner folder'), 'inner folder/../inner folder']) {
      expect((await callShell(level, { command: show, cwd }, { root })).stdout).toBe(`${join(root, 'inner folder')}\n`)
    }
  })

  it('refuses a working folder that leaves its folder, by name or by a symbolic link', async () => {
    const [root, other] = [newFolder(), newFolder()]
    symlinkSync(other, join(root, 'link'))
    for (const cwd of ['..', '/', other, 'link', `${root}-other`, 'nowhere']) {
      const { status, error } = await endOfShell(level, { command: 'ls', cwd }, { root })
      expect({ status, code: error?.code }).toEqual({ status: 'failed', code: 'WAYSTONE_NODE_SHELL_FAILED' })
      expect(error?.message).toContain('cwd')
    }
  })

  it('shows a program only the variables that are declared', async () => {
    const root = newFolder()
    const { stdout } = await callShell(level, nodeScript('console.log(JSON.stringify(process.env))'), {
      root,
      environment: { GREETING: 'hello $HOME' },
    })
    const { HOME, PWD, TMPDIR, ...rest } = JSON.parse(stdout) as Record<string, string>
    expect(rest).toEqual({ GREETING: 'hello $HOME', PATH: '/usr/local/bin:/usr/bin:/bin' })
    expect(HOME).not.toBe(process.env['HOME'])
    expect(PWD).toBe(root)
    expect(TMPDIR?.startsWith('/')).toBe(true)
  })

  it('gives a secret to the program and to nobody else (S6)', async () => {
    const secret = 'a-very-secret-value'
    const { run, store } = await startShell(
      level,
      nodeScript('console.log(process.env.KEY, process.env.KEY.length)', '--'),
      { environment: { KEY: { secret: 'THE_KEY' } }, secrets: () => secret },
    )
    await run.result()
    const stored = JSON.stringify(await store.checkpoints(run.runId, 0, 100))
    expect(stored).toContain(`[secret THE_KEY] ${secret.length}`)
    expect(stored).not.toContain(secret)
  })

  it('gives a program no input', async () => {
    expect(await callShell(level, 'cat')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
  })

  it('keeps beginning and end of 1 GB of output', { timeout: 60_000 }, async () => {
    const bytes = 1_000_000_000
    const { stdout, omittedBytes } = await callShell(
      level,
      ['sh', '-c', `echo begin; head -c ${bytes} /dev/zero; echo; echo end`],
      { maxOutputBytes: 1000 },
    )
    expect(omittedBytes).toBe('begin\n'.length + bytes + '\nend\n'.length - 1000)
    const [zeros, moreZeros] = [494, 495].map((length) => '\0'.repeat(length))
    expect(stdout).toBe(`begin\n${zeros}\n[… ${omittedBytes} bytes left out …]\n${moreZeros}\nend\n`)
  })

  it('replaces output that is no UTF-8', async () => {
    const script = 'process.stdout.write(Buffer.from([97, 255, 98]))'
    expect((await callShell(level, nodeScript(script))).stdout).toBe('a\uFFFDb')
  })

  it('ends a program, and what it started, when its time is over', async () => {
    const root = newFolder()
    const marker = newMarker()
    const script = `console.log("so far"); ${startEndless(marker)}; setInterval(() => {}, 1000)`
    const result = await callShell(level, nodeScript(script, marker), { root, timeoutMs: 3000 })
    expect(result).toMatchObject({ exitCode: null, signal: 'SIGKILL', timedOut: true, stdout: 'so far\n' })
    expect(existsSync(join(root, 'started'))).toBe(true)
    await expect.poll(() => processesWith(marker)).toEqual([])
  })

  it('ends what a program leaves running', async () => {
    const marker = newMarker()
    const script = `${startEndless(marker)}; setInterval(() => fs.existsSync("started") && process.exit(3), 5)`
    expect(await callShell(level, nodeScript(script, marker))).toMatchObject({ exitCode: 3, timedOut: false })
    await expect.poll(() => processesWith(marker)).toEqual([])
  })

  it.each([
    ['unsafe', 'unknown'],
    ['idempotent', 'failed'],
  ] as const)('ends a program when its run is cancelled (T7, R9): %s, %s', async (effect, outcome) => {
    const root = newFolder()
    const marker = newMarker()
    const { run, store } = await startShell(level, nodeScript(endless, marker), { root, effect })
    await expect.poll(() => existsSync(join(root, 'started')), { timeout: 10_000 }).toBe(true)
    expect(processesWith(marker)).not.toEqual([])
    await run.cancel({ by: 'ada', reason: 'enough' })
    expect((await run.result()).status).toBe('cancelled')
    await expect.poll(() => processesWith(marker)).toEqual([])
    await expect
      .poll(async () => JSON.stringify(await store.checkpoints(run.runId, 0, 100)))
      .toMatch(new RegExp(`outcome\\W+${outcome}`))
  })

  it('refuses what is not allowed before anything runs, and says what is (T2)', async () => {
    for (const command of ['ls | cat', 'rm -rf .', ['rm', '-rf', '.']]) {
      const { error } = await endOfShell(level, command)
      expect(error).toMatchObject({ code: 'WAYSTONE_NODE_BAD_INPUT' })
      expect(error?.message).toContain('Allowed: one program with its arguments, of: cat, ls, sh, node')
    }
  })

  it('says which program is not installed, and where it looked', async () => {
    const { error } = await endOfShell(level, 'no-such-program', { allow: ['no-such-program'], path: '/usr/bin' })
    expect(error).toMatchObject({ code: 'WAYSTONE_NODE_SHELL_FAILED' })
    expect(error?.message).toContain('program "no-such-program" is not installed: looked at /usr/bin')
    const gone = await endOfShell(level, 'ls', { root: join(newFolder(), 'gone') })
    expect(gone.error).toMatchObject({ code: 'WAYSTONE_NODE_SHELL_FAILED' })
  })

  it('runs a program that stands in its folder', async () => {
    const root = newFolder()
    writeFileSync(join(root, 'hello'), '#!/bin/sh\necho hello\n', { mode: 0o755 })
    expect((await callShell(level, 'hello', { root, allow: ['hello'], path: root })).stdout).toBe('hello\n')
  })
})
