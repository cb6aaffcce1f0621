import type { SeededRandom } from '../random/seeded-random.ts'
import { partsOf } from './oracle/parts.ts'
import { isOpen, type RunFacts } from './oracle/run-facts.ts'
import type { People } from './people.ts'
import type { SimulatedWorld } from './world.ts'

/** The longest way a clock is set back in all, ms. */
export const longestSetBackMs = 8_000

/** What befalls a world beside its weather: its clock is set back and put right again, runs are deleted, and touched where it is least convenient. */
export class Mishaps {
  readonly #world: SimulatedWorld
  readonly #random: SeededRandom
  readonly #people: People

  constructor(world: SimulatedWorld, people: People) {
    this.#world = world
    this.#people = people
    this.#random = world.random.branch('mishaps')
  }

  /** Acts as long as the weather is bad. */
  plan(): void {
    const { hasSharedLimits } = this.#world
    // Rates are counted by the clock.
    if (!hasSharedLimits && this.#random.chance(0.5)) this.#planClock()
    this.#again([200, 1_200], () => this.#poke())
    if (this.#random.chance(0.5)) this.#again([2_000, 12_000], () => this.#delete())
  }

  #again([from, to]: readonly [number, number], act: () => void): void {
    const { timeline, chaos } = this.#world
    const next = (): void => {
      if (!chaos.isOn) return
      act()
      timeline.in(this.#random.integer(from, to), null, next)
    }
    timeline.in(this.#random.integer(from, to), null, next)
  }

  /** An operator takes a hand in what lasts but a moment: losers that finish, and branches that meet. */
  #poke(): void {
    const { oracle, timeline } = this.#world
    const brief = oracle.known().filter((facts) => isOpen(facts) && isBrief(facts))
    if (brief.length === 0) return
    const facts = this.#random.pick(brief)
    if (this.#random.chance(0.4)) return this.#people.patch(facts)
    this.#people.operate(facts, this.#random.chance(0.9) ? 'hold' : 'cancel')
    timeline.in(this.#random.integer(0, 1_500), null, () => this.#people.operate(facts, 'release'))
  }

  #planClock(): void {
    const { timeline } = this.#world
    const lagMs = this.#random.integer(1, longestSetBackMs)
    timeline.in(this.#random.integer(0, 20_000), null, () => this.#set(lagMs, 'clock set back'))
    if (this.#random.chance(0.5))
      timeline.in(this.#random.integer(20_001, 40_000), null, () => this.#set(0, 'clock put right again'))
  }

  #set(lagMs: number, row: string): void {
    this.#world.coverage.count(row)
    this.#world.note(row)
    this.#world.lagMs = lagMs
  }

  /** Somebody deletes a run that is over, or, by force, any. */
  #delete(): void {
    const isForced = this.#random.chance(0.2)
    const found = [...this.#world.oracle.runs.values()].filter(
      ({ context, isDeleted }) => !isDeleted && (isForced || context.ending !== null),
    )
    const [host] = this.#random.shuffle(this.#world.running())
    if (host === undefined || found.length === 0) return
    const facts: RunFacts = this.#random.pick(found)
    this.#world.timeline.in(0, host.process, () => {
      host.runtime.delete(facts.runId, { isForced }).then(
        ({ type }) => this.#world.coverage.count(`deletion ${type}${isForced ? ' by force' : ''}`),
        (error: unknown) => this.#world.judge(error, 'a run was deleted'),
      )
    })
  }
}

function isBrief({ context, forks }: RunFacts): boolean {
  if ([...forks.values()].some(({ mesh }) => mesh !== undefined)) return true
  return partsOf(context).some((part) => Object.values(part.context.closing).some(({ finishes }) => finishes === true))
}
