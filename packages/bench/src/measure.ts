/** What a number is to be. */
export interface Target {
  readonly is: 'at least' | 'at most'
  readonly value: number
  /** A better one that is hoped for. */
  readonly stretch?: number
}

/** One number with everything that says how good it is. */
export interface Figure {
  readonly name: string
  /** Of `value` and `target`: `steps/s`, `ms`, `µs`, `×`, `MB`, `bytes`, `calls`, `packages`. */
  readonly unit: string
  /** Warm median over the rounds. */
  readonly value: number
  readonly target?: Target
  /** The same work without an engine, in the same rounds and in the same unit. */
  readonly floor?: { readonly name: string; readonly value: number }
  /** Reached ÷ floor, the median over the rounds. */
  readonly ratio?: { readonly value: number; readonly target?: Target }
  /** Values of the single rounds. Order: as they ran. */
  readonly rounds: readonly number[]
  /** One line on how it was taken. */
  readonly note?: string
}

/** How much to measure. */
export interface Effort {
  /** Rounds that count; the warming ones come before. */
  readonly rounds: number
  readonly warmRounds: number
  /** What the sizes of a round are multiplied with, above 0 to 1: quick runs show that everything works, not how fast it is. */
  readonly scale: number
}

/** Takes one or several numbers; runs alone in a process of its own. */
export interface Measure {
  readonly name: string
  run(effort: Effort): Promise<readonly Figure[]>
}

/** The usual effort. */
export const usualEffort: Effort = { rounds: 7, warmRounds: 2, scale: 1 }

/** A tenth of it. */
export const quickEffort: Effort = { rounds: 2, warmRounds: 1, scale: 0.1 }

/** Runs a round as often as the effort says. @returns what the rounds gave that count, in order */
export async function repeat<Result>(effort: Effort, round: (index: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (let index = 0; index < effort.warmRounds + effort.rounds; index++) {
    const result = await round(index)
    if (index >= effort.warmRounds) results.push(result)
  }
  return results
}

/** A size under an effort: at least 10, a multiple of 10. */
export function scaled(size: number, { scale }: Effort): number {
  return Math.max(10, Math.round((size * scale) / 10) * 10)
}
