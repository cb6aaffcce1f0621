import { sha256 } from '../base/hash.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { storeError } from '../errors/store-error.ts'
import type { Blob } from './store.ts'

/** Values whose JSON is longer than this become references, in UTF-16 units. */
export const largeValueLength = 65_536

/** Key of a reference in stored text. Keys of users that look like it get one more `$` in front. */
const reference = '$blob'
const looksLikeReference = /^\$+blob$/

/** Cheap sign in a text that it holds a reference or an escaped key: a key cannot be written otherwise. */
const sign = 'blob":'
const references = /\{"\$blob":"([\w-]{43})"\}/g

/** Text with its large values taken out. */
export interface SplitText {
  readonly text: string
  /** Each once. Order: inner before outer. */
  readonly blobs: readonly Blob[]
}

/** Where the text of a blob is found. */
export type BlobSource = (hash: string) => string | undefined

/**
 * Writes JSON in which every value longer than {@link largeValueLength} is a reference to a blob.
 *
 * Cut from the inside out: a value is cut when it is too long although its own large parts are references already. So the same
 * large value is the same blob wherever it stands, and a list of large items does not store them again when it grows.
 *
 * Cost: O(size) for a short text; O(size × depth of large lists in each other) for a long one.
 *
 * @param hashOf - what blobs are known by
 */
export function splitLargeValues(value: Json, hashOf: (text: string) => string = sha256): SplitText {
  const text = JSON.stringify(value)
  if (holdsNothingLarge(text)) return { text, blobs: [] }
  const blobs: Cut = { found: new Map(), hashOf }
  return { text: writeSplit(value, blobs), blobs: [...blobs.found.values()] }
}

/** Blobs that were cut, and what they are known by. */
interface Cut {
  readonly found: Map<string, Blob>
  readonly hashOf: (text: string) => string
}

/** Objects are put together from their parts: most of a large snapshot is objects around one large value, each of which would write it anew. */
function writeSplit(value: Json, blobs: Cut): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return Array.isArray(value) ? writeList(value as readonly Json[], blobs) : writeObject(value as JsonObject, blobs)
}

function writeList(list: readonly Json[], blobs: Cut): string {
  const plain = JSON.stringify(list)
  if (holdsNothingLarge(plain) || list.every(isSurelySmall)) return plain
  const items = list.map((item) => {
    const text = JSON.stringify(item)
    return holdsNothingLarge(text) ? text : writePart(item, blobs)
  })
  return `[${items.join(',')}]`
}

/** Nothing in it is cut, and nothing looks as if it were. */
export function holdsNothingLarge(text: string): boolean {
  return text.length <= largeValueLength && !text.includes(sign)
}

function writeObject(object: JsonObject, blobs: Cut): string {
  const parts: string[] = []
  for (const key of Object.keys(object)) {
    const item = object[key]
    // What is not there is not written, as JSON does it.
    if (item === undefined) continue
    const name = looksLikeReference.test(key) ? `$${key}` : key
    parts.push(`${JSON.stringify(name)}:${writePart(item, blobs)}`)
  }
  return `{${parts.join(',')}}`
}

function writePart(value: Json, blobs: Cut): string {
  const text = writeSplit(value, blobs)
  if (text.length <= largeValueLength) return text
  const hash = blobs.hashOf(text)
  if (!blobs.found.has(hash)) blobs.found.set(hash, { hash, text })
  return `{"${reference}":"${hash}"}`
}

/** Scalars that need no look: escaping makes at most six units of one. */
function isSurelySmall(value: Json): boolean {
  if (typeof value === 'string') return value.length < largeValueLength / 6 - 2
  return typeof value !== 'object' || value === null
}

/** Hashes of the blobs that a stored text refers to directly. Order: as they stand. */
export function blobReferences(text: string): readonly string[] {
  if (!text.includes(sign)) return []
  return Array.from(text.matchAll(references), (match) => match[1] ?? '')
}

/**
 * Reads JSON written by {@link splitLargeValues}.
 *
 * @returns a fresh value, not frozen
 * @throws {SyntaxError} when the text is no JSON
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT when a blob is missing or is not what its hash says
 */
export function joinLargeValues(text: string, blobOf: BlobSource, hashOf: (text: string) => string = sha256): Json {
  const value = JSON.parse(text) as Json
  return text.includes(sign) ? join(value, { blobOf, hashOf }) : value
}

interface Joining {
  readonly blobOf: BlobSource
  readonly hashOf: (text: string) => string
}

function join(value: Json, from: Joining): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => join(item, from))
  const entries = Object.entries(value)
  for (const [key, item] of entries)
    if (key === reference) return readBlob(typeof item === 'string' ? item : JSON.stringify(item), from)
  // Setting keys one by one would take a key `__proto__` for the prototype.
  return Object.fromEntries(
    entries.map(([key, item]) => [looksLikeReference.test(key) ? key.slice(1) : key, join(item, from)]),
  )
}

function readBlob(hash: string, { blobOf, hashOf }: Joining): Json {
  const text = blobOf(hash)
  if (text === undefined) throw storeError('WAYSTONE_STORE_CORRUPT', `blob ${hash} is missing`, { blob: hash })
  if (hashOf(text) !== hash) throw storeError('WAYSTONE_STORE_CORRUPT', `blob ${hash} is damaged`, { blob: hash })
  return joinLargeValues(text, blobOf, hashOf)
}
