import type { Json } from '../base/json.ts'

/** The list that a list was made from; weak, or every version of a growing list would be kept. */
const bases = new WeakMap<readonly Json[], WeakRef<readonly Json[]>>()

/** A list with items added at its end, frozen. What it begins with is remembered, so that a diff need not compare it. */
export function appendItems(list: readonly Json[], items: readonly Json[]): readonly Json[] {
  const next = Object.freeze([...list, ...items])
  bases.set(next, new WeakRef(list))
  return next
}

/** True when one list is known to be the other with items added. False says nothing. */
export function isAppendedTo(list: readonly Json[], base: readonly Json[]): boolean {
  return bases.get(list)?.deref() === base
}
