import type { SeededRandom } from '../random/seeded-random.ts'
import type { Coverage } from './coverage.ts'
import type { SimulatedProcess } from './process.ts'
import type { Timeline } from './timeline.ts'

/** How bad a simulated world is. Units: probabilities at each boundary. */
export interface Weather {
  readonly crash: number
  readonly freeze: number
  readonly fail: number
  readonly torn: number
  readonly slow: number
}

/** Boundaries that are rarely crossed, so that something happens there often enough. */
const rare: { readonly [operation: string]: number } = {
  create: 4,
  markStarted: 5,
  commit: 2,
  acquire: 3,
  release: 4,
  deliver: 20,
  discard: 60,
  load: 3,
  put: 3,
  get: 3,
  renew: 2,
  permits: 1.5,
  claimable: 0.3,
  inbox: 0.5,
  row: 0.2,
  after: 0.1,
}

/** What a chaos needs. */
export interface ChaosParts {
  readonly random: SeededRandom
  readonly timeline: Timeline
  readonly coverage: Coverage
  readonly weather: Weather
  /** Told that a process has died, by whatever row it counts for. */
  readonly onCrash: (process: SimulatedProcess, row: string) => void
  readonly note: (line: string) => void
}

/** Decides, from the seed, where processes die and freeze and where the store fails. */
export class Chaos {
  readonly #parts: ChaosParts
  #isOn = true

  constructor(parts: ChaosParts) {
    this.#parts = parts
  }

  /** Everything works from now on. */
  end(): void {
    this.#isOn = false
  }

  get isOn(): boolean {
    return this.#isOn
  }

  /** Kills the process here, perhaps. @param row - the row of the coverage it counts for @returns true: it is dead */
  crashHere(process: SimulatedProcess, row: string): boolean {
    const { random, weather, coverage, onCrash } = this.#parts
    if (!this.#isOn || process.state !== 'running') return false
    const operation = row.slice(row.lastIndexOf(' ') + 1)
    if (!random.chance(weather.crash * (rare[operation] ?? 1))) return false
    coverage.count(row)
    process.kill()
    onCrash(process, row)
    return true
  }

  /** Freezes the process here for a while, perhaps. @returns true: it is frozen */
  freezeHere(process: SimulatedProcess): boolean {
    const { random, weather, coverage, timeline } = this.#parts
    if (!this.#isOn || process.state !== 'running' || !random.chance(weather.freeze)) return false
    coverage.count('owner frozen')
    process.freeze()
    this.#parts.note(`${process.name} freezes`)
    const ms = random.chance(0.7) ? random.integer(2_000, 12_000) : random.integer(10, 2_000)
    timeline.in(ms, null, () => {
      if (process.state !== 'frozen') return
      coverage.count('owner thawed')
      this.#parts.note(`${process.name} thaws`)
      process.thaw()
    })
    return true
  }

  /** What becomes of a store's operation. */
  faultOf(operation: string): 'none' | 'failed' | 'torn' {
    const { random, weather } = this.#parts
    if (!this.#isOn) return 'none'
    const often = rare[operation] ?? 1
    if (random.chance(weather.fail * often)) return 'failed'
    return random.chance(weather.torn * often) ? 'torn' : 'none'
  }

  /** Ms until an operation is done, or its answer is there. @param often - 1 is usual: how much likelier it is to be slow */
  delay(often = 1): number {
    const { random, weather, coverage } = this.#parts
    if (this.#isOn && random.chance(weather.slow * often)) {
      coverage.count('slow store')
      return random.integer(100, 3_000)
    }
    return random.chance(0.8) ? 0 : random.integer(0, 4)
  }
}

/** The weather of one seed: calm, stormy, or bad in one respect. */
export function drawWeather(random: SeededRandom): Weather {
  const strength = random.pick([0, 0.5, 1, 1, 2])
  const one = (base: number): number => (random.chance(0.6) ? base * strength : 0)
  return { crash: one(0.008), freeze: one(0.003), fail: one(0.006), torn: one(0.004), slow: one(0.02) }
}
