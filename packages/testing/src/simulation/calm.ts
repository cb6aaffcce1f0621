import type { SeededRandom } from '../random/seeded-random.ts'
import { longestSetBackMs } from './mishaps.ts'
import { allOpen } from './oracle/parts.ts'
import { isOpen, type RunFacts } from './oracle/run-facts.ts'
import type { People } from './people.ts'
import type { SimulatedWorld } from './world.ts'

/** Leases of processes that died in the storm have run out by then, ms. */
const afterLeasesMs = 6_000

/** A delivered event is taken up within this by whoever drives its run, or by whoever finds it, ms. */
const promptMs = 2_500

/** After the storm: everything works, nothing dies, and somebody sees to every run until it has ended. */
export class Calm {
  readonly #world: SimulatedWorld
  readonly #people: People
  readonly #random: SeededRandom
  readonly #begunAt: number
  /** People let requests expire that can. */
  readonly #letsExpire: boolean

  constructor(world: SimulatedWorld, people: People) {
    this.#world = world
    this.#people = people
    this.#random = world.random.branch('calm')
    this.#begunAt = world.timeline.now
    this.#letsExpire = this.#random.chance(0.4)
    for (const { process } of world.hosts) process.thaw()
  }

  /** Sees to every run again and again. @param isDone - asked each time */
  see(isDone: () => boolean): void {
    const { timeline, hasWorkers } = this.#world
    // Whoever comes too often hides that nobody else came.
    const everyMs = hasWorkers ? 3_000 : 10_000
    const act = (): void => {
      if (this.#world.running().length === 0) this.#world.spawn()
      for (const facts of this.#open()) this.#seeTo(facts)
      if (!isDone()) timeline.in(everyMs, null, act)
    }
    timeline.in(0, null, act)
    for (let moves = this.#random.integer(0, 8); moves > 0; moves--) {
      timeline.in(afterLeasesMs + this.#random.integer(0, 20_000), null, () => this.#operate())
    }
  }

  /** Says which delivered events nobody has taken up although everything works. */
  checkPrompt(): void {
    const { timeline, oracle } = this.#world
    for (const { inbox, runId, context } of oracle.known()) {
      for (const [id, { at }] of context.ending === null ? inbox : []) {
        if (at < this.#begunAt + afterLeasesMs + longestSetBackMs || timeline.now < at + promptMs) continue
        oracle.report(
          'inbox-is-kept',
          `event ${id} was delivered ${timeline.now - at} ms ago, and nobody takes it up`,
          runId,
        )
      }
    }
  }

  #open(): readonly RunFacts[] {
    return [...this.#world.oracle.runs.values()].filter((facts) => isOpen(facts))
  }

  #seeTo(facts: RunFacts): void {
    const { held } = facts.context
    const open = allOpen(facts.context)
    if (held !== null) return this.#people.operate(facts, 'release')
    const asked = Object.values(open).filter(({ kind }) => kind === 'approval' || kind === 'resolve')
    const waits = asked.length > 0 && !(this.#letsExpire && asked.every(({ expiresAt }) => expiresAt !== undefined))
    if (waits) this.#people.look(facts, { isPrompt: true })
    else if (!this.#world.hasWorkers) this.#people.resume(facts)
  }

  #operate(): void {
    const open = this.#open()
    if (open.length > 0) this.#people.operate(this.#random.pick(open), this.#random.pick(['hold', 'hold', 'cancel']))
  }
}
