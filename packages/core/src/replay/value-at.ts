import { own } from '../base/own.ts'
import type { Json, JsonPath } from '../base/json.ts'

/** The value at a path; undefined: nothing is there. */
export function valueAt(root: Json, path: JsonPath): Json | undefined {
  let value: Json | undefined = root
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined
    if (Array.isArray(value) !== (typeof key === 'number')) return undefined
    value = own(value as { readonly [key: string]: Json }, key)
  }
  return value
}
