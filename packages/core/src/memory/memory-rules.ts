import { takeJson, type Json } from '../base/json.ts'
import { jsonSize } from '../base/json-size.ts'
import { inputError } from '../errors/input-error.ts'
import { storeError } from '../errors/store-error.ts'
import type { MemoryEntry, MemoryFilter, MemoryPut, MemoryScope, MemoryWrite } from './memory-store.ts'

/** Parts of a scope, at most. */
const mostParts = 8
const longestPart = 128
const longestKey = 256
const largestValue = 65_536
const longestText = 16_384
const mostTags = 16
const longestTag = 64

/** How long a write id is remembered at least, ms. */
export const writeIdMs = 30 * 86_400_000

/** What a store keeps of an entry before it has a revision. */
export type CheckedPut = Omit<MemoryEntry, 'revision' | 'createdAt' | 'updatedAt'>

/**
 * Checks an entry that is to be written, and fills in what was left out.
 *
 * @returns frozen; shares nothing with what was given
 * @throws {InputError} WAYSTONE_INPUT_MEMORY, WAYSTONE_INPUT_NOT_JSON
 */
export function checkPut(put: MemoryPut): CheckedPut {
  checkWrite(put)
  const what = `value of memory entry ${JSON.stringify(put.key)}`
  const value = takeJson(put.value, what)
  if (jsonSize(value, largestValue) > largestValue)
    throw malformed(
      `${what} has more than ${largestValue} bytes of JSON; keep large things elsewhere and remember where`,
    )
  const { expiresAt = null, tags = [] } = put
  if (expiresAt !== null && !Number.isFinite(expiresAt))
    throw malformed(`expiresAt is ${String(expiresAt)}; allowed are ms since the epoch, or null`)
  if (tags.length > mostTags) throw malformed(`there are ${tags.length} tags; allowed are ${mostTags} at most`)
  for (const tag of tags) checkName('tag', tag, longestTag)
  return Object.freeze({
    scope: Object.freeze([...put.scope]),
    key: put.key,
    value,
    text: textOf(put, value),
    tags: Object.freeze([...new Set(tags)]),
    expiresAt,
  })
}

/** Checks what every write has. @throws {InputError} WAYSTONE_INPUT_MEMORY */
export function checkWrite({ scope, key, ifRevision, writeId }: MemoryWrite): void {
  checkPlace({ scope, key })
  if (ifRevision !== undefined && !(Number.isSafeInteger(ifRevision) && ifRevision >= 0))
    throw malformed(`ifRevision is ${String(ifRevision)}; allowed is a revision, or 0 for no entry`)
  if (writeId !== undefined) checkName('writeId', writeId, longestKey)
}

/** Checks where one entry lies. @throws {InputError} WAYSTONE_INPUT_MEMORY */
export function checkPlace({ scope, key }: { readonly scope: MemoryScope; readonly key: string }): void {
  checkScope(scope)
  if (scope.length === 0) throw malformed('the scope of an entry has no part; allowed are 1 to 8')
  checkName('key', key, longestKey)
}

/** Checks a scope, which may be empty. @throws {InputError} WAYSTONE_INPUT_MEMORY */
export function checkScope(scope: MemoryScope): void {
  if (!Array.isArray(scope)) throw malformed(`the scope is a ${typeof scope}; allowed is a list of texts`)
  if (scope.length > mostParts) throw malformed(`the scope has ${scope.length} parts; allowed are ${mostParts} at most`)
  for (const part of scope) checkName('a part of the scope', part, longestPart)
}

/** Entries of a page, within 1 to `most`. */
export function memoryLimit(
  limit: number | undefined,
  { most, fallback }: { readonly most: number; readonly fallback: number },
): number {
  return Number.isNaN(limit) ? fallback : Math.min(most, Math.max(1, Math.floor(limit ?? fallback)))
}

/** Entries of a page of a list. */
export const listLimit = { most: 1000, fallback: 100 } as const
/** Entries of a page of a search. */
export const searchLimit = { most: 100, fallback: 10 } as const

/** A scope as one text, so that what is below it begins with it: every part is ended by U+001F. */
export function scopeText(scope: MemoryScope): string {
  return scope.map((part) => `${part}\u001F`).join('')
}

/** The first text by code point that is after everything in and below a scope. */
export function scopeEnd(scope: MemoryScope): string {
  const text = scopeText(scope)
  return text === '' ? '\u{10FFFF}' : `${text.slice(0, -1)}\u0020`
}

/** The scope of a {@link scopeText}. */
export function scopeOf(text: string): MemoryScope {
  return Object.freeze(text.split('\u001F').slice(0, -1))
}

/** Cursor of a list after an entry. */
export function listCursor({ scope, key }: { readonly scope: MemoryScope; readonly key: string }): string {
  return Buffer.from(JSON.stringify([scopeText(scope), key])).toString('base64url')
}

/** Where a list goes on: after this scope text and key. @throws {InputError} WAYSTONE_INPUT_MEMORY */
export function readListCursor({ after }: MemoryFilter): readonly [scope: string, key: string] {
  if (after === undefined) return ['', '']
  const [scope, key] = listOf(after)
  if (typeof scope !== 'string' || typeof key !== 'string') throw badCursor(after)
  return [scope, key]
}

/** How many entries of a search come before a page. @throws {InputError} WAYSTONE_INPUT_MEMORY */
export function readSearchCursor({ after }: MemoryFilter): number {
  if (after === undefined) return 0
  if (!/^\d{1,9}$/.test(after)) throw badCursor(after)
  return Number(after)
}

/** The error of a write whose `ifRevision` does not hold. @param found - the entry's revision; 0: there is none */
export function revisionError({ scope, key, ifRevision }: MemoryWrite, found: number): Error {
  const name = `memory entry ${JSON.stringify(key)} of ${scope.join(' / ')}`
  const is = found === 0 ? 'does not exist' : `is at revision ${found}`
  const wanted = ifRevision === 0 ? 'no entry' : `revision ${String(ifRevision)}`
  return storeError('WAYSTONE_STORE_REVISION', `${name} ${is}; the write is for ${wanted}, and nothing was written`, {
    scope: [...scope],
    key,
    revision: found,
  })
}

function listOf(cursor: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(list) ? (list as readonly unknown[]) : []
  } catch {
    return []
  }
}

function badCursor(after: string): Error {
  return malformed(`the cursor ${JSON.stringify(after.slice(0, 80))} is none; give back \`next\` of the page before`)
}

function textOf({ key, text }: MemoryPut, value: Json): string {
  if (text !== undefined && text.length > longestText)
    throw malformed(
      `the text of entry ${JSON.stringify(key)} has ${text.length} characters; allowed are ${longestText}`,
    )
  // What a database would cut at, or could not hold.
  return (text ?? [key, ...textsIn(value)].join(' ').slice(0, longestText)).replaceAll('\0', ' ').toWellFormed()
}

function textsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return typeof value === 'number' ? [String(value)] : []
  return (Array.isArray(value) ? (value as readonly Json[]) : Object.values(value)).flatMap(textsIn)
}

function checkName(what: string, name: unknown, longest: number): void {
  if (typeof name !== 'string') throw malformed(`${what} is a ${typeof name}; allowed is text`)
  if (name === '' || name.length > longest)
    throw malformed(`${what} has ${name.length} characters; allowed are 1 to ${longest}`)
  if (/\p{Cc}/u.test(name) || !name.isWellFormed())
    throw malformed(`${what} ${JSON.stringify(name)} holds a control character or half a character`)
}

function malformed(message: string): Error {
  return inputError('WAYSTONE_INPUT_MEMORY', message)
}
