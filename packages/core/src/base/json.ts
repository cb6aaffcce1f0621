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
 * `__proto__` keys, nesting deeper than {@link maxJsonDepth}.
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
  freezeDeep(value, what, [], new Set())
  return value as Json
}

const known = new WeakSet<object>()

function isPrimitiveJson(value: unknown): value is null | boolean | number | string {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  return typeof value === 'number' && Number.isFinite(value)
}

function freezeDeep(value: unknown, what: string, path: (string | number)[], above: Set<object>): void {
  if (isPrimitiveJson(value)) return
  if (typeof value !== 'object' || value === null) refuse(what, path, describeScalar(value))
  const container = value
  if (known.has(container)) return
  if (above.has(container)) refuse(what, path, 'a cycle')
  if (path.length > maxJsonDepth) refuse(what, path, `nesting deeper than ${maxJsonDepth}`)
  above.add(container)
  if (Array.isArray(container)) freezeList(container, what, path, above)
  else freezeObject(container, what, path, above)
  above.delete(container)
  known.add(Object.freeze(container))
}

function freezeList(list: readonly unknown[], what: string, path: (string | number)[], above: Set<object>): void {
  for (let index = 0; index < list.length; index++) {
    path.push(index)
    freezeDeep(list[index], what, path, above)
    path.pop()
  }
}

function freezeObject(value: object, what: string, path: (string | number)[], above: Set<object>): void {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) refuse(what, path, `an instance of ${className(value)}`)
  if (Object.getOwnPropertySymbols(value).length > 0) refuse(what, path, 'a symbol key')
  for (const key of Object.keys(value)) {
    path.push(key)
    if (key === '__proto__') refuse(what, path, 'a key named __proto__')
    const property = Object.getOwnPropertyDescriptor(value, key)
    if (property === undefined || !('value' in property)) refuse(what, path, 'a getter')
    else freezeDeep(property.value, what, path, above)
    path.pop()
  }
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

function refuse(what: string, path: readonly (string | number)[], found: string): never {
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
