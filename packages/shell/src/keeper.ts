// Runs one command and ends it with everything it started, also when whoever asked for it has died: then standard input closes.
// It is a program of its own: a process that was killed cannot end anything.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import type { KeeperOrder, KeeperReport } from './keeper-protocol.ts'

const reportFile = 3
const closeOnExec = 0o2000000

let text = ''
let child: ChildProcess | null = null
let order: KeeperOrder | null = null

function report(what: KeeperReport): void {
  try {
    writeSync(reportFile, `${JSON.stringify(what)}\n`)
  } catch {
    // Nobody is left to be told.
  }
}

/** Ends the program's process group: it leads one of its own. */
function killGroup(): void {
  if (child?.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It is gone.
  }
}

function finish(what: KeeperReport): void {
  killGroup()
  if (order?.scratch !== undefined) rmSync(order.scratch, { recursive: true, force: true, maxRetries: 3 })
  report(what)
  process.exit(0)
}

/** Closes the files that this process was started with and that its children would be: Node hides only the first few from them. */
function closeInherited(): void {
  const infos = '/proc/self/fdinfo'
  if (!existsSync(infos)) return
  for (const entry of readdirSync(infos)) {
    const fd = Number(entry)
    try {
      const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`${infos}/${entry}`, 'utf8'))?.[1] ?? '0'
      if (fd > reportFile && (Number.parseInt(flags, 8) & closeOnExec) === 0) closeSync(fd)
    } catch {
      // It was the list's own, and is closed.
    }
  }
}

function start(given: KeeperOrder): void {
  order = given
  const { file, args, cwd, env } = given
  child = spawn(file, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'], detached: true })
  if (child.pid !== undefined) report({ pid: child.pid })
  child.on('error', (error) => finish({ problem: error.message }))
  child.on('exit', (exitCode, signal) => finish({ exitCode, signal }))
}

closeInherited()
process.stdin.setEncoding('utf8')
process.stdin.on('data', (piece: string) => {
  if (order !== null) return
  text += piece
  if (text.endsWith('\n')) start(JSON.parse(text) as KeeperOrder)
})
process.stdin.on('close', () => {
  if (child === null) process.exit(0)
  killGroup()
})
