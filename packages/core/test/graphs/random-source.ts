/** Draws from a seed: same seed, same draws, on every machine. */
export interface RandomSource {
  /** An integer from 0 to `below` - 1. */
  below(below: number): number
  /** True with this probability, 0 to 1. */
  chance(probability: number): boolean
  /** One of a list that is not empty. */
  pick<Item>(list: readonly [Item, ...Item[]] | readonly Item[]): Item
}

/** Makes a {@link RandomSource}. @param seed - any integer */
export function randomSource(seed: number): RandomSource {
  let state = Math.imul(seed | 0, 0x9e3779b1) ^ 0x5bd1e995
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    below: (below) => Math.floor(next() * below),
    chance: (probability) => next() < probability,
    pick: (list) => {
      const item = list[Math.floor(next() * list.length)]
      if (item === undefined) throw new RangeError('pick: the list is empty')
      return item
    },
  }
}
