import type { Runtime } from '@waystone/core'
import { exitCode } from '../exit-codes.ts'
import type { Surroundings } from '../surroundings.ts'

/** Watches for Ctrl-C from the moment that the first runtime is guarded. */
export interface Interrupts {
  /** Fires at the first Ctrl-C. */
  readonly signal: AbortSignal
  readonly isInterrupted: boolean
  /** Has this runtime stopped by a Ctrl-C. @returns a function that ends this */
  guard(runtime: Runtime): () => void
  /** Settles when everything that ran has been stopped and committed. */
  stopped(): Promise<void>
  end(): void
}

/**
 * First Ctrl-C: what runs may end and is committed, nothing new starts. Second: the process ends at once; what was committed is kept.
 *
 * @param say - writes a remark
 */
export function createInterrupts(around: Surroundings, say: (line: string) => void): Interrupts {
  const abort = new AbortController()
  const runtimes = new Set<Runtime>()
  let closing: Promise<unknown> | undefined
  let end: (() => void) | undefined
  const onInterrupt = (): void => {
    if (closing !== undefined) {
      say('Stopped at once.')
      around.exit(exitCode('interrupted'))
      return
    }
    abort.abort()
    say('Stopping: what is running may end and is kept. Press Ctrl-C again to stop at once.')
    closing = Promise.all([...runtimes].map((runtime) => runtime.close({ drain: true })))
  }
  return {
    signal: abort.signal,
    get isInterrupted() {
      return abort.signal.aborted
    },
    guard(runtime) {
      end ??= around.onInterrupt(onInterrupt)
      runtimes.add(runtime)
      return () => void runtimes.delete(runtime)
    },
    async stopped() {
      await closing
    },
    end: () => end?.(),
  }
}
