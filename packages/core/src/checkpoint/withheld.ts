import type { Json, JsonObject, JsonPath } from '../base/json.ts'
import { canHoldPrivate, privateAt, publicFieldsOf, type PrivateScope } from './private-parts.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'
import type { HandoffEntry, OpenStep } from '../snapshot/snapshot.ts'

/** A value that is stored with its group instead of where it stands. */
export interface Withheld {
  readonly group: string
  /** Where it belongs. */
  readonly path: JsonPath
  readonly value: Json
  /** An object whose entries belong among those that are there; absent: it takes the place of what is there. */
  readonly isPart?: true
}

/** What is said in place of a private value. */
export function privateText(group: string): string {
  return `private to group ${group}`
}

/** A value without what is private in it, and that. */
export interface Cleared {
  readonly value: Json
  /** Order: as found. */
  readonly withheld: readonly Withheld[]
}

/** Takes what is private to groups with stores of their own out of a part of a snapshot. @param path - of the value, below `context` */
export function clearPart(scope: PrivateScope, path: JsonPath, value: Json): Cleared {
  const withheld: Withheld[] = []
  return { value: clear(scope, { path, start: path.length, withheld }, value) ?? null, withheld }
}

interface Clearing {
  readonly path: JsonPath
  /** Length of the path at which the value began: places are named from there. */
  readonly start: number
  readonly withheld: Withheld[]
}

/** Undefined: the entry is not even named. */
function clear(scope: PrivateScope, at: Clearing, value: Json): Json | undefined {
  const { path, start, withheld } = at
  const found = privateAt(scope, path)
  if (found?.depth === path.length) {
    const { group, leaves } = found
    const place = path.slice(start)
    if (leaves === 'key') {
      withheld.push({ group, path: place.slice(0, -1), value: { [String(path.at(-1))]: value }, isPart: true })
      return undefined
    }
    withheld.push({ group, path: place, value })
    if (leaves === 'text') return privateText(group)
    return leaves === 'nothing' ? null : restOf(path, value, group)
  }
  if (typeof value !== 'object' || value === null || !canHoldPrivate(path)) return value
  if (Array.isArray(value))
    return (value as readonly Json[]).map(
      (item, index) => clear(scope, { ...at, path: [...path, index] }, item) ?? null,
    )
  const entries = Object.entries(value as JsonObject).flatMap(([key, item]) => {
    const left = clear(scope, { ...at, path: [...path, key] }, item)
    return left === undefined ? [] : [[key, left] as const]
  })
  return Object.fromEntries(entries)
}

/** What is no secret of a part that has such fields. @param path - of the part, below `context` */
export function restOf(path: JsonPath, value: Json, group: string): Json {
  const text = privateText(group)
  const part = path.findLast((key) => typeof key === 'string' && Object.hasOwn(rests, key))
  const rest = rests[String(part)]
  return rest === undefined ? null : rest(value, text)
}

/** The parts of a snapshot are JSON by construction; their interfaces only lack an index signature. */
function asJson(value: object): Json {
  return value as unknown as Json
}

const rests: { readonly [part: string]: (value: Json, text: string) => Json } = {
  open: (step) => asJson(publicFieldsOf(step as unknown as OpenStep)),
  closing: (step) => asJson(publicFieldsOf(step as unknown as OpenStep)),
  received: (message, text) => ({ ...(message as JsonObject), key: null, payload: text }),
  made: (made, text) => ({ ...(made as JsonObject), reason: text, digest: text }),
  going: (going, text) => {
    const { entry, ...rest } = going as unknown as { readonly to: string; readonly entry: HandoffEntry }
    const { type, from, handoff } = entry
    return { ...rest, entry: { type, from, handoff, reason: text, contract: {} } }
  },
  rules: (rule, text) => ({ ...(rule as JsonObject), arguments: text, digest: text, reason: text }),
  degraded: (mark, text) => ({ ...(mark as JsonObject), why: text }),
  failed: (undo, text) => {
    const { error, ...rest } = undo as unknown as { readonly error?: ErrorRecord }
    return asJson(error === undefined ? rest : { ...rest, error: errorWithout(error, text) })
  },
}

/** An error with its code and its name only. */
export function errorWithout(error: ErrorRecord, text: string): ErrorRecord {
  const { message: _, details: __, ...rest } = error
  return { ...rest, message: text }
}
