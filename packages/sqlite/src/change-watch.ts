/** How often other processes' changes are looked for, ms. */
const pollMs = 50

/** What the watch needs of its store. */
export interface ChangeWatchOptions {
  /** A number that changes when another connection has committed; undefined: not to be had now. */
  readonly dataVersion: () => number | undefined
}

/** Calls back after changes: others' found by polling, own ones at the next poll, or soon when somebody else may wait for them. */
export class ChangeWatch {
  readonly #options: ChangeWatchOptions
  readonly #watchers = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #version: number | undefined
  #hasChanged = false
  #isSoon = false

  constructor(options: ChangeWatchOptions) {
    this.#options = options
  }

  /** @returns a function that ends it */
  add(callback: () => void): () => void {
    const watcher = (): void => callback()
    this.#watchers.add(watcher)
    if (this.#timer === undefined) {
      this.#version = this.#options.dataVersion()
      this.#timer = setInterval(this.#poll, pollMs)
      this.#timer.unref()
    }
    return () => {
      this.#watchers.delete(watcher)
      if (this.#watchers.size === 0) this.stop()
    }
  }

  /** Own writes were stored: told at the next poll, so that a busy run is not held up by its own news. */
  changed(): void {
    this.#hasChanged = true
  }

  /** Something was stored that another holder of this store may wait for: told in the next turn. */
  changedForOthers(): void {
    this.#hasChanged = true
    if (this.#isSoon || this.#watchers.size === 0) return
    this.#isSoon = true
    setImmediate(() => {
      this.#isSoon = false
      this.#tell()
    })
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#watchers.clear()
  }

  readonly #poll = (): void => {
    const version = this.#options.dataVersion()
    if (version !== undefined && version !== this.#version) {
      this.#version = version
      this.#hasChanged = true
    }
    if (this.#hasChanged) this.#tell()
  }

  #tell(): void {
    this.#hasChanged = false
    for (const watcher of this.#watchers) watcher()
  }
}
