import type { RunId } from '../base/ids.ts'

/** Wakes those who wait for news of a run, in this process. */
export interface Changes {
  /** Calls back at the next news. @param runId - null: of any run @returns a function that takes it back */
  once(runId: RunId | null, callback: () => void): () => void
  fire(runId: RunId): void
  /** Wakes everybody. */
  fireAll(): void
}

/** Makes a set of waiters. Cost of news nobody waits for: one look-up. */
export function createChanges(): Changes {
  const waiting = new Map<RunId | null, Set<() => void>>()
  const wake = (key: RunId | null): void => {
    const callbacks = waiting.get(key)
    if (callbacks === undefined) return
    waiting.delete(key)
    for (const callback of callbacks) callback()
  }
  return {
    once(runId, callback) {
      const callbacks = waiting.get(runId) ?? new Set()
      waiting.set(runId, callbacks.add(callback))
      return () => {
        callbacks.delete(callback)
        if (callbacks.size === 0 && waiting.get(runId) === callbacks) waiting.delete(runId)
      }
    },
    fire(runId) {
      if (waiting.size === 0) return
      wake(runId)
      wake(null)
    },
    fireAll() {
      for (const key of Array.from(waiting.keys())) wake(key)
    },
  }
}
