import type { Json } from '@waystone/core'
import { diffRequests, formatDifferences, type RequestDifference } from './diff-requests.ts'
import { keyOf, without, type RecordedExchange, type RecordedResponse } from './recording.ts'

/** What is asked of a recording. */
export type AskedExchange = Pick<RecordedExchange, 'method' | 'path' | 'request'>

/** A recorded answer and its place in the file, from 0. */
export interface FoundExchange {
  readonly place: number
  readonly response: RecordedResponse
}

/** How a replay reads its recording. */
export interface ReplayRules {
  readonly file: string
  readonly ignore: readonly string[]
  /** The last answer of equal requests is given again when they are made more often than recorded. */
  readonly isRepeated: boolean
}

/** A recording that is being replayed. */
export class RunningReplay {
  readonly #exchanges: readonly RecordedExchange[]
  readonly #rules: ReplayRules
  readonly #places: ReadonlyMap<string, readonly number[]>
  readonly #used = new Map<string, number>()

  constructor(exchanges: readonly RecordedExchange[], rules: ReplayRules) {
    this.#exchanges = exchanges
    this.#rules = rules
    this.#places = Map.groupBy(exchanges.keys(), (place) => this.#key(exchanges[place]))
  }

  /** Takes the next answer that was recorded for exactly this request; null on a miss. */
  take(asked: AskedExchange): FoundExchange | null {
    const key = this.#key(asked)
    const places = this.#places.get(key) ?? []
    const used = this.#used.get(key) ?? 0
    const place = places[this.#rules.isRepeated ? Math.min(used, places.length - 1) : used]
    const found = place === undefined ? undefined : this.#exchanges[place]
    if (place === undefined || found === undefined) return null
    this.#used.set(key, used + 1)
    return { place, response: found.response }
  }

  /** Why a request missed: how it differs from the recorded request that is nearest to it. */
  describeMiss(asked: AskedExchange): string {
    const { file } = this.#rules
    const places = this.#places.get(this.#key(asked)) ?? []
    if (places.length > 0) {
      return `${file} has ${count(places.length, 'answer')} for this very request, and it was made once more`
    }
    const nearest = this.#nearest(asked)
    if (nearest === null)
      return `${file} has no ${asked.method} ${asked.path} (${count(this.#exchanges.length, 'exchange')})`
    const { place, differences } = nearest
    const counted = count(differences.length, 'difference')
    return `${file} has no such request; nearest is exchange ${place}, ${counted} (- recorded, + asked):\n${formatDifferences(differences)}`
  }

  /** Every recorded exchange that was not asked for, in words. */
  unused(): readonly string[] {
    return [...this.#places].flatMap(([key, places]) =>
      places.slice(this.#used.get(key) ?? 0).map((place) => {
        const exchange = this.#exchanges[place]
        return `exchange ${place} (${exchange?.method} ${exchange?.path}) was never asked for`
      }),
    )
  }

  #nearest({ method, path, request }: AskedExchange): {
    readonly place: number
    readonly differences: readonly RequestDifference[]
  } | null {
    const asked = this.#counting(request)
    const candidates = this.#exchanges.flatMap((exchange, place) =>
      exchange.method === method && exchange.path === path
        ? [{ place, differences: diffRequests(this.#counting(exchange.request), asked) }]
        : [],
    )
    return candidates.toSorted((a, b) => size(a.differences) - size(b.differences))[0] ?? null
  }

  #counting(request: Json): Json {
    return without(request, this.#rules.ignore)
  }

  #key(exchange: AskedExchange | undefined): string {
    return exchange === undefined ? '' : keyOf(exchange, this.#rules.ignore)
  }
}

/** A missing message weighs as much as is missing, a changed word little. */
function size(differences: readonly RequestDifference[]): number {
  return differences.reduce((sum, { recorded, asked }) => sum + 100 + (recorded?.length ?? 0) + (asked?.length ?? 0), 0)
}

function count(amount: number, thing: string): string {
  return `${amount} ${thing}${amount === 1 ? '' : 's'}`
}
