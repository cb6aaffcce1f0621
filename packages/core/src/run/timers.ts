import type { Clock } from '../base/clock.ts'
import type { EngineEvent } from '../snapshot/event.ts'

/** The timers of one run that this process has set. They follow from the snapshot and die with the drive. */
export interface Timers {
  /** Sets a timer; setting one again changes nothing. @param at - ms since the epoch */
  set(timer: string, at: number): void
  unset(timer: string): void
  clear(): void
}

/** Makes timers over a clock. @param onDue - told which timer is due, and when it was to be */
export function createTimers(clock: Clock, onDue: (timer: string, at: number) => void): Timers {
  const set = new Map<string, () => void>()
  const unset = (timer: string): void => {
    set.get(timer)?.()
    set.delete(timer)
  }
  return {
    set(timer, at) {
      if (set.has(timer)) return
      const stop = clock.at(at, () => {
        set.delete(timer)
        onDue(timer, at)
      })
      set.set(timer, stop)
    },
    unset,
    clear() {
      for (const stop of set.values()) stop()
      set.clear()
    },
  }
}

/** A timer that is due. */
export function timerEvent(timer: string, at: number): EngineEvent {
  return Object.freeze({ id: timer, at, type: 'timer.due', from: 'timer', payload: Object.freeze({ timer }) })
}
