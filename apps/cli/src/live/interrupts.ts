import type { Runtime } from '@waystone/core'
import type { Context } from '../command.ts'
import { exitCode } from '../exit-codes.ts'

/** Watches for Ctrl-C while runs are driven. */
export interface Interrupts {
  /** Fires at the first Ctrl-C. */
  readonly signal: AbortSignal
  readonly isInterrupted: boolean
  /** Settles when everything that ran has been stopped and committed. */
  stopped(): Promise<void>
  end(): void
}

/**
 * First Ctrl-C: what runs may end and is committed, nothing new starts. Second: the process ends at once; what was committed is kept.
 */
export function watchInterrupts(runtime: Runtime, context: Context, onFirst: () => void): Interrupts {
  const abort = new AbortController()
  let closing: Promise<void> | undefined
  const end = context.around.onInterrupt(() => {
    if (closing !== undefined) {
      context.note('Stopped at once.')
      context.around.exit(exitCode('interrupted'))
      return
    }
    onFirst()
    context.note('Stopping: what is running may end and is kept. Press Ctrl-C again to stop at once.')
    closing = runtime.close({ drain: true })
    abort.abort()
  })
  return {
    signal: abort.signal,
    get isInterrupted() {
      return abort.signal.aborted
    },
    async stopped() {
      await closing
    },
    end,
  }
}
