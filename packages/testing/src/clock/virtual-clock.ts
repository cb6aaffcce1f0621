import { setImmediate } from 'node:timers/promises'
import { InputError, type Clock } from '@waystone/core'

/** A clock that stands still until a test moves it. */
export interface VirtualClock extends Clock {
  /** Moments that callbacks wait for, ms since the epoch. Order: as they will be called. */
  readonly pending: readonly number[]
  /**
   * Moves time on, stopping at every callback that falls due and letting everything that follows from it settle.
   *
   * @param ms - 0 or more; 0 only lets things settle
   */
  advance(ms: number): Promise<void>
  /**
   * Moves time from callback to callback until something holds or a promise settles.
   *
   * @param until - a condition, asked again after every callback, or a promise
   * @param options - `withinMs`: virtual time to spend at most; default one hour
   * @returns what the promise gave; undefined for a condition
   * @throws {InputError} WAYSTONE_INPUT_STANDSTILL when no callback is left, or the time is spent
   */
  runUntil<Value>(until: Promise<Value>, options?: { readonly withinMs?: number }): Promise<Value>
  runUntil(until: () => boolean, options?: { readonly withinMs?: number }): Promise<void>
}

/** Where virtual time begins unless a test says otherwise: 2026-01-01T00:00:00Z. */
export const virtualEpoch = Date.UTC(2026, 0, 1)

/**
 * Makes a clock for `createRuntime({ clock })` that a test moves by hand.
 *
 * @param startAt - ms since the epoch; default {@link virtualEpoch}
 * @example
 * const clock = virtualClock()
 * const runtime = createRuntime({ workflows: [refunds], clock })
 * await clock.advance(2 * 24 * 60 * 60 * 1000)
 */
export function virtualClock(startAt: number = virtualEpoch): VirtualClock {
  return new ManualClock(startAt)
}

interface Waiting {
  readonly at: number
  readonly order: number
  readonly callback: () => void
}

const turnsToSettle = 3
const oneHour = 3_600_000

class ManualClock implements VirtualClock {
  #now: number
  #order = 0
  readonly #waiting = new Set<Waiting>()

  constructor(startAt: number) {
    this.#now = startAt
  }

  now(): number {
    return this.#now
  }

  at(at: number, callback: () => void): () => void {
    this.#order += 1
    const waiting = { at, order: this.#order, callback }
    this.#waiting.add(waiting)
    return () => this.#waiting.delete(waiting)
  }

  get pending(): readonly number[] {
    return this.#inOrder().map(({ at }) => at)
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    while (this.#callNext(end)) await settle()
    this.#now = end
  }

  async runUntil<Value>(
    until: Promise<Value> | (() => boolean),
    { withinMs = oneHour }: { readonly withinMs?: number } = {},
  ): Promise<Value | undefined> {
    const end = this.#now + withinMs
    const { isDone, outcome } = watchOf(until)
    await settle()
    while (!isDone()) {
      if (!this.#callNext(end)) throw this.#standstill(end)
      await settle()
    }
    return await outcome
  }

  #inOrder(): readonly Waiting[] {
    return [...this.#waiting].toSorted((one, other) => one.at - other.at || one.order - other.order)
  }

  /** Calls the earliest callback that is due by `end`; false: there is none. */
  #callNext(end: number): boolean {
    const [next] = this.#inOrder()
    if (next === undefined || next.at > end) return false
    this.#waiting.delete(next)
    this.#now = Math.max(this.#now, next.at)
    next.callback()
    return true
  }

  #standstill(end: number): InputError {
    const [next] = this.pending
    const found =
      next === undefined
        ? 'no callback is waiting'
        : `the next callback is at ${iso(next)}, after the time allowed, ${iso(end)}`
    return new InputError(
      'WAYSTONE_INPUT_STANDSTILL',
      `what the test waits for did not happen by ${iso(this.#now)} of the virtual clock: ${found}; what is off this clock, such as a real timer or connection in a tool, is not waited for`,
    )
  }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

/** Lets every promise and every yielded turn that is ready go on until nothing but time is waited for. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < turnsToSettle; turn++) await setImmediate()
}

function watchOf<Value>(until: Promise<Value> | (() => boolean)): {
  readonly isDone: () => boolean
  readonly outcome: Promise<Value> | undefined
} {
  if (typeof until === 'function') return { isDone: until, outcome: undefined }
  let isDone = false
  const mark = (): void => {
    isDone = true
  }
  until.then(mark, mark)
  return { isDone: () => isDone, outcome: until }
}
