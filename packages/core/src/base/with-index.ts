/**
 * A frozen copy of a record whose keys are numbers written as text, with one entry set.
 *
 * Entries are defined read-only from the start: V8 then keeps them as a table. Written the ordinary way, key `"900"` makes it lay
 * out a list of 900 places, at every copy and for every walk over the keys.
 */
export function withIndex<Value>(
  record: { readonly [index: string]: Value },
  index: number | string,
  value: Value,
): { readonly [index: string]: Value } {
  const copy = copyWithout(record, String(index))
  Object.defineProperty(copy, index, { value, enumerable: true })
  return Object.freeze(copy)
}

/** A frozen copy of such a record without one entry. */
export function withoutIndex<Value>(
  record: { readonly [index: string]: Value },
  index: number | string,
): { readonly [index: string]: Value } {
  return Object.freeze(copyWithout(record, String(index)))
}

function copyWithout<Value>(record: { readonly [index: string]: Value }, left: string): { [index: string]: Value } {
  const copy: { [index: string]: Value } = {}
  for (const index in record) {
    if (index !== left) Object.defineProperty(copy, index, { value: record[index], enumerable: true })
  }
  return copy
}
