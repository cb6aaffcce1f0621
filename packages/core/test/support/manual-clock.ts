import type { Clock } from '../../src/base/clock.ts'

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Moves time on, timer by timer, and lets everything that a timer started settle before the next. */
  advance(ms: number): Promise<void>
  /** Lets everything that needs no time settle. */
  settle(): Promise<void>
  /** Timers that are set. */
  readonly pending: number
}

/** Where manual clocks begin, ms since the epoch. */
export const clockStart = 1_700_000_000_000

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** Makes a clock at {@link clockStart}. */
export function createManualClock(): ManualClock {
  let now = clockStart
  const timers = new Set<Timer>()
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => void setImmediate(resolve))
  }
  const next = (until: number): Timer | undefined => {
    let first: Timer | undefined
    for (const timer of timers) if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer
    return first
  }
  return {
    now: () => now,
    at(at, callback) {
      const timer = { at: Math.max(at, now), callback }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    async advance(ms) {
      const until = now + ms
      await settle()
      for (let timer = next(until); timer !== undefined; timer = next(until)) {
        timers.delete(timer)
        now = Math.max(now, timer.at)
        timer.callback()
        await settle()
      }
      now = until
    },
    settle,
    get pending() {
      return timers.size
    },
  }
}
