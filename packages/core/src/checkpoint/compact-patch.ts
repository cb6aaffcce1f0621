import { isJsonEqual, type Json, type JsonObject, type JsonPath } from '../base/json.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { Patch, PatchOperation, PatchValue } from '../snapshot/patch.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'

/**
 * One operation of a patch as it is stored: a code, the path below `context` one element each, and the value or pointer.
 *
 * Codes: `s` `e` `l` set a value, what the event holds, a list of both · `a` `A` `L` append the same three ·
 * `u` unset · with `/` in front the path starts at the snapshot instead of its context.
 * Short forms of what nearly every step does: `p` `P` set or append `state.<key>` from `patch.<key>` of the event · `x` unset the
 * event's own step in `open` · `o` put a step into `open`, its ordinary fields left out.
 */
export type CompactOperation = readonly Json[]

const plainCodes = { set: { v: 's', e: 'e', l: 'l' }, append: { v: 'a', e: 'A', l: 'L' } } as const

type ValueCode = 's' | 'e' | 'l' | 'a' | 'A' | 'L'
const verbOfCode: { readonly [code in ValueCode]: readonly ['set' | 'append', 'v' | 'e' | 'l'] } = {
  s: ['set', 'v'],
  e: ['set', 'e'],
  l: ['set', 'l'],
  a: ['append', 'v'],
  A: ['append', 'e'],
  L: ['append', 'l'],
}

/** Writes a patch in short. */
export function compactPatch(patch: Patch, event: EngineEvent): readonly CompactOperation[] {
  const visits = visitsSet(patch)
  return patch.map((operation) => {
    const short = shortForm(operation, event, visits)
    if (short !== undefined) return short
    const [verb, path] = operation
    const isInContext = path[0] === 'context' && path.length > 1
    const prefix = isInContext ? '' : '/'
    const rest = isInContext ? path.slice(1) : path
    if (verb === 'unset') return [`${prefix}u`, ...rest]
    const value = operation[2]
    if ('v' in value) return [prefix + plainCodes[verb].v, ...rest, value.v]
    if ('e' in value) return [prefix + plainCodes[verb].e, ...rest, [...value.e]]
    return [prefix + plainCodes[verb].l, ...rest, asJson(value.l)]
  })
}

/** A part of a checkpoint is JSON by construction; its interfaces only lack an index signature. */
function asJson(value: object): Json {
  return value as unknown as Json
}

function shortForm(
  operation: PatchOperation,
  event: EngineEvent,
  visits: ReadonlyMap<string, number>,
): CompactOperation | undefined {
  const [verb, path] = operation
  if (path.length !== 3 || path[0] !== 'context') return undefined
  const key = path[2]
  if (typeof key !== 'string') return undefined
  if (verb === 'unset') return path[1] === 'open' && key === stepOf(event) ? ['x'] : undefined
  const value = operation[2]
  if (path[1] === 'state' && 'e' in value && value.e.length === 2 && value.e[0] === 'patch' && value.e[1] === key) {
    return [verb === 'set' ? 'p' : 'P', key]
  }
  if (path[1] === 'open' && verb === 'set' && 'v' in value && isStepKey(key)) {
    return ['o', Number(key), compactOpenStep(value.v as unknown as OpenStep, event, visits)]
  }
  return undefined
}

function isStepKey(key: string): boolean {
  return /^(0|[1-9]\d{0,14})$/.test(key)
}

/** Index of the step whose end the event is. */
function stepOf(event: EngineEvent): string | undefined {
  return event.type === 'effect.ended' || event.type === 'request.decided' ? String(event.payload.step) : undefined
}

/** Visits that the patch itself counts, by node. */
function visitsSet(patch: Patch): Map<string, number> {
  const visits = new Map<string, number>()
  for (const operation of patch) {
    if (operation[0] !== 'set' || operation[1][1] !== 'visits' || !('v' in operation[2])) continue
    const [, , node] = operation[1]
    const visit = operation[2].v
    if (typeof node === 'string' && typeof visit === 'number') visits.set(node, visit)
    if (node === undefined && typeof visit === 'object' && visit !== null) {
      for (const [name, count] of Object.entries(visit as JsonObject)) {
        if (typeof count === 'number') visits.set(name, count)
      }
    }
  }
  return visits
}

function compactOpenStep(step: OpenStep, event: EngineEvent, visits: ReadonlyMap<string, number>): JsonObject {
  const { node, visit, kind, attempt, since, ...rest } = step
  return {
    node,
    ...(visit === visits.get(node) ? {} : { visit }),
    ...(kind === 'task' ? {} : { kind }),
    ...(attempt === 1 ? {} : { attempt }),
    ...(since === event.at ? {} : { since }),
    ...(rest as JsonObject),
  }
}

/**
 * Reads a patch back. Needs the event, whose facts are left out of short forms.
 *
 * @returns undefined when an operation is none
 */
export function expandPatch(operations: readonly Json[], event: EngineEvent): Patch | undefined {
  const patch: PatchOperation[] = []
  const opened: { readonly key: string; readonly step: JsonObject; readonly index: number }[] = []
  for (const entry of operations) {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string') return undefined
    const [code, ...rest] = entry as [string, ...Json[]]
    if (code === 'o') {
      const [key, step] = rest
      if (typeof key !== 'number' || typeof step !== 'object' || step === null || Array.isArray(step)) return undefined
      opened.push({ key: String(key), step: step as JsonObject, index: patch.length })
      patch.push(['unset', []])
      continue
    }
    const operation = expandShort(code, rest, event) ?? expandPlain(code, rest)
    if (operation === undefined) return undefined
    patch.push(operation)
  }
  const visits = opened.length === 0 ? undefined : visitsSet(patch)
  for (const { key, step, index } of opened) {
    patch[index] = ['set', ['context', 'open', key], { v: expandOpenStep(step, event, visits) }]
  }
  return patch
}

function expandShort(code: string, rest: readonly Json[], event: EngineEvent): PatchOperation | undefined {
  if (code === 'x') {
    const step = stepOf(event)
    return step === undefined ? undefined : ['unset', ['context', 'open', step]]
  }
  const key = rest[0]
  if ((code !== 'p' && code !== 'P') || typeof key !== 'string') return undefined
  return [code === 'p' ? 'set' : 'append', ['context', 'state', key], { e: ['patch', key] }]
}

function expandPlain(code: string, rest: readonly Json[]): PatchOperation | undefined {
  const isFromRoot = code.startsWith('/')
  const letter = isFromRoot ? code.slice(1) : code
  const start: JsonPath = isFromRoot ? [] : ['context']
  if (letter === 'u') return isPath(rest) ? ['unset', [...start, ...rest]] : undefined
  if (!Object.hasOwn(verbOfCode, letter)) return undefined
  const [verb, form] = verbOfCode[letter as ValueCode]
  const path = rest.slice(0, -1)
  const value = rest.at(-1)
  if (!isPath(path) || value === undefined) return undefined
  if (form === 'v') return [verb, [...start, ...path], { v: value }]
  if (!Array.isArray(value)) return undefined
  const list = value as readonly Json[]
  if (form === 'e') return isPath(list) ? [verb, [...start, ...path], { e: list }] : undefined
  return list.every(isPatchValue) ? [verb, [...start, ...path], { l: list }] : undefined
}

function isPath(list: readonly Json[]): list is readonly (string | number)[] {
  return list.every((key) => typeof key === 'string' || typeof key === 'number')
}

function isPatchValue(value: unknown): value is PatchValue {
  if (typeof value !== 'object' || value === null) return false
  if ('v' in value) return true
  if ('e' in value) return Array.isArray(value.e) && isPath(value.e)
  return 'l' in value && Array.isArray(value.l) && value.l.every(isPatchValue)
}

function expandOpenStep(
  step: JsonObject,
  event: EngineEvent,
  visits: ReadonlyMap<string, number> | undefined,
): JsonObject {
  const { node, visit, kind, attempt, since, ...rest } = step
  return {
    node: node ?? '',
    visit: visit ?? visits?.get(typeof node === 'string' ? node : '') ?? 1,
    kind: kind ?? 'task',
    attempt: attempt ?? 1,
    since: since ?? event.at,
    ...rest,
  }
}

/** The step that a patch puts into `open` under an index. */
export function openedStep(patch: Patch, index: number): OpenStep | undefined {
  const key = String(index)
  for (const operation of patch) {
    if (operation[0] !== 'set' || operation[1][1] !== 'open' || !('v' in operation[2])) continue
    const [, , place] = operation[1]
    const value = operation[2].v
    if (typeof value !== 'object' || value === null) continue
    if (place === key) return value as unknown as OpenStep
    const inside = place === undefined ? (value as JsonObject)[key] : undefined
    if (inside !== undefined) return inside as unknown as OpenStep
  }
  return undefined
}

/** True when two optional parts of a checkpoint are the same data. */
export function isSamePart(left: object, right: object): boolean {
  return left === right || isJsonEqual(left as Json, right as Json)
}
