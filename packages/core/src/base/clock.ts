/** The only source of time. The runtime takes one; tests pass a virtual one. */
export interface Clock {
  /** Milliseconds since the Unix epoch, UTC. */
  now(): number
  /**
   * Calls back once at or after a moment.
   *
   * @param at - milliseconds since the epoch; a moment in the past calls back in a later turn, never synchronously
   * @param options - `isBackground`: this wait alone does not keep the process alive; default false
   * @returns a function that takes the call back off; calling it twice does nothing
   */
  at(at: number, callback: () => void, options?: { readonly isBackground?: boolean }): () => void
}

/** Longest delay of one platform timer (2^31 - 1 ms); longer waits are armed again when it ends. */
const longestDelayMs = 2_147_483_647

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  at(at, callback, options) {
    let timer: NodeJS.Timeout
    const arm = (): void => {
      const delay = Math.max(0, at - Date.now())
      timer = setTimeout(() => (delay > longestDelayMs ? arm() : callback()), Math.min(delay, longestDelayMs))
      if (options?.isBackground === true) timer.unref()
    }
    arm()
    return () => clearTimeout(timer)
  },
}

/** Lets input, output and timers of the process have their turn; for loops that would otherwise only ever await what is ready. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
