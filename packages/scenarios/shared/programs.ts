import { fileURLToPath } from 'node:url'
import { runAtPoints, type ChildEnd, type ChildOptions, type RunningChild } from '@waystone/testing'

/** The root folder of this repository. */
export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** How a program of this repository is started. */
export interface ProgramOptions extends Pick<ChildOptions, 'atPoint' | 'env'> {
  readonly cwd: string
}

/** Starts a TypeScript program of this repository. @param file - from the root */
export function startProgram(file: string, args: readonly string[], options: ProgramOptions): RunningChild {
  return runAtPoints({
    command: process.execPath,
    args: ['--conditions=@waystone/source', `${root}${file}`, ...args],
    ...options,
  })
}

/** Runs the `waystone` command to its end. */
export function waystone(args: readonly string[], options: ProgramOptions): Promise<ChildEnd> {
  return startProgram('apps/cli/src/main.ts', args, options).end
}
