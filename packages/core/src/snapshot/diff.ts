import type { Json, JsonObject, JsonPath } from '../base/json.ts'
import { own } from '../base/own.ts'
import { indexChanges, indexEntries } from '../base/with-index.ts'
import { isAppendedTo, itemSetIn, keySetIn } from './derived.ts'
import type { EngineEvent } from './event.ts'
import type { Patch, PatchOperation, PatchValue } from './patch.ts'
import type { Snapshot } from './snapshot.ts'

/** Strings at least this long are looked for in the event. */
export const shortestPointedString = 40

/** How deep below the payload values are looked for; a fork's payload holds a whole snapshot. */
function pointerDepth(event: EngineEvent): number {
  return event.type === 'run.forked' ? 4 : 2
}

/**
 * The patch that leads from one snapshot to the next: the identity difference, with pointers into the event for what came with it.
 *
 * Unchanged parts should be shared between the two: then they are not looked into. Parts that are equal count as unchanged.
 * An event must not hold one object in two places, since it would not when it is read back.
 *
 * Cost: O(changed objects × their keys), plus the length of lists that changed.
 *
 * @param options - `isThorough`: compares also what is known to differ in one place only; default false
 */
// oxlint-disable-next-line max-params -- two versions, what came between them, and how
export function diffSnapshots(
  before: Snapshot | null,
  after: Snapshot,
  event: EngineEvent,
  { isThorough = false }: { readonly isThorough?: boolean | undefined } = {},
): Patch {
  const differ: Differ = { pointers: indexPayload(event), patch: [], isThorough }
  const next = after as unknown as Json
  if (before === null) {
    differ.patch.push(['set', [], { v: {} }], ['set', ['value'], { v: after.value as Json }])
    diffWhole(differ, ['context'], after.context as unknown as JsonObject)
  } else {
    diffValue(differ, [], before as unknown as Json, next)
  }
  return differ.patch
}

/** Sets an object key by key, so that parts which stand in the event are pointed to. */
function diffWhole(differ: Differ, path: JsonPath, after: JsonObject): void {
  differ.patch.push(['set', path, { v: {} }])
  for (const [key, item] of Object.entries(after)) {
    const place = [...path, key]
    if (key === 'state' && path.length === 1 && !differ.pointers.has(item)) diffWhole(differ, place, item as JsonObject)
    else differ.patch.push(['set', place, valueOf(differ, item)])
  }
}

interface Differ {
  readonly pointers: ReadonlyMap<unknown, JsonPath>
  readonly patch: PatchOperation[]
  /** Nothing is believed that is known of how values were made. */
  readonly isThorough: boolean
}

function diffValue(differ: Differ, path: JsonPath, before: Json | undefined, after: Json): void {
  if (before === after) return
  if (typeof before === 'object' && typeof after === 'object' && before !== null && after !== null) {
    if (differ.pointers.has(after)) {
      if (isSame(before, after)) return
    } else {
      if (Array.isArray(before) && Array.isArray(after))
        return diffList(differ, path, before as readonly Json[], after as readonly Json[])
      if (!Array.isArray(before) && !Array.isArray(after))
        return diffObject(differ, path, before as JsonObject, after as JsonObject)
    }
  }
  differ.patch.push(['set', path, valueOf(differ, after)])
}

function diffObject(differ: Differ, path: JsonPath, before: JsonObject, after: JsonObject): void {
  const only = differ.isThorough ? undefined : keySetIn(after, before)
  if (only !== undefined) return diffKey(differ, [...path, only], own(before, only), after[only])
  if (isLedger(path) && diffLedger(differ, path, { before, after })) return
  const keys = Object.keys(after)
  const olds = Object.keys(before)
  const removed: string[] = []
  let place = 0
  for (const key of olds) {
    if (keys[place] === key) place += 1
    else if (!Object.hasOwn(after, key)) removed.push(key)
    else if (isSortedByItself(olds) && isSortedByItself(keys)) return diffTable(differ, path, before, after)
    // Setting keys one by one would leave them in their old order, and order is part of the value.
    else return void differ.patch.push(['set', path, valueOf(differ, after)])
  }
  for (const key of removed) differ.patch.push(['unset', [...path, key]])
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] ?? ''
    const item = after[key]
    const old = index < place ? before[key] : undefined
    if (old !== item) diffKey(differ, [...path, key], old, item)
  }
}

/** Records of a run, or of a workflow nested in it, whose keys are all numbers. */
const ledgers = new Set<unknown>(['open', 'closing', 'children'])

function isLedger(path: JsonPath): boolean {
  let place = 1
  while (path[place] === 'children' && path[place + 2] === 'context') place += 3
  return place === path.length - 1 && path[0] === 'context' && ledgers.has(path[place])
}

/** @returns false when a new entry stands before an old one: that is no question of single entries */
function diffLedger(
  differ: Differ,
  path: JsonPath,
  { before, after }: { readonly before: JsonObject; readonly after: JsonObject },
): boolean {
  const changes = indexChanges(before, after)
  const last = Number(indexEntries(before).findLast(([index]) => after[index] !== undefined)?.[0] ?? -1)
  if (changes.some(({ index, before: old }) => old === undefined && Number(index) < last)) return false
  for (const { index, after: item } of changes) if (item === undefined) differ.patch.push(['unset', [...path, index]])
  for (const { index, before: old, after: item } of changes) diffKey(differ, [...path, index], old, item)
  return true
}

const index = /^(?:0|[1-9]\d{0,8})$/

/** True for keys that are numbers: whatever order they are set in, they stand in ascending order. */
function isSortedByItself(keys: readonly string[]): boolean {
  return keys.every((key) => index.test(key))
}

function diffTable(differ: Differ, path: JsonPath, before: JsonObject, after: JsonObject): void {
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) differ.patch.push(['unset', [...path, key]])
  for (const key of Object.keys(after)) {
    const [old, item] = [own(before, key), after[key]]
    if (old !== item) diffKey(differ, [...path, key], old, item)
  }
}

function diffKey(differ: Differ, path: JsonPath, before: Json | undefined, after: Json | undefined): void {
  if (after === undefined) return
  // What came from outside stands in the event, also when it is the first.
  if (before === undefined && path.length === 2 && path[1] === 'received') diffWhole(differ, path, after as JsonObject)
  else diffValue(differ, path, before, after)
}

/** More changed items than this are looked at as a whole: each operation on a list copies it. */
const mostSingleItems = 16

function diffList(differ: Differ, path: JsonPath, before: readonly Json[], after: readonly Json[]): void {
  if (after.length === before.length) return diffItems(differ, path, before, after)
  if (after.length < before.length || !startsWith(after, before, differ.isThorough)) {
    differ.patch.push(['set', path, valueOf(differ, after)])
    return
  }
  differ.patch.push(['append', path, addedItems(differ, after, before.length)])
}

function diffItems(differ: Differ, path: JsonPath, before: readonly Json[], after: readonly Json[]): void {
  const only = differ.isThorough ? undefined : itemSetIn(after, before)
  if (only !== undefined) return diffValue(differ, [...path, only], before[only], after[only] ?? null)
  const changed: number[] = []
  for (let index = 0; index < after.length; index++) if (after[index] !== before[index]) changed.push(index)
  if (changed.length > mostSingleItems && changed.length * 4 > after.length) {
    if (!isSame(before, after)) differ.patch.push(['set', path, valueOf(differ, after)])
    return
  }
  for (const index of changed) diffValue(differ, [...path, index], before[index], after[index] ?? null)
}

/** By value where not by identity, so that a state that was read back gives the same patch as one that never left memory. */
function startsWith(list: readonly Json[], start: readonly Json[], isThorough: boolean): boolean {
  if (!isThorough && isAppendedTo(list, start)) return true
  for (let index = start.length - 1; index >= 0; index--) {
    const item = list[index]
    if (item !== start[index] && !isSame(item, start[index])) return false
  }
  return true
}

/** Whether two values would be the same text, the order of keys included. */
function isSame(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  const keys = Object.keys(left)
  const others = Object.keys(right)
  if (Array.isArray(left) !== Array.isArray(right) || keys.length !== others.length) return false
  return keys.every(
    (key, index) => key === others[index] && isSame((left as JsonObject)[key], (right as JsonObject)[key]),
  )
}

function addedItems(differ: Differ, list: readonly Json[], from: number): PatchValue {
  for (const [candidate, path] of differ.pointers) {
    if (
      Array.isArray(candidate) &&
      candidate.length === list.length - from &&
      candidate.every((item, index) => item === list[from + index])
    ) {
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

function indexValue(
  index: { readonly pointers: Map<unknown, JsonPath>; readonly depth: number },
  value: Json,
  path: JsonPath,
): void {
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
    if (typeof item === 'object' || typeof item === 'string') indexValue(index, item, [...path, key])
  }
}
