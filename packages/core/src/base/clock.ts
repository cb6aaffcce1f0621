/** The only source of time. The runtime takes one; tests pass a virtual one. */
export interface Clock {
  /** Milliseconds since the Unix epoch, UTC. */
  now(): number
  /**
   * Calls back once at or after a moment.
   *
   * @param at - milliseconds since the epoch; a moment in the past calls back in a later turn, never synchronously
   * @returns a function that takes the call back off; calling it twice does nothing
   */
  at(at: number, callback: () => void): () => void
}

/** Longest delay of one platform timer (2^31 - 1 ms); longer waits are armed again when it ends. */
const longestDelayMs = 2_147_483_647

/** The machine's clock. Its timers do not keep the process alive by themselves. */
export const systemClock: Clock = {
  now: () => Date.now(),
  at(at, callback) {
    let timer: NodeJS.Timeout
    const arm = (): void => {
      const delay = Math.max(0, at - Date.now())
      timer = setTimeout(() => (delay > longestDelayMs ? arm() : callback()), Math.min(delay, longestDelayMs))
    }
    arm()
    return () => clearTimeout(timer)
  },
}
