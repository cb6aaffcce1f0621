import { isJsonEqual, type Json, type JsonObject, type JsonPath } from '../base/json.ts'
import { isObject } from './shape.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { Patch, PatchOperation, PatchValue } from '../snapshot/patch.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'

/**
 * One operation of a patch as it is stored: a code, the path below `context` one element each, and the value or pointer.
 *
 * Codes: `s` `e` `l` set a value, what the event holds, a list of both · `a` `A` `L` append the same three ·
 * `u` unset · with `/` in front the path starts at the snapshot instead of its context.
 * Short forms of what nearly every step does: `p` `P` set or append `state.<key>` pointing to `patch.<key>` of the event · `q` set
 * it to a copy of that · `x` unset the event's own step in `open` · `o` put a step into `open`, its usual fields left out ·
 * `n` set `steps` to one more than the last step opened · `v` set the visits of a node · `t` set `taken` of the edge taken to one
 * more than the decision says.
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

/** What short forms rest on: the other parts of the same checkpoint. */
export interface PatchFacts {
  readonly event: EngineEvent
  readonly decision: Decision | null
}

/** Writes a patch in short. */
export function compactPatch(patch: Patch, facts: PatchFacts): readonly CompactOperation[] {
  const context: ShortContext = { ...facts, visits: visitsSet(patch), opened: lastOpened(patch) }
  return patch.map((operation) => shortForm(operation, context) ?? plainForm(operation))
}

function plainForm(operation: PatchOperation): CompactOperation {
  const [verb, path] = operation
  const isInContext = path[0] === 'context' && path.length > 1
  const value = verb === 'unset' ? undefined : operation[2]
  const form = value === undefined ? 'u' : 'v' in value ? 'v' : 'e' in value ? 'e' : 'l'
  const code = verb === 'unset' || form === 'u' ? 'u' : plainCodes[verb][form]
  const short: Json[] = [isInContext ? code : `/${code}`]
  for (let index = isInContext ? 1 : 0; index < path.length; index++) short.push(path[index] ?? '')
  if (value !== undefined) short.push('v' in value ? value.v : 'e' in value ? [...value.e] : asJson(value.l))
  return short
}

interface ShortContext extends PatchFacts {
  readonly visits: ReadonlyMap<string, number>
  /** Index of the last step that the patch opens. */
  readonly opened: number | undefined
}

/** A part of a checkpoint is JSON by construction; its interfaces only lack an index signature. */
function asJson(value: object): Json {
  return value as unknown as Json
}

function shortForm(operation: PatchOperation, context: ShortContext): CompactOperation | undefined {
  const [verb, path] = operation
  if (path[0] !== 'context') return undefined
  const [, part, key] = path
  if (verb === 'unset') return part === 'open' && path.length === 3 && key === stepOf(context.event) ? ['x'] : undefined
  const value = operation[2]
  if (path.length === 2) return part === 'steps' && verb === 'set' && isNextStep(value, context) ? ['n'] : undefined
  if (path.length !== 3 || typeof key !== 'string') return undefined
  if (part === 'state') return shortState(verb, key, { value, event: context.event })
  if (verb !== 'set' || !('v' in value)) return undefined
  if (part === 'visits') return ['v', key, value.v]
  if (part === 'taken') return value.v === takenAfter(context.decision, key) ? ['t'] : undefined
  return part === 'open' && isStepKey(key) ? shortOpen(key, value.v as unknown as OpenStep, context) : undefined
}

function isNextStep(value: PatchValue, { opened }: ShortContext): boolean {
  return opened !== undefined && 'v' in value && value.v === opened + 1
}

function shortState(
  verb: 'set' | 'append',
  key: string,
  { value, event }: { readonly value: PatchValue; readonly event: EngineEvent },
): CompactOperation | undefined {
  if ('e' in value) {
    return value.e.length === 2 && value.e[0] === 'patch' && value.e[1] === key
      ? [verb === 'set' ? 'p' : 'P', key]
      : undefined
  }
  return verb === 'set' && 'v' in value && value.v === writtenTo(event, key) ? ['q', key] : undefined
}

/** What the event's patch writes to a state key. */
function writtenTo(event: EngineEvent, key: string): Json | undefined {
  const patch = event.type === 'effect.ended' || event.type === 'request.decided' ? event.payload.patch : undefined
  return patch !== undefined && Object.hasOwn(patch, key) ? patch[key] : undefined
}

/** How often an edge was taken after a decision that counts it. */
function takenAfter(decision: Decision | null, edge?: string): number | undefined {
  const chosen = decision?.candidates.find(({ verdict }) => verdict === 'taken')
  return chosen?.limit !== undefined && (edge === undefined || chosen.edge === edge) ? chosen.limit.used + 1 : undefined
}

function lastOpened(patch: Patch): number | undefined {
  for (let index = patch.length - 1; index >= 0; index--) {
    const [verb, path] = patch[index] ?? []
    const key = path?.[2]
    if (verb === 'set' && path?.[1] === 'open' && path.length === 3 && typeof key === 'string') return Number(key)
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

const noVisits: ReadonlyMap<string, number> = new Map()

/** Visits that the patch itself counts, by node. */
function visitsSet(patch: Patch): ReadonlyMap<string, number> {
  if (!patch.some((operation) => operation[1][1] === 'visits')) return noVisits
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

const openFields: ReadonlySet<string> = new Set(['node', 'visit', 'kind', 'attempt', 'since'])

function shortOpen(key: string, step: OpenStep, { event, visits }: ShortContext): CompactOperation {
  const { node, visit, kind, attempt, since } = step
  const unusual: { [name: string]: Json } = {}
  if (visit !== visits.get(node)) unusual['visit'] = visit
  if (kind !== 'task') unusual['kind'] = kind
  if (attempt !== 1) unusual['attempt'] = attempt
  if (since !== event.at) unusual['since'] = since
  for (const [name, value] of Object.entries(step)) if (!openFields.has(name)) unusual[name] = value as Json
  return Object.keys(unusual).length === 0 ? ['o', Number(key), node] : ['o', Number(key), node, unusual]
}

/**
 * Reads a patch back.
 *
 * @param facts - of the same checkpoint, which short forms rest on
 * @returns undefined when an operation is none
 */
export function expandPatch(operations: readonly Json[], facts: PatchFacts): Patch | undefined {
  const patch: PatchOperation[] = []
  const late: (() => void)[] = []
  for (const entry of operations) {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string') return undefined
    const [code, ...rest] = entry as [string, ...Json[]]
    const index = patch.length
    const operation = expandShort(code, rest, facts) ?? expandPlain(code, rest)
    if (operation === undefined) return undefined
    patch.push(operation)
    if (code === 'o')
      late.push(() => (patch[index] = fillOpen(operation, rest, { event: facts.event, visits: visitsSet(patch) })))
    if (code === 'n')
      late.push(() => (patch[index] = ['set', ['context', 'steps'], { v: (lastOpened(patch) ?? 0) + 1 }]))
  }
  for (const fill of late) fill()
  return patch
}

function expandShort(code: string, rest: readonly Json[], { event, decision }: PatchFacts): PatchOperation | undefined {
  const [key, second] = rest
  switch (code) {
    case 'x': {
      const step = stepOf(event)
      return step === undefined ? undefined : ['unset', ['context', 'open', step]]
    }
    case 'n':
      return ['set', ['context', 'steps'], { v: 0 }]
    case 'o':
      return typeof key === 'number' ? ['set', ['context', 'open', String(key)], { v: {} }] : undefined
    case 't': {
      const edge = decision?.candidates.find(({ verdict }) => verdict === 'taken')?.edge
      const count = takenAfter(decision)
      return edge === undefined || count === undefined ? undefined : ['set', ['context', 'taken', edge], { v: count }]
    }
    case 'v':
      return typeof key === 'string' && second !== undefined
        ? ['set', ['context', 'visits', key], { v: second }]
        : undefined
    case 'p':
    case 'P':
    case 'q':
      return typeof key === 'string' ? expandState(code, key, event) : undefined
    default:
      return undefined
  }
}

function expandState(code: 'p' | 'P' | 'q', key: string, event: EngineEvent): PatchOperation | undefined {
  if (code !== 'q') return [code === 'p' ? 'set' : 'append', ['context', 'state', key], { e: ['patch', key] }]
  const value = writtenTo(event, key)
  return value === undefined ? undefined : ['set', ['context', 'state', key], { v: value }]
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

function fillOpen(
  operation: PatchOperation,
  rest: readonly Json[],
  { event, visits }: { readonly event: EngineEvent; readonly visits: ReadonlyMap<string, number> },
): PatchOperation {
  const [, node, unusual] = rest
  const name = typeof node === 'string' ? node : ''
  const usual = { node: name, visit: visits.get(name) ?? 1, kind: 'task', attempt: 1, since: event.at }
  const given = isObject(unusual) ? unusual : {}
  return ['set', operation[1], { v: { ...usual, ...given } }]
}

/** Indexes of the steps that a patch opens one by one. Order: as they stand. */
export function openedIndexes(patch: Patch): readonly number[] {
  const opened: number[] = []
  for (const [verb, path] of patch) {
    const key = path[2]
    if (verb !== 'set' || path.length !== 3 || path[0] !== 'context' || path[1] !== 'open') continue
    if (typeof key === 'string' && isStepKey(key)) opened.push(Number(key))
  }
  return opened
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
