import type { Json } from '../base/json.ts'

/**
 * What a value was made from and how, for values that are made over and over from the one before: a diff then need not compare
 * them. Weak, or every version of a growing value would be kept.
 */
interface Origin {
  readonly base: WeakRef<object>
  /** The one key that was set; null: items were added at the end. */
  readonly key: string | null
}

const origins = new WeakMap<object, Origin>()

/** A list with items added at its end. Frozen. */
export function appendItems<Item>(list: readonly Item[], items: readonly Item[]): readonly Item[] {
  const next = Object.freeze([...list, ...items])
  origins.set(next, { base: new WeakRef(list), key: null })
  return next
}

/** A record with one key set. Frozen. */
export function setKey<Value>(
  record: { readonly [key: string]: Value },
  key: string,
  value: Value,
): { readonly [key: string]: Value } {
  const next = Object.freeze({ ...record, [key]: value })
  origins.set(next, { base: new WeakRef(record), key })
  return next
}

/** A list in which one item was set, and the one before. */
interface SetItem {
  readonly list: readonly unknown[]
  readonly base: readonly unknown[]
  readonly place: number
}

/** The last that were made, which is what a transition compares: cheaper than remembering it of each. */
const lastSet: SetItem[] = []
const mostLastSet = 4
let nextSet = 0

/** A list with one item set, which is there. Frozen. `with` takes twenty times as long as a copy. */
export function setItem<Item>(list: readonly Item[], place: number, item: Item): readonly Item[] {
  const next = [...list]
  next[place] = item
  lastSet[nextSet] = { list: Object.freeze(next), base: list, place }
  nextSet = (nextSet + 1) % mostLastSet
  return next
}

/** The only place in which a list is known to differ from another; undefined says nothing. */
export function itemSetIn(list: readonly Json[], base: readonly Json[]): number | undefined {
  return lastSet.find((one) => one.list === list && one.base === base)?.place
}

/** True when one list is known to be the other with items added. False says nothing. */
export function isAppendedTo(list: readonly Json[], base: readonly Json[]): boolean {
  const origin = origins.get(list)
  return origin !== undefined && origin.key === null && origin.base.deref() === base
}

/** The only key in which a record is known to differ from another; undefined says nothing. */
export function keySetIn(record: object, base: object): string | undefined {
  const origin = origins.get(record)
  return origin !== undefined && origin.key !== null && origin.base.deref() === base ? origin.key : undefined
}
