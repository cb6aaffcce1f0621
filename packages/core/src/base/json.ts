import { inputError } from '../errors/input-error.ts'

/** A value that survives `JSON.parse(JSON.stringify(value))` unchanged. Values held by Waystone are also deeply frozen. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

/** A plain object of JSON values. An absent key and `undefined` are not the same: `undefined` is refused. */
export interface JsonObject {
  readonly [key: string]: Json
}

/** A place inside a JSON value: object keys and list positions (0-based), from the root. */
export type JsonPath = readonly (string | number)[]

/** Deepest nesting that is accepted; deeper values are refused rather than risking the call stack. */
export const maxJsonDepth = 200

/**
 * Checks that a value is JSON, freezes it deeply in place and returns it.
 *
 * Refused, each with its path: BigInt, Date, NaN and infinities, `undefined`, functions, symbols, class instances, cycles,
 * `__proto__` and hidden keys, lists with keys of their own, nesting deeper than {@link maxJsonDepth}. -0 counts as 0.
 *
 * Cost: O(size) the first time; a value that is already frozen by this function is passed over at once.
 *
 * @param value - anything, typically what author code or a provider returned
 * @param what - what the value is, for the message, e.g. `patch of node "triage"`
 * @returns the same value, deeply frozen
 * @throws {InputError} WAYSTONE_INPUT_NOT_JSON naming the first offending path
 */
export function toJson(value: unknown, what: string): Json {
  if (isPrimitiveJson(value)) return value
  freezeDeep(value, { what, path: [], above: new Set() })
  return value as Json
}

/**
 * A deep copy of a JSON value that shares no object with it, nor one with another part of itself: as if it had been stored and
 * read back. Events are made so, since what they share with a state would not be shared when they are replayed.
 *
 * @returns frozen; keys in the same order
 */
export function copyJson(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Object.freeze((value as readonly Json[]).map(copyJson))
  const copy: { [key: string]: Json } = {}
  for (const [key, item] of Object.entries(value as JsonObject)) copy[key] = copyJson(item)
  return Object.freeze(copy)
}

/**
 * Checks that a value is JSON and returns a frozen deep copy that shares nothing with it: {@link toJson} and {@link copyJson} in one
 * pass, for what comes from outside and goes into an event. The value itself stays as it is.
 *
 * Cost: O(size).
 *
 * @throws {InputError} WAYSTONE_INPUT_NOT_JSON naming the first offending path
 */
export function takeJson(value: unknown, what: string): Json {
  return isPrimitiveJson(value) ? value : takeDeep(value, { what, path: [], above: new Set() })
}

function takeDeep(value: unknown, walk: Walk): Json {
  // -0 is written as 0.
  if (isPrimitiveJson(value)) return value === 0 ? 0 : value
  if (typeof value !== 'object' || value === null) refuse(walk, describeScalar(value))
  if (walk.above.has(value)) refuse(walk, 'a cycle')
  if (walk.path.length > maxJsonDepth) refuse(walk, `nesting deeper than ${maxJsonDepth}`)
  walk.above.add(value)
  const copy = Array.isArray(value) ? takeList(value, walk) : takeObject(value, walk)
  walk.above.delete(value)
  return copy
}

function takeList(list: readonly unknown[], walk: Walk): Json {
  const copy: Json[] = []
  for (let index = 0; index < list.length; index++) {
    walk.path.push(index)
    copy.push(takeDeep(list[index], walk))
    walk.path.pop()
  }
  checkList(list, walk)
  return Object.freeze(copy)
}

function takeObject(value: object, walk: Walk): Json {
  checkPrototype(value, walk)
  const copy: { [key: string]: Json } = {}
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === 'symbol') refuse(walk, 'a symbol key')
    walk.path.push(key)
    copy[key] = takeDeep(propertyOf(value, key, walk), walk)
    walk.path.pop()
  }
  return Object.freeze(copy)
}

/** How many levels of objects and lists lie below each value that was accepted, itself not counted. */
const heights = new WeakMap<object, number>()

interface Walk {
  readonly what: string
  /** To the value at hand; changed while walking. */
  readonly path: (string | number)[]
  /** Objects and lists around the value at hand; changed while walking. */
  readonly above: Set<object>
}

function isPrimitiveJson(value: unknown): value is null | boolean | number | string {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  return typeof value === 'number' && Number.isFinite(value)
}

/** @returns levels from the value down: 0 for a primitive, 1 for an empty object */
function freezeDeep(value: unknown, walk: Walk): number {
  if (isPrimitiveJson(value)) return 0
  if (typeof value !== 'object' || value === null) refuse(walk, describeScalar(value))
  const known = heights.get(value)
  if (known === undefined && walk.above.has(value)) refuse(walk, 'a cycle')
  if (walk.path.length + (known ?? 0) > maxJsonDepth) refuse(walk, `nesting deeper than ${maxJsonDepth}`)
  if (known !== undefined) return known + 1
  walk.above.add(value)
  const height = Array.isArray(value) ? freezeList(value, walk) : freezeObject(value, walk)
  walk.above.delete(value)
  heights.set(Object.freeze(value), height)
  return height + 1
}

function checkList(list: readonly unknown[], walk: Walk): void {
  if (Object.getPrototypeOf(list) !== Array.prototype) refuse(walk, `an instance of ${className(list)}`)
  const keys = Reflect.ownKeys(list)
  if (keys.length !== list.length + 1) refuse(walk, `a list with the key ${String(keys.at(-1))}`)
}

function freezeList(list: readonly unknown[], walk: Walk): number {
  let height = 0
  for (let index = 0; index < list.length; index++) {
    walk.path.push(index)
    height = Math.max(height, freezeDeep(list[index], walk))
    walk.path.pop()
  }
  checkList(list, walk)
  return height
}

function checkPrototype(value: object, walk: Walk): void {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) refuse(walk, `an instance of ${className(value)}`)
}

/** Reads a plain, visible property without running any code. */
function propertyOf(value: object, key: string, walk: Walk): unknown {
  if (key === '__proto__') refuse(walk, 'a key named __proto__')
  const property = Object.getOwnPropertyDescriptor(value, key)
  if (property === undefined || !('value' in property)) refuse(walk, 'a getter')
  if (property.enumerable !== true) refuse(walk, 'a hidden key')
  return property.value
}

function freezeObject(value: object, walk: Walk): number {
  checkPrototype(value, walk)
  let height = 0
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === 'symbol') refuse(walk, 'a symbol key')
    walk.path.push(key)
    height = Math.max(height, freezeDeep(propertyOf(value, key, walk), walk))
    walk.path.pop()
  }
  return height
}

function className(value: object): string {
  const constructor: unknown = Reflect.get(value, 'constructor')
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'an unnamed class'
}

function describeScalar(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'bigint') return `the BigInt ${value}n`
  if (value === undefined) return 'undefined'
  return `a ${typeof value}`
}

function refuse({ what, path }: Walk, found: string): never {
  const place = path.length === 0 ? 'its root' : formatPath(path)
  throw inputError(
    'WAYSTONE_INPUT_NOT_JSON',
    `${what}: found ${found} at ${place}; allowed are null, booleans, finite numbers, strings, lists and plain objects of these`,
    { path: [...path] },
  )
}

/** Writes a path as people read it: `orders[2].id`. Keys that are not plain words are quoted: `orders["a b"]`. */
export function formatPath(path: JsonPath): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (/^[A-Za-z_$][\w$-]*$/.test(part)) text += text === '' ? part : `.${part}`
    else text += `[${JSON.stringify(part)}]`
  }
  return text
}

/**
 * Writes JSON with object keys in code-unit order and no white space, so that equal values give equal text.
 *
 * Used where two independently built values must compare (graph hashes, recordings). Checkpoints are written with
 * plain `JSON.stringify`, whose key order is part of the value and survives a round trip.
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalJson(item)).join(',')}]`
  const object = value as JsonObject
  const parts: string[] = []
  for (const key of Object.keys(object).toSorted()) {
    const item = object[key]
    if (item !== undefined) parts.push(`${JSON.stringify(key)}:${canonicalJson(item)}`)
  }
  return `{${parts.join(',')}}`
}

/** True when two JSON values are equal regardless of key order. */
export function isJsonEqual(left: Json, right: Json): boolean {
  return left === right || canonicalJson(left) === canonicalJson(right)
}
