import type { Json } from '@waystone/core'

/** JSON with the keys of every object in order, so that equal values have equal texts. */
export function stableText(value: Json): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1)))
  })
}
