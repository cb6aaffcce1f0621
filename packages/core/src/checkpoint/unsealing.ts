import type { Json, JsonPath } from '../base/json.ts'
import { storeError } from '../errors/store-error.ts'
import { isObject } from './shape.ts'

/** What a group's store gave for a reference. */
export interface PrivateValues {
  /** Order: of the places they belong to. */
  readonly values: readonly Json[]
  /** Of all that is stored of them, in UTF-16 units. */
  readonly length: number
}

/** Values that stand with their groups; undefined: the group's store is not at hand. */
export type PrivateSource = (group: string, reference: string) => PrivateValues | undefined

/** What a stored record says of values that stand with their groups. */
export interface PrivateMark {
  readonly group: string
  readonly reference: string
  readonly places: readonly JsonPath[]
}

/** The marks of a stored record, read as JSON. @throws {StoreError} WAYSTONE_STORE_CORRUPT */
export function privateMarks(record: Json): readonly PrivateMark[] {
  const marks = isObject(record) && Object.hasOwn(record, 'sealed') ? record['sealed'] : undefined
  if (marks === undefined) return []
  if (!isObject(marks)) throw badMark('its marks are no object')
  return Object.entries(marks).map(([group, mark]) => {
    const [reference, ...places] = Array.isArray(mark) ? (mark as readonly Json[]) : []
    if (typeof reference !== 'string' || !places.every(isPath)) throw badMark(`that of group ${group} is malformed`)
    return { group, reference, places }
  })
}

/** Cheap sign in a stored text that it may have marks. */
export function mayHaveMarks(text: string): boolean {
  return text.includes('"sealed":{"')
}

/**
 * Puts values of groups back where they belong, in place; what is not at hand is left out where readers expect a shape.
 *
 * @param record - fresh, not frozen: a checkpoint, a snapshot, an event
 * @returns groups whose values are not at hand
 */
export function putBack(
  record: object,
  marks: readonly PrivateMark[],
  privateOf: PrivateSource = () => undefined,
): readonly string[] {
  const lacking: PrivateMark[] = []
  for (const mark of marks) {
    const found = privateOf(mark.group, mark.reference)
    if (found === undefined) lacking.push(mark)
    else for (const [index, path] of mark.places.entries()) putAt(record, path, found.values[index] ?? null)
  }
  for (const { places } of lacking) for (const path of places) leaveOut(record, path)
  return lacking.map(({ group }) => group)
}

function putAt(record: object, path: JsonPath, value: Json): void {
  const isPart = path[0] === '+'
  const [holder, key] = holderOf(record, isPart ? path.slice(1) : path)
  if (!isPart) return define(holder, key, value)
  const object: unknown = Reflect.get(holder, key)
  if (typeof object !== 'object' || object === null || !isObject(value)) throw badMark('a place is not there')
  for (const [name, item] of Object.entries(value)) define(object, name, item)
}

/** A null stands for nothing at all; anything else can be shown as it is. */
function leaveOut(record: object, path: JsonPath): void {
  if (path[0] === '+') return
  const [holder, key] = holderOf(record, path)
  if (Reflect.get(holder, key) === null && !Array.isArray(holder)) Reflect.deleteProperty(holder, key)
}

function holderOf(record: object, path: JsonPath): readonly [holder: object, key: string | number] {
  let holder: unknown = record
  for (const key of path.slice(0, -1))
    holder =
      typeof holder === 'object' && holder !== null && Object.hasOwn(holder, key) ? Reflect.get(holder, key) : undefined
  const key = path.at(-1)
  if (typeof holder !== 'object' || holder === null || key === undefined || !Object.hasOwn(holder, key))
    throw badMark(`the place ${JSON.stringify(path)} is not there`)
  return [holder, key]
}

/** An assignment to `__proto__` would set the prototype. */
function define(holder: object, key: string | number, value: Json): void {
  Object.defineProperty(holder, key, { value, enumerable: true, writable: true, configurable: true })
}

function isPath(value: Json): value is readonly (string | number)[] {
  return Array.isArray(value) && value.every((key) => typeof key === 'string' || typeof key === 'number')
}

function badMark(why: string): Error {
  return storeError('WAYSTONE_STORE_CORRUPT', `a record that refers to values of groups cannot be read: ${why}`)
}
