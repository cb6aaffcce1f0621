import { isJsonEqual, type Json, type JsonObject, type JsonPath } from '../base/json.ts'
import { own } from '../base/own.ts'

/** One changed path. */
export interface Change {
  readonly path: JsonPath
  readonly kind: 'added' | 'removed' | 'changed'
  readonly before?: Json
  readonly after?: Json
}

/**
 * What changed between two states: one entry a path, at the deepest level that says it shortly.
 *
 * @param listKeys - by top-level key: the field that tells items of that list apart, so that a removed item is one change
 */
export function diffValues(
  before: JsonObject,
  after: JsonObject,
  listKeys: { readonly [key: string]: string } = {},
): readonly Change[] {
  const changes: Change[] = []
  diffObjects(changes, { path: [], listKeys }, before, after)
  return changes
}

interface Place {
  readonly path: JsonPath
  readonly listKeys: { readonly [key: string]: string }
}

function diffObjects(changes: Change[], place: Place, before: JsonObject, after: JsonObject): void {
  for (const key of Object.keys(before))
    if (!Object.hasOwn(after, key))
      changes.push({ path: [...place.path, key], kind: 'removed', before: before[key] ?? null })
  for (const key of Object.keys(after))
    diffPart(changes, { ...place, path: [...place.path, key] }, own(before, key), after[key])
}

function diffPart(changes: Change[], place: Place, before: Json | undefined, after: Json | undefined): void {
  if (before === after || after === undefined) return
  if (before === undefined) {
    changes.push({ path: place.path, kind: 'added', after })
    return
  }
  if (Array.isArray(before) && Array.isArray(after))
    return diffLists(changes, place, before as readonly Json[], after as readonly Json[])
  if (isObject(before) && isObject(after)) return diffObjects(changes, place, before, after)
  if (!isJsonEqual(before, after)) changes.push({ path: place.path, kind: 'changed', before, after })
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function diffLists(changes: Change[], place: Place, before: readonly Json[], after: readonly Json[]): void {
  const field = place.path.length === 1 ? own(place.listKeys, String(place.path[0])) : undefined
  const idOf = (item: Json, index: number): Json =>
    field !== undefined && isObject(item) ? (own(item, field) ?? index) : index
  const places = new Map(before.map((item, index) => [JSON.stringify(idOf(item, index)), item]))
  for (const [index, item] of after.entries()) {
    const id = JSON.stringify(idOf(item, index))
    diffPart(changes, { ...place, path: [...place.path, index] }, places.get(id), item)
    places.delete(id)
  }
  for (const [index, item] of before.entries()) {
    if (places.has(JSON.stringify(idOf(item, index))))
      changes.push({ path: [...place.path, index], kind: 'removed', before: item })
  }
}
