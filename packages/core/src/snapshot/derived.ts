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
export function appendItems(list: readonly Json[], items: readonly Json[]): readonly Json[] {
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
