import { formatPath, type Json, type JsonObject } from '../base/json.ts'
import { storeError } from '../errors/store-error.ts'
import type { StoreError } from '../errors/store-error.ts'

const nothing: JsonObject = Object.freeze({})

/** Reads the fields of a stored record one by one; what does not fit is refused with its place. */
export class ShapeReader {
  readonly #what: string
  readonly #path: readonly (string | number)[]
  readonly #object: JsonObject

  /** @param what - what is read, for messages, e.g. `checkpoint 12 of run 01h…` */
  constructor(value: Json | undefined, what: string, path: readonly (string | number)[] = []) {
    this.#what = what
    this.#path = path
    if (!isObject(value)) throw corrupt(what, path, 'an object', value)
    this.#object = value
  }

  value(key: string): Json | undefined {
    return Object.hasOwn(this.#object, key) ? this.#object[key] : undefined
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#object, key)
  }

  string(key: string): string {
    const value = this.value(key)
    return typeof value === 'string' ? value : this.refuse(key, 'a string')
  }

  number(key: string): number {
    const value = this.value(key)
    return typeof value === 'number' ? value : this.refuse(key, 'a number')
  }

  list(key: string): readonly Json[] {
    const value = this.value(key)
    return Array.isArray(value) ? (value as readonly Json[]) : this.refuse(key, 'a list')
  }

  object(key: string): JsonObject {
    const value = this.value(key)
    return isObject(value) ? value : this.refuse(key, 'an object')
  }

  /** A reader of an object inside. */
  inside(key: string): ShapeReader {
    return new ShapeReader(this.value(key), this.#what, [...this.#path, key])
  }

  stringOr<Other>(key: string, other: Other): string | Other {
    return this.has(key) ? this.string(key) : other
  }

  numberOr<Other>(key: string, other: Other): number | Other {
    return this.has(key) ? this.number(key) : other
  }

  /** Everything but the named fields. Cost: O(fields); mostly there is nothing. */
  rest(known: ReadonlySet<string>): JsonObject {
    let rest: { [key: string]: Json } | undefined
    for (const key in this.#object) {
      const value = this.#object[key]
      if (!known.has(key) && value !== undefined) (rest ??= {})[key] = value
    }
    return rest ?? nothing
  }

  /** Throws for a field. @param allowed - what would have been, e.g. `a string` */
  refuse(key: string, allowed: string): never {
    throw corrupt(this.#what, [...this.#path, key], allowed, this.value(key))
  }
}

/** True for a JSON object. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function corrupt(
  what: string,
  path: readonly (string | number)[],
  ...[allowed, found]: readonly [string, Json | undefined]
): StoreError {
  const place = path.length === 0 ? 'its root' : formatPath(path)
  const shown = found === undefined ? 'nothing' : JSON.stringify(found).slice(0, 60)
  return storeError('WAYSTONE_STORE_CORRUPT', `${what}: found ${shown} at ${place}, where ${allowed} belongs`, {
    path: [...path],
  })
}
