/**
 * The value of an object's own key. Plain objects also answer to `constructor`, `toString` and the like, which are
 * ordinary names of nodes, state keys and calls here.
 */
export function own<Value>(record: { readonly [key: string]: Value }, key: string | number): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
