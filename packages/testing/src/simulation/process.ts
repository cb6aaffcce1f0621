import type { Clock, Ids } from '@waystone/core'
import { seededIds } from '../random/seeded-ids.ts'
import type { Timeline } from './timeline.ts'

/** What a process is made with. */
interface ProcessOptions {
  readonly name: string
  readonly pid: number
  readonly seed: string
  /** By how much the clock of its host is behind, asked each time; default: it is right. */
  readonly lagMs?: () => number
}

/** A process of the simulated world: dies, freezes and thaws. What it waits for comes through its timeline or never. */
export class SimulatedProcess {
  readonly name: string
  readonly pid: number
  readonly clock: Clock
  readonly ids: Ids
  readonly #timeline: Timeline
  #state: 'running' | 'frozen' | 'dead' = 'running'

  constructor(timeline: Timeline, options: ProcessOptions) {
    this.name = options.name
    this.pid = options.pid
    this.ids = seededIds(options.seed)
    this.#timeline = timeline
    const { lagMs = () => 0 } = options
    this.clock = {
      now: () => timeline.now - lagMs(),
      at: (at, callback) => timeline.in(at - timeline.now + lagMs(), this, callback),
    }
  }

  get state(): 'running' | 'frozen' | 'dead' {
    return this.#state
  }

  /** Nothing it waits for comes any more, and nothing it asks for happens. */
  kill(): void {
    this.#state = 'dead'
  }

  freeze(): void {
    if (this.#state === 'running') this.#state = 'frozen'
  }

  thaw(): void {
    if (this.#state !== 'frozen') return
    this.#state = 'running'
    this.#timeline.thaw(this)
  }

  /** Waits in virtual time; never comes back once the process is dead. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timeline.in(ms, this, resolve)
    })
  }
}
