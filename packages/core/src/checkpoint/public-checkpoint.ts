import type { Json, JsonPath } from '../base/json.ts'
import type { Graph } from '../graph/graph.ts'
import { nodeAt } from '../graph/nested-graphs.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { Candidate, Decision } from '../snapshot/decision.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { PatchOperation, PatchValue } from '../snapshot/patch.ts'
import type { RunContext, Snapshot } from '../snapshot/snapshot.ts'
import { handoffGroup, privateAt, storeGroupOf, type PrivatePart, type PrivateScope } from './private-parts.ts'
import { nodeOfStep, publicEvent, under, type PublicEvent } from './public-event.ts'
import { clearPart, privateText, restOf, type Withheld } from './withheld.ts'

/** A record as everybody may read it, and what was taken out of it. */
export interface Public<Record> {
  readonly record: Record
  readonly withheld: readonly Withheld[]
}

/** Stands for an operation that cannot be told at all: it fits no snapshot, and readers leave it out. */
const withheldOperation: PatchOperation = ['unset', ['private']]

/** True for what stands in place of an operation. */
export function isWithheld([verb, path]: PatchOperation): boolean {
  return verb === 'unset' && path[0] === 'private'
}

/**
 * A checkpoint without what is private to groups with stores of their own. It is a checkpoint of the same shape: values are texts that say whose they
 * are, optional fields are absent, guards have read nothing.
 *
 * @param snapshot - after the checkpoint
 */
export function publicCheckpoint(graph: Graph, checkpoint: Checkpoint, snapshot: Snapshot): Public<Checkpoint> {
  const { event, decision } = checkpoint
  const scope: PrivateScope = { graph, context: snapshot.context, root: graph }
  const shown = publicEvent(event, {
    graph,
    node: nodeOfEvent(checkpoint, snapshot.context),
    handsOut: decision !== null && decision.handoff !== undefined && !staysInside(graph, decision),
  })
  const withheld: Withheld[] = [...under(['event'], shown.withheld)]
  const decided = decision === null ? null : publicDecision(graph, decision, { path: ['decision'], withheld })
  const patch = checkpoint.patch.map((operation, index) =>
    publicOperation(scope, operation, { shown, path: ['patch', index], withheld }),
  )
  if (withheld.length === 0) return { record: checkpoint, withheld }
  return { record: { ...checkpoint, event: shown.event, decision: decided, patch }, withheld }
}

/** A snapshot without what is private to groups with stores of their own. */
export function publicSnapshot(graph: Graph, { value, context }: Snapshot): Public<Json> {
  // A snapshot is JSON by construction; its interfaces only lack an index signature.
  const cleared = clearPart({ graph, context, root: graph }, [], context as unknown as Json)
  return { record: { value: value as Json, context: cleared.value }, withheld: under(['context'], cleared.withheld) }
}

function nodeOfEvent({ event, step }: Checkpoint, context: RunContext): string | undefined {
  if (!('step' in event.payload)) return undefined
  const { step: index } = event.payload
  return step?.index === index ? step.node : nodeOfStep(context, index)
}

/** Where what is taken out of a record goes. */
interface Taking {
  readonly path: JsonPath
  readonly withheld: Withheld[]
}

function publicDecision(graph: Graph, decision: Decision, { path, withheld }: Taking): Decision {
  const next =
    decision.next === undefined
      ? undefined
      : publicDecision(graph, decision.next, { path: [...path, 'next'], withheld })
  const told = next === undefined ? decision : { ...decision, next }
  const group = storeGroupOf(graph, decision.node)
  if (group === undefined) return told
  const { candidates, handoff } = decision
  const hasRead = candidates.some(({ guards = [] }) => guards.some(({ read }) => Object.keys(read).length > 0))
  // Parts of a decision are JSON by construction; their interfaces only lack an index signature.
  if (hasRead) withheld.push({ group, path: [...path, 'candidates'], value: candidates as unknown as Json })
  const isInside = handoff !== undefined && staysInside(graph, decision)
  if (isInside) withheld.push({ group, path: [...path, 'handoff'], value: handoff as unknown as Json })
  return {
    ...told,
    ...(hasRead && { candidates: candidates.map(withoutReadings) }),
    ...(isInside && { handoff: { ...handoff, reason: privateText(group) } }),
  }
}

function withoutReadings(candidate: Candidate): Candidate {
  const { guards } = candidate
  return guards === undefined ? candidate : { ...candidate, guards: guards.map((one) => ({ ...one, read: {} })) }
}

/** Whether a handoff goes from a node of a group to another of it. */
function staysInside(graph: Graph, { node, to }: Decision): boolean {
  const group = storeGroupOf(graph, node)
  if (group === undefined || to === null) return group !== undefined
  const place = nodeAt(graph, node)
  const isDirect = place !== undefined && place.node.group === group
  return !isDirect || handoffGroup(place.graph, place.node.id, to) === group
}

/** An operation as everybody may read it, with what it points into. */
interface TakingOperation extends Taking {
  readonly shown: PublicEvent
}

function publicOperation(scope: PrivateScope, operation: PatchOperation, taking: TakingOperation): PatchOperation {
  const [verb, path] = operation
  if (path[0] !== 'context') return operation
  const inside = path.slice(1)
  const part = privateOn(scope, inside)
  if (part !== undefined) return withheldPart(operation, part, taking)
  if (verb === 'unset') return operation
  const [, , value] = operation
  const { shown, withheld } = taking
  if (!isTold(value, shown.event)) {
    const group = shown.withheld[0]?.group ?? ''
    withheld.push({ group, path: taking.path, value: operation })
    return withheldOperation
  }
  const place =
    verb === 'append' ? { path: inside, start: lengthBefore(scope.context, inside, value) } : { path: inside }
  const told = publicValue(scope, { ...place, value }, { path: [...taking.path, 2], withheld })
  return told === value ? operation : verb === 'set' ? ['set', path, told] : ['append', path, told]
}

/** The outermost private part on the way to a place. */
function privateOn(scope: PrivateScope, path: JsonPath): PrivatePart | undefined {
  for (let length = 2; length <= path.length; length++) {
    const found = privateAt(scope, path.slice(0, length))
    if (found !== undefined && (found.leaves !== 'fields' || length === path.length)) return found
  }
  return undefined
}

function withheldPart(
  operation: PatchOperation,
  { group, depth, leaves }: PrivatePart,
  { path: place, withheld }: Taking,
): PatchOperation {
  const [verb, path] = operation
  const isHere = path.length === depth + 1
  if (verb === 'unset' && isHere && leaves === 'text') return operation
  withheld.push({ group, path: place, value: operation })
  if (leaves === 'text') return ['set', path.slice(0, depth + 1), { v: privateText(group) }]
  const value = verb === 'set' ? operation[2] : undefined
  const hasRest = (leaves === 'rest' || leaves === 'fields') && isHere
  if (!hasRest || value === undefined || !('v' in value)) return withheldOperation
  return ['set', path, { v: restOf(path.slice(1), value.v, group) }]
}

/** Whether everything that a value points to can still be read in the event. */
function isTold(value: PatchValue, event: EngineEvent): boolean {
  if ('v' in value) return true
  if ('l' in value) return value.l.every((one) => isTold(one, event))
  let found: unknown = event.payload
  for (const key of value.e) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return false
    found = Reflect.get(found, key)
  }
  return found !== undefined
}

/** How long a list was before an operation appended to it. */
function lengthBefore(context: RunContext, path: JsonPath, value: PatchValue): number {
  let list: unknown = context
  for (const key of path) list = typeof list === 'object' && list !== null ? Reflect.get(list, key) : undefined
  const added = 'l' in value ? value.l.length : 'v' in value && Array.isArray(value.v) ? value.v.length : 0
  return Array.isArray(list) ? list.length - added : 0
}

interface ValueAt {
  readonly path: JsonPath
  /** For a list that is appended: the place of its first item. */
  readonly start?: number
  readonly value: PatchValue
}

/** A value of an operation that is set above what may be private in it. */
function publicValue(scope: PrivateScope, { path, start, value }: ValueAt, taking: Taking): PatchValue {
  if ('e' in value) return value
  if ('l' in value) {
    const list = value.l.map((one, index) =>
      publicValue(
        scope,
        { path: [...path, (start ?? 0) + index], value: one },
        { ...taking, path: [...taking.path, 'l', index] },
      ),
    )
    return list.every((one, index) => one === value.l[index]) ? value : { l: list }
  }
  const { withheld } = taking
  const at = [...taking.path, 'v']
  if (start === undefined || !Array.isArray(value.v)) {
    const cleared = clearPart(scope, path, value.v)
    withheld.push(...under(at, cleared.withheld))
    return cleared.withheld.length === 0 ? value : { v: cleared.value }
  }
  const items = (value.v as readonly Json[]).map((item, index) => clearPart(scope, [...path, start + index], item))
  for (const [index, item] of items.entries()) withheld.push(...under([...at, index], item.withheld))
  return items.every((item) => item.withheld.length === 0) ? value : { v: items.map((item) => item.value) }
}
