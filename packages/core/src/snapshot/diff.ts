import type { Json, JsonObject, JsonPath } from '../base/json.ts'
import type { EngineEvent } from './event.ts'
import type { Patch, PatchOperation, PatchValue } from './patch.ts'
import type { Snapshot } from './snapshot.ts'

/** Strings at least this long are looked for in the event. */
const shortestPointedString = 40

/** How deep below the payload values are looked for; a fork's payload holds a whole snapshot. */
function pointerDepth(event: EngineEvent): number {
  return event.type === 'run.forked' ? 4 : 2
}

/**
 * The patch that leads from one snapshot to the next: the identity difference, with pointers into the event for what came with it.
 *
 * Unchanged parts must be shared between the two (identity), or they count as changed.
 *
 * Cost: O(changed objects × their keys), plus the length of lists that changed.
 */
export function diffSnapshots(before: Snapshot | null, after: Snapshot, event: EngineEvent): Patch {
  const differ: Differ = { pointers: indexPayload(event), patch: [] }
  const next = after as unknown as Json
  if (before === null) {
    differ.patch.push(['set', [], { v: {} }], ['set', ['value'], { v: after.value as Json }])
    differ.patch.push(['set', ['context'], { v: {} }])
    diffObject(differ, ['context'], {}, after.context as unknown as JsonObject)
  } else {
    diffValue(differ, [], before as unknown as Json, next)
  }
  return differ.patch
}

interface Differ {
  readonly pointers: ReadonlyMap<unknown, JsonPath>
  readonly patch: PatchOperation[]
}

function diffValue(differ: Differ, path: JsonPath, before: Json | undefined, after: Json): void {
  if (before === after) return
  if (typeof before === 'object' && typeof after === 'object' && before !== null && after !== null) {
    if (!differ.pointers.has(after)) {
      if (Array.isArray(before) && Array.isArray(after)) return diffList(differ, path, before as readonly Json[], after as readonly Json[])
      if (!Array.isArray(before) && !Array.isArray(after)) return diffObject(differ, path, before as JsonObject, after as JsonObject)
    }
  }
  differ.patch.push(['set', path, valueOf(differ, after)])
}

function diffObject(differ: Differ, path: JsonPath, before: JsonObject, after: JsonObject): void {
  for (const key in before) if (!(key in after)) differ.patch.push(['unset', [...path, key]])
  for (const key in after) {
    const item = after[key]
    if (item !== undefined && before[key] !== item) diffValue(differ, [...path, key], before[key], item)
  }
}

function diffList(differ: Differ, path: JsonPath, before: readonly Json[], after: readonly Json[]): void {
  if (after.length === before.length) {
    for (const [index, item] of after.entries()) diffValue(differ, [...path, index], before[index], item)
    return
  }
  if (after.length < before.length || !startsWith(after, before)) {
    differ.patch.push(['set', path, valueOf(differ, after)])
    return
  }
  differ.patch.push(['append', path, addedItems(differ, after, before.length)])
}

function startsWith(list: readonly Json[], start: readonly Json[]): boolean {
  for (let index = start.length - 1; index >= 0; index--) if (list[index] !== start[index]) return false
  return true
}

function addedItems(differ: Differ, list: readonly Json[], from: number): PatchValue {
  for (const [candidate, path] of differ.pointers) {
    if (Array.isArray(candidate) && candidate.length === list.length - from && candidate.every((item, index) => item === list[from + index])) {
      return { e: path }
    }
  }
  const added = list.slice(from)
  const values = added.map((item) => valueOf(differ, item))
  return values.some((value) => !('v' in value)) ? { l: values } : { v: added }
}

/** A value of which one level may stand in the event while the value itself does not (an entry around a message). */
function valueOf(differ: Differ, value: Json): PatchValue {
  const pointer = typeof value === 'object' || typeof value === 'string' ? differ.pointers.get(value) : undefined
  return pointer === undefined ? { v: value } : { e: pointer }
}

function indexPayload(event: EngineEvent): Map<unknown, JsonPath> {
  const pointers = new Map<unknown, JsonPath>()
  indexValue({ pointers, depth: pointerDepth(event) }, event.payload as unknown as Json, [])
  return pointers
}

function indexValue(index: { readonly pointers: Map<unknown, JsonPath>; readonly depth: number }, value: Json, path: JsonPath): void {
  const { pointers, depth } = index
  if (typeof value === 'string') {
    if (value.length >= shortestPointedString && !pointers.has(value)) pointers.set(value, path)
    return
  }
  if (typeof value !== 'object' || value === null) return
  if (path.length > 0 && !pointers.has(value)) pointers.set(value, path)
  if (Array.isArray(value) || path.length >= depth) return
  const object = value as JsonObject
  for (const key in object) {
    const item = object[key]
    if (item !== undefined) indexValue(index, item, [...path, key])
  }
}
