import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Readable, Writable } from 'node:stream'
import { NodeError } from '@waystone/core'
import { CappedOutput } from './capped-output.ts'
import type { KeeperEnd, KeeperOrder, KeeperReport } from './keeper-protocol.ts'
import type { Launch, ProgramExit } from './launch.ts'

/** What holds for one run of a program. */
export interface RunRules {
  readonly timeoutMs: number
  /** Of each stream. */
  readonly maxOutputBytes: number
  readonly signal: AbortSignal
  /** Values that the program was given and that must not be cut in two. */
  readonly secrets: readonly string[]
}

/** How a program ended and what it wrote. */
export interface ProgramEnd extends ProgramExit {
  readonly isTimedOut: boolean
  readonly isAborted: boolean
  readonly stdout: string
  readonly stderr: string
  /** Of both streams. */
  readonly omittedBytes: number
}

// From the sources as from a build: the keeper stands beside this file and has its ending.
const keeperFile = fileURLToPath(new URL(`./keeper${import.meta.url.slice(-3)}`, import.meta.url))

/** How long the end of the output is waited for when the program has ended: what escaped may hold it open. */
const outputGraceMs = 500

/** How long the keeper may take to end a command. */
const keeperGraceMs = 5000

/**
 * Runs a program to its end, and ends it with all it started when its time is over, when the signal fires or when this process dies.
 *
 * @throws {NodeError} WAYSTONE_NODE_SHELL_FAILED when it could not be started
 */
export async function runProgram(launch: Launch, rules: RunRules): Promise<ProgramEnd> {
  const keeper = spawn(process.execPath, [keeperFile], {
    cwd: '/',
    env: {},
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    detached: true,
  })
  const [stdin, stdout, stderr, reports] = keeper.stdio as unknown as [Writable, Readable, Readable, Readable]
  const out = collect(stdout, rules)
  const error = collect(stderr, rules)
  const ended = endOf(keeper, reports)
  const stop = stopper(stdin, keeper)
  const timer = setTimeout(() => stop('timeout'), rules.timeoutMs)
  const onAbort = (): void => stop('abort')
  rules.signal.addEventListener('abort', onAbort, { once: true })
  if (rules.signal.aborted) onAbort()
  else stdin.write(`${JSON.stringify(orderOf(launch))}\n`)
  try {
    const report = await ended
    const [left, right] = [out.read(), error.read()]
    // A program that ended on its own while it was being stopped was not stopped.
    const stopped = report?.exitCode === null || report === null ? stop.reason() : null
    return {
      ...exitOf(launch, report, stopped),
      isTimedOut: stopped === 'timeout',
      isAborted: stopped === 'abort',
      stdout: left.text,
      stderr: right.text,
      omittedBytes: left.omittedBytes + right.omittedBytes,
    }
  } finally {
    clearTimeout(timer)
    rules.signal.removeEventListener('abort', onAbort)
    stdin.destroy()
  }
}

type StopReason = 'timeout' | 'abort'

interface Stopper {
  (reason: StopReason): void
  /** Why it was stopped; null: it was not. */
  reason(): StopReason | null
}

/** Closing the keeper's standard input is the one way to end a command: death of this process does the same. */
function stopper(stdin: Writable, keeper: ChildProcess): Stopper {
  let first: StopReason | null = null
  // It may be gone before it has read its order; then its end says so.
  stdin.on('error', () => {})
  const stop = (reason: StopReason): void => {
    first ??= reason
    stdin.end()
    // A program that nothing confines can stop the keeper, which then ends nothing.
    const late = setTimeout(() => keeper.kill('SIGKILL'), keeperGraceMs)
    keeper.once('exit', () => clearTimeout(late))
  }
  return Object.assign(stop, { reason: () => first })
}

function orderOf({ file, args, cwd, env, scratch }: Launch): KeeperOrder {
  return { file, args, cwd, env, ...(scratch !== undefined && { scratch }) }
}

function collect(stream: Readable, { maxOutputBytes, secrets }: RunRules): CappedOutput {
  const output = new CappedOutput(maxOutputBytes, secrets)
  stream.on('data', (chunk: Buffer) => output.add(chunk))
  return output
}

/** The last report of the keeper when it, and all of the output, has ended; null: it was ended before it could give one. */
async function endOf(keeper: ChildProcess, reports: Readable): Promise<KeeperEnd | null> {
  let text = ''
  reports.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
  const closed = once(keeper, 'close').catch(() => {})
  try {
    await once(keeper, 'exit')
  } catch (error) {
    throw new NodeError('WAYSTONE_NODE_SHELL_FAILED', `${process.execPath} could not be started`, { cause: error })
  }
  const grace = new AbortController()
  await Promise.race([closed, wait(outputGraceMs, undefined, { signal: grace.signal }).catch(() => {})])
  grace.abort()
  for (const stream of keeper.stdio) stream?.destroy()
  return lastReport(text)
}

function lastReport(text: string): KeeperEnd | null {
  const reports = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as KeeperReport)
  const last = reports.at(-1)
  if (last === undefined) return null
  if (last.pid === undefined) return last
  try {
    // The keeper itself was killed, so this is left to do.
    process.kill(-last.pid, 'SIGKILL')
  } catch {
    // It is gone.
  }
  return null
}

function exitOf(launch: Launch, report: KeeperEnd | null, stopped: StopReason | null): ProgramExit {
  if (report?.problem !== undefined) {
    throw new NodeError('WAYSTONE_NODE_SHELL_FAILED', `the program could not be started: ${report.problem}`)
  }
  if (stopped !== null) return { exitCode: null, signal: 'SIGKILL' }
  if (report === null) {
    throw new NodeError('WAYSTONE_NODE_OUTCOME_UNKNOWN', 'what watches over the program was killed; it may have worked')
  }
  return report.exitCode === null ? { exitCode: null, signal: report.signal } : launch.endOf(report.exitCode)
}
