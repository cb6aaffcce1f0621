import type { RunId } from '../base/ids.ts'
import type { Engine } from './engine.ts'

/** Longest wait for news before looking again, ms: a store may tell late, and leases run out silently. */
const lookAgainMs = 1_000

/** Waits for something to look at again. */
export interface News {
  /** Resolves at once when there has been news since it was last awaited. */
  next(): Promise<void>
  /** There is news. */
  wake(): void
  stop(): void
}

/**
 * News of one run, or of all: from this process at once, from others when the store tells, and now and then in any case.
 *
 * @param signal - its abort is news
 */
export function watchNews(engine: Engine, runId: RunId | null, signal: AbortSignal | undefined): News {
  let hasNews = false
  let resolveNext: (() => void) | null = null
  let takeBack: () => void = () => undefined
  const wake = (): void => {
    hasNews = true
    resolveNext?.()
  }
  const listen = (): void => {
    takeBack = engine.changes.once(runId, () => {
      listen()
      wake()
    })
  }
  listen()
  const stopWatch = engine.store.watch(wake)
  signal?.addEventListener('abort', wake)
  return {
    wake,
    async next() {
      if (!hasNews && signal?.aborted !== true && !engine.isClosed) {
        const stopTimer = engine.clock.at(engine.clock.now() + lookAgainMs, wake)
        await new Promise<void>((resolve) => {
          resolveNext = resolve
        })
        stopTimer()
      }
      resolveNext = null
      hasNews = false
    },
    stop() {
      takeBack()
      stopWatch()
      signal?.removeEventListener('abort', wake)
    },
  }
}
