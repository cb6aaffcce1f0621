import { canonicalJson, toJson, type Json, type JsonObject } from '../base/json.ts'
import { own } from '../base/own.ts'
import type { Graph, MergeRule } from '../graph/graph.ts'
import type { Registry } from '../graph/registry.ts'
import { appendItems } from '../snapshot/derived.ts'

/** What a patch asks of the state. */
export interface StatePatch {
  readonly patch: JsonObject
  readonly unset: readonly string[]
}

/**
 * The state after a patch, by the merge rule of each key. What is not written is shared with the state before. Pure.
 *
 * A reducer that throws, or whose result is not JSON, makes this throw; so does a sum beyond all numbers.
 */
export function mergeState(
  parts: { readonly graph: Graph; readonly registry: Registry },
  state: JsonObject,
  change: StatePatch,
): JsonObject {
  const next: { [key: string]: Json } = { ...state }
  for (const key in change.patch) {
    const incoming = change.patch[key]
    const record = own(parts.graph.state, key)
    if (incoming === undefined || record === undefined) continue
    next[key] = mergeValue(record.merge, own(state, key), incoming, parts.registry.reducers.get(key))
  }
  for (const key of change.unset) delete next[key]
  return Object.freeze(next)
}

type Reducer = (current: Json | undefined, incoming: Json) => unknown

function mergeValue(merge: MergeRule, current: Json | undefined, incoming: Json, reducer: Reducer | undefined): Json {
  switch (merge.rule) {
    case 'replace':
      return incoming
    case 'append':
      return addItems(listOf(current), listOf(incoming), merge.key)
    case 'union':
      return unite(listOf(current), listOf(incoming))
    case 'merge':
      return Object.freeze({ ...objectOf(current), ...objectOf(incoming) })
    case 'max':
      return typeof current === 'number' ? Math.max(current, Number(incoming)) : incoming
    case 'min':
      return typeof current === 'number' ? Math.min(current, Number(incoming)) : incoming
    case 'sum':
      return typeof current === 'number' ? toJson(current + Number(incoming), 'a sum') : incoming
    case 'reducer':
      return reducer === undefined ? incoming : reduce(merge.name, reducer(current, incoming))
  }
}

function reduce(name: string, result: unknown): Json {
  // Refused below; without this its rejection would end the process.
  if (result instanceof Promise) result.catch(() => undefined)
  return toJson(result, `result of reducer "${name}"`)
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

function objectOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
}

/** Items without the key are told apart by nothing, so each of them is added. Cost: O(length of the list). */
function addItems(current: readonly Json[], incoming: readonly Json[], key: string | null): readonly Json[] {
  if (key === null) return appendItems(current, incoming)
  const places = placesOf(current, { key, ids: new Set(incoming.map((item) => idOf(item, key))) })
  let next: Json[] | undefined
  const added: Json[] = []
  for (const item of incoming) {
    const id = idOf(item, key)
    const place = id === undefined ? undefined : places.get(id)
    if (place === undefined) {
      if (id !== undefined) places.set(id, current.length + added.length)
      added.push(item)
    } else if (place >= current.length) {
      added[place - current.length] = item
    } else {
      next ??= [...current]
      next[place] = item
    }
  }
  return next === undefined ? appendItems(current, added) : Object.freeze([...next, ...added])
}

function placesOf(
  list: readonly Json[],
  { key, ids }: { readonly key: string; readonly ids: ReadonlySet<Json | undefined> },
): Map<Json, number> {
  const places = new Map<Json, number>()
  for (let index = 0; index < list.length; index++) {
    const id = idOf(list[index], key)
    if (id !== undefined && ids.has(id)) places.set(id, index)
  }
  return places
}

function idOf(item: Json | undefined, key: string): Json | undefined {
  return typeof item === 'object' && item !== null && Object.hasOwn(item, key) ? (item as JsonObject)[key] : undefined
}

function unite(current: readonly Json[], incoming: readonly Json[]): readonly Json[] {
  const known = new Set(current.map((item) => canonicalJson(item)))
  const added = incoming.filter((item) => {
    const text = canonicalJson(item)
    const isNew = !known.has(text)
    known.add(text)
    return isNew
  })
  return added.length === 0 ? current : appendItems(current, added)
}
