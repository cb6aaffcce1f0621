import { execFileSync, spawn, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it } from 'vitest'
import { confinementProblem, shellTool, type ShellOutput } from '../src/index.ts'
import {
  atEnd,
  bubblewrap,
  callShell,
  endOfShell,
  endOfTool,
  newFolder,
  nodeScript,
  processesWith,
  programs,
} from './call-shell.ts'

/** A server of this machine that counts who connects. */
async function openServer(): Promise<{ readonly port: number; readonly connections: () => number }> {
  let count = 0
  const server = createServer((socket) => {
    count += 1
    socket.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEnd(async () => void server.close())
  return { port: (server.address() as AddressInfo).port, connections: () => count }
}

const connect = (port: number): readonly string[] =>
  nodeScript(
    `net.connect(${port}, "127.0.0.1").on("connect", () => { console.log("in"); process.exit() }).on("error", (error) => console.log(error.code))`,
  )

describe('a program in the jail of the system', () => {
  beforeEach(async ({ skip }) => {
    const reason = await confinementProblem(bubblewrap)
    skip(reason !== null, reason ?? '')
  })

  it('sees nothing of the machine but its programs', async () => {
    const hidden = ['/etc/passwd', '/etc/shadow', '/etc/hostname', '/root', '/home', '/var', '/run', '/sys', '/opt']
    const script = 'console.log(process.argv.slice(1).filter((path) => fs.existsSync(path)).join())'
    expect((await callShell('system', nodeScript(script, ...hidden, '/usr/bin'))).stdout).toBe('/usr/bin\n')
    expect((await callShell('system', ['cat', '/etc/passwd'])).exitCode).toBe(1)
  })

  it('sees nothing beside its folder, by path, by .. or by a symbolic link', async () => {
    const home = newFolder()
    const root = join(home, 'root')
    mkdirSync(root)
    writeFileSync(join(home, 'private'), 'private')
    symlinkSync(join(home, 'private'), join(root, 'link'))
    symlinkSync(home, join(root, 'folder'))
    const ways = [join(home, 'private'), '../private', 'link', 'folder/private', `/proc/1/root${home}/private`]
    for (const path of ways) {
      const { exitCode, stdout } = await callShell('system', ['cat', path], { root })
      expect({ path, exitCode, stdout }).toEqual({ path, exitCode: 1, stdout: '' })
    }
  })

  it('writes in its folder, and nowhere else that lasts', async () => {
    const home = newFolder()
    const root = join(home, 'root')
    mkdirSync(root)
    symlinkSync(home, join(root, 'folder'))
    const name = `waystone-shell-${process.pid}`
    const absolute = ['/', '/usr/', '/etc/', '/dev/', '/tmp/', '/dev/shm/'].map((folder) => folder + name)
    const script =
      'for (const path of process.argv.slice(1)) try { fs.writeFileSync(path, "x"); console.log(path) } catch {}'
    const { stdout } = await callShell('system', nodeScript(script, ...absolute, name), { root })
    expect(stdout.trim().split('\n')).toEqual([`/tmp/${name}`, `/dev/shm/${name}`, name])
    await callShell('system', nodeScript(script, `../${name}`, `folder/${name}`), { root })
    expect(readFileSync(join(root, name), 'utf8')).toBe('x')
    expect(absolute.filter((path) => existsSync(path))).toEqual([])
    expect(readdirSync(home)).toEqual(['root'])
  })

  it('cannot write its folder when that is read-only', async () => {
    const root = newFolder()
    writeFileSync(join(root, 'a'), 'a')
    const { stderr, exitCode } = await callShell('system', ['sh', '-c', 'cat a > b'], { root, readOnly: true })
    expect(exitCode).not.toBe(0)
    expect(stderr).toContain('Read-only file system')
    expect(readdirSync(root)).toEqual(['a'])
  })

  it('reads further folders that are named, and does not write them', async () => {
    const other = newFolder()
    writeFileSync(join(other, 'a'), 'text')
    const { stdout, stderr } = await callShell('system', ['sh', '-c', `cat ${other}/a; echo x > ${other}/b`], {
      readable: [other],
    })
    expect(stdout).toBe('text')
    expect(stderr).toContain('Read-only file system')
  })

  it('reaches the network only when that is asked for, this machine itself included', async () => {
    const { port, connections } = await openServer()
    expect((await callShell('system', connect(port))).stdout).toMatch(/^(ECONNREFUSED|ENETUNREACH|EADDRNOTAVAIL)\n$/)
    expect(connections()).toBe(0)
    expect((await callShell('system', connect(port), { network: true })).stdout).toBe('in\n')
    expect(connections()).toBe(1)
  })

  it('sees and ends no other process', async () => {
    const script =
      'console.log(fs.readdirSync("/proc").filter(Number).length); try { process.kill(Number(process.argv[1]), 0) } catch (error) { console.log(error.code) }'
    const { stdout } = await callShell('system', nodeScript(script, String(process.pid)))
    expect(stdout).toMatch(/^[1-4]\nESRCH\n$/)
  })

  it('has no right that root has, and cannot change a setting of the kernel', async () => {
    const script = [
      'grep -E "Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs" /proc/self/status',
      'find /proc -path "/proc/[0-9]*" -prune -o -type f -writable -print 2>/dev/null',
      // What is there is written back, so that a jail that does not hold does no harm.
      'cd /proc/sys; for file in kernel/core_pattern vm/overcommit_memory; do value=$(cat $file); (echo "$value" > $file) 2>/dev/null && echo written; done',
      'true',
    ].join('\n')
    const { stdout } = await callShell('system', ['sh', '-c', script])
    expect(stdout.replaceAll(/\s+/g, ' ').trim()).toBe(
      `${['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => `${name}: 0000000000000000`).join(' ')} NoNewPrivs: 1`,
    )
  })

  it('is ended with all that detached itself from it', async () => {
    const marker = `waystone-shell-detached-${process.pid}`
    const endless = "fs.writeFileSync('started', ''); setInterval(() => {}, 1000)"
    const script = `child_process.spawn(process.execPath, ["-e", "${endless}", "${marker}"], { detached: true, stdio: "ignore" }).unref(); setInterval(() => fs.existsSync("started") && process.exit(0), 5)`
    expect(await callShell('system', nodeScript(script))).toMatchObject({ exitCode: 0 })
    await expect.poll(() => processesWith(marker)).toEqual([])
  })

  it('is ended whole when it forks without end', async () => {
    const marker = `98765${process.pid}`
    const bomb = `while :; do sleep ${marker} & done`
    const result = await callShell('system', ['sh', '-c', bomb], { timeoutMs: 500, maxProcesses: 50 })
    expect(result.timedOut || result.exitCode !== 0).toBe(true)
    await expect.poll(() => processesWith(marker)).toEqual([])
  })

  it('gets no more processes than it may have', async ({ skip }) => {
    skip(process.getuid?.() === 0, 'Linux holds root to no number of processes')
    const script = 'for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; wait'
    const { stderr, exitCode } = await callShell('system', ['sh', '-c', script], { maxProcesses: 6 })
    expect(exitCode).not.toBe(0)
    expect(stderr).toMatch(/fork/i)
  })

  it('gets no more memory, and writes no longer file, than it may', async () => {
    const hungry = nodeScript('Buffer.alloc(2 ** 30, 1); console.log("got it")')
    const { stdout, exitCode, signal } = await callShell('system', hungry, { maxMemoryBytes: 2 ** 29 })
    expect(stdout).toBe('')
    expect(exitCode === 0 && signal === null).toBe(false)
    const root = newFolder()
    const long = ['sh', '-c', 'exec head -c 3000000 /dev/zero > long']
    expect(await callShell('system', long, { root, maxFileBytes: 1_000_000 })).toMatchObject({ signal: 'SIGXFSZ' })
    expect(readFileSync(join(root, 'long'))).toHaveLength(1_000_000)
  })

  it('can work with git', async () => {
    const root = newFolder()
    const environment = {
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@b',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@b',
    }
    const git = (command: string): Promise<ShellOutput> =>
      callShell('system', `git ${command}`, { root, allow: ['git'], environment })
    writeFileSync(join(root, 'a'), 'a')
    for (const command of ['init -q', 'add a', "commit -q -m 'add a'"])
      expect(await git(command)).toMatchObject({ exitCode: 0 })
    expect((await git('log --format=%s')).stdout).toBe('add a\n')
    expect((await git('log --no-such-option')).exitCode).toBe(128)
    expect(execFileSync('git', ['-C', root, 'log', '--format=%an'], { encoding: 'utf8' })).toBe('a\n')
  })
})

describe('shellTool', () => {
  it('runs nothing when the machine has not what it needs', async ({ skip }) => {
    skip(process.platform !== 'linux', 'elsewhere it is not even looked for')
    const root = newFolder()
    const shell = shellTool({ root, allow: programs, bubblewrap: '/nowhere/bwrap', approval: false })
    const { error } = await endOfTool(shell, ['sh', '-c', 'echo x > written'])
    const reason =
      'confinement "system" is not available on this machine, so nothing was started: bubblewrap (the program /nowhere/bwrap) is not installed'
    expect(error).toMatchObject({ code: 'WAYSTONE_NODE_SHELL_CONFINEMENT', retryable: false })
    expect([error?.message, await confinementProblem('/nowhere/bwrap')]).toEqual([reason, reason])
    expect(readdirSync(root)).toEqual([])
  })

  it('as a plain process takes no argument that leads out of its folder, by path or by a symbolic link', async () => {
    const root = newFolder()
    symlinkSync('/etc', join(root, 'link'))
    for (const arg of ['/etc/passwd', '../x', 'link/passwd', 'link', '--file=/etc/passwd', '-C/etc', 'a/../../x']) {
      const { error } = await endOfShell('process', ['cat', arg], { root })
      expect(error).toMatchObject({ code: 'WAYSTONE_NODE_SHELL_FAILED' })
      expect(error?.message).toContain(`argument ${JSON.stringify(arg)} names a path that leaves the folder`)
    }
    writeFileSync(join(root, 'a'), 'a')
    for (const arg of ['a', './a', join(root, 'a')])
      expect(await callShell('process', ['cat', arg], { root })).toMatchObject({ exitCode: 0 })
  })

  it('hands on none of the files that this process was started with', async ({ skip }) => {
    skip(process.platform !== 'linux', 'it looks at /proc')
    const root = newFolder()
    const files = Array.from(
      { length: 41 },
      (_, fd) => (fd === 1 || fd === 5 || fd === 40 ? 'pipe' : 'ignore') satisfies StdioOptions,
    )
    const script = fileURLToPath(new URL('fixtures/inherited-files.ts', import.meta.url))
    const child = spawn(process.execPath, ['--conditions=@waystone/source', script, root], {
      stdio: files,
    })
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await once(child, 'close')
    // 3 is the list of files itself.
    expect(text.trim().split('\n')).toEqual(['0', '1', '2', '3'])
  })

  it.each([
    ['root', { root: '/' }],
    ['environment', { environment: { PATH: '/bin' } }],
    ['environment', { environment: { 'A=B': 'x' } }],
    ['path', { path: 'bin' }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: 2 ** 31 }],
    ['maxOutputBytes', { maxOutputBytes: 2 ** 21 }],
    ['readable', { readable: ['relative'] }],
    ['readable', { readable: ['/'] }],
    ['maxProcesses', { maxProcesses: 1.5 }],
    ['confinement', { confinement: 'none' }],
    ['network', { confinement: 'process' }],
    ['readOnly', { confinement: 'process', network: true, readOnly: true }],
  ])('refuses an option that cannot be meant: %s %j', (option, given) => {
    const make = (): unknown => shellTool({ root: 'x', allow: programs, ...(given as object) })
    expect(make).toThrow(expect.objectContaining({ code: 'WAYSTONE_INPUT_SHELL_OPTIONS', details: { option } }))
  })
})
