import { createInterface } from 'node:readline'
import type { Surroundings } from '../surroundings.ts'

/** Asks a person at a terminal. */
export interface LineReader {
  /** Prints a question and gives the answered line without its end; null when the input has ended or the signal fires. */
  ask(question: string, signal: AbortSignal): Promise<string | null>
  close(): void
}

/**
 * Reads lines from the terminal.
 *
 * The terminal's own line editing is used, not raw mode, so that Ctrl-C stays a signal.
 */
export function createLineReader({ input, out }: Surroundings): LineReader {
  const reader = createInterface({ input, terminal: false })
  const waiting: ((line: string | null) => void)[] = []
  const early: string[] = []
  let hasEnded = false
  reader.on('line', (line) => {
    const next = waiting.shift()
    if (next === undefined) early.push(line)
    else next(line)
  })
  reader.on('close', () => {
    hasEnded = true
    for (const next of waiting.splice(0)) next(null)
  })
  return {
    ask(question, signal) {
      out.write(question)
      const ready = early.shift()
      if (ready !== undefined) return Promise.resolve(ready)
      if (hasEnded || signal.aborted) return Promise.resolve(null)
      return new Promise((resolve) => {
        const settle = (line: string | null): void => {
          signal.removeEventListener('abort', stop)
          resolve(line)
        }
        const stop = (): void => {
          waiting.splice(waiting.indexOf(settle), 1)
          settle(null)
        }
        signal.addEventListener('abort', stop, { once: true })
        waiting.push(settle)
      })
    },
    close: () => reader.close(),
  }
}
