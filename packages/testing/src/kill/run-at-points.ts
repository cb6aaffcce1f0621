import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { killPointFds, killPointsVariable } from './kill-points.ts'

/** What the parent does with a child that stands at a point: lets it go on, kills it with SIGKILL, or leaves it standing. */
export type PointAnswer = 'go' | 'kill' | 'stand'

/** A program to run. */
export interface ChildOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Decides at each point. @param index - 0-based over all points of this child */
  readonly atPoint?: (name: string, index: number) => PointAnswer
}

/** How a child ended. */
export interface ChildEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Standard output and standard error, as they came. */
  readonly output: string
  /** Every point that was reached. */
  readonly points: readonly string[]
  /** The point at which it was killed; null: it was not. */
  readonly killedAt: string | null
}

/** A child that runs. */
export interface RunningChild {
  readonly process: ChildProcess
  readonly end: Promise<ChildEnd>
  /** Resolves when a point is reached at which it is left standing; rejects when it ends first. */
  readonly standing: Promise<string>
  /** Lets a standing child go on. */
  go(): void
  /** Resolves when its output holds a text; rejects when it ends before. */
  says(text: string): Promise<void>
}

/** Runs a program that has kill points, and answers at each of them. */
export function runAtPoints({ command, args, cwd, env, atPoint = () => 'go' }: ChildOptions): RunningChild {
  const child = spawn(command, [...args], {
    cwd,
    env: { ...process.env, ...env, [killPointsVariable]: '1' },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  })
  const points: string[] = []
  let [output, killedAt]: [string, string | null] = ['', null]
  const listeners = new Set<() => void>()
  const take = (chunk: Buffer): void => {
    output += chunk.toString()
    for (const listener of listeners) listener()
  }
  child.stdout?.on('data', take)
  child.stderr?.on('data', take)
  // The streams of extra descriptors are pipes in both directions; which one is used is decided by the child.
  const [up, down] = [child.stdio[killPointFds.up] as Readable, child.stdio[killPointFds.down] as Writable]
  down.on('error', () => undefined)
  const go = (): void => void down.write('.')
  const standing = Promise.withResolvers<string>()
  standing.promise.catch(() => undefined)
  createInterface({ input: up }).on('line', (name) => {
    points.push(name)
    const answer = atPoint(name, points.length - 1)
    if (answer === 'go') return go()
    if (answer === 'stand') return standing.resolve(name)
    killedAt ??= name
    child.kill('SIGKILL')
  })
  const end = new Promise<ChildEnd>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      standing.reject(new RangeError(`the program ended before it stood at a point: ${output}`))
      for (const listener of listeners) listener()
      resolve({ code, signal, output, points, killedAt })
    })
  })
  const says = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (output.includes(text)) resolve()
        else if (child.exitCode !== null || child.signalCode !== null)
          reject(new RangeError(`the program ended without saying ${text}: ${output}`))
        else return
        listeners.delete(look)
      }
      listeners.add(look)
      look()
    })
  return { process: child, end, standing: standing.promise, go, says }
}
