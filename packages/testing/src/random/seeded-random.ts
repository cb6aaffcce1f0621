/** Random numbers that one seed decides: the same seed gives the same ones on every machine. Not for secrets. */
export interface SeededRandom {
  /** From 0 to below 1. */
  next(): number
  /** A whole number, both ends included. */
  integer(from: number, to: number): number
  /** True with this probability, 0 to 1. */
  chance(probability: number): boolean
  /** One item. @param items - at least one */
  pick<Item>(items: readonly Item[]): Item
  /** The items in another order; the list given stays as it is. */
  shuffle<Item>(items: readonly Item[]): Item[]
  /** A source of its own that a label decides: what is drawn from it changes nothing here. */
  branch(label: string): SeededRandom
}

/** Makes a source of random numbers. @param seed - a number or any text */
export function seededRandom(seed: number | string): SeededRandom {
  return new Sfc32(String(seed))
}

/** Source: sfc32 of PractRand (public domain), seeded by a 32-bit FNV-1a hash of the text. */
class Sfc32 implements SeededRandom {
  readonly #seed: string
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: string) {
    this.#seed = seed
    this.#a = hashText(`${seed}/a`)
    this.#b = hashText(`${seed}/b`)
    this.#c = hashText(`${seed}/c`)
    for (let round = 0; round < 12; round++) this.#word()
  }

  next(): number {
    return this.#word() / 4_294_967_296
  }

  integer(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<Item>(items: readonly Item[]): Item {
    // The index is always within the list; an empty list is a fault of the caller and gives undefined.
    return items[Math.floor(this.next() * items.length)] as Item
  }

  shuffle<Item>(items: readonly Item[]): Item[] {
    const order = [...items]
    for (let last = order.length - 1; last > 0; last--) {
      const place = this.integer(0, last)
      const [one, other] = [order[last] as Item, order[place] as Item]
      order[last] = other
      order[place] = one
    }
    return order
  }

  branch(label: string): SeededRandom {
    return new Sfc32(`${this.#seed}/${label}`)
  }

  #word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum >>> 0
  }
}

/** FNV-1a over UTF-16 code units. */
function hashText(text: string): number {
  let hash = 0x81_1c_9d_c5
  for (let index = 0; index < text.length; index++) {
    hash ^= text.charCodeAt(index)
    hash = Math.imul(hash, 0x01_00_01_93)
  }
  return hash >>> 0
}
