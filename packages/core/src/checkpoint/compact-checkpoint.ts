import type { Json, JsonObject } from '../base/json.ts'
import { namesOfPath } from '../base/node-path.ts'
import type { Checkpoint, CheckpointStep } from '../snapshot/checkpoint.ts'
import type { Command } from '../snapshot/command.ts'
import type { Candidate, Decision, GuardReading } from '../snapshot/decision.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { Patch } from '../snapshot/patch.ts'
import { compactPatch, isSamePart, openedIndexes, openedStep, type CompactOperation } from './compact-patch.ts'

/**
 * A checkpoint as format 1 stores it: what follows from the rest is left out. The key order here is the stored order.
 *
 * Shape: `run` stands in the first checkpoint, the others are bound to it by the chain; `prev` is the hash of the checkpoint before, with
 * run and sequence when that is in another run; `graph` stands where it differs from the checkpoint before; `type` is `effect.ended` when
 * absent, `id` of such an event `run/step/attempt`; `in` is the payload; `use` is true when it equals the payload's usage; `status` is
 * `running` when absent; a number in `do` is the effect of a step that `set` opens, and `do` is absent when it is just these, all of them.
 * In `why`, edges are written without the `node.outcome` they begin with. `sealed`: by group with a store of its own, the reference of what it
 * keeps of this checkpoint, and the places that belongs to.
 */
export interface CompactCheckpoint {
  format: 1
  run?: string
  seq?: number
  prev?: string | readonly [runId: string, sequence: number, hash: string]
  graph?: string
  at?: number
  type?: string
  id?: string
  in?: Json
  why?: JsonObject
  set?: readonly CompactOperation[]
  step?: JsonObject
  items?: readonly number[]
  use?: Json
  left?: Json
  status?: string
  do?: readonly Json[]
  sealed?: JsonObject
}

/** A part of a checkpoint is JSON by construction; its interfaces only lack an index signature. */
function asJson(value: object): JsonObject {
  return value as unknown as JsonObject
}

interface Fields {
  [key: string]: Json
}

/** Adds the fields that nothing is known of. Cheaper than a rest pattern, which would copy even when there are none. */
function addRest(fields: Fields, record: object, known: ReadonlySet<string>): Fields {
  for (const key in record) {
    const value: unknown = record[key as never]
    if (!known.has(key) && value !== undefined) fields[key] = value as Json
  }
  return fields
}

/**
 * Leaves out of a checkpoint what {@link expandCheckpoint} can tell from the rest.
 *
 * Fields are assigned one by one, here and below: every commit passes through, and spreads of conditional objects take twice as long.
 */
export function compactCheckpoint(checkpoint: Checkpoint, graphBefore: string | null): CompactCheckpoint {
  const { runId, sequence, parent, graphHash, event, decision, patch, step, usage, left, status, commands } = checkpoint
  const compact: CompactCheckpoint = { format: 1 }
  if (sequence === 0) compact.run = runId
  compact.seq = sequence
  if (parent !== null) compact.prev = compactParent(parent, runId, sequence)
  if (graphHash !== graphBefore || sequence === 0) compact.graph = graphHash
  compact.at = event.at
  if (event.type !== 'effect.ended') compact.type = event.type
  if (event.id !== usualEventId(event, runId)) compact.id = event.id
  compact.in = compactPayload(event)
  if (decision !== null) compact.why = compactDecision(decision, event)
  compact.set = compactPatch(patch, { event, decision })
  if (step !== null) compact.step = compactStep(step, event, decision)
  if (checkpoint.items !== undefined) compact.items = checkpoint.items
  if (usage !== null) compact.use = isEventUsage(usage, event) ? true : asJson(usage)
  if (Object.keys(left).length > 0) compact.left = asJson(left)
  if (status !== 'running') compact.status = status
  const unusual = compactCommands(commands, patch)
  if (unusual !== undefined) compact.do = unusual
  return compact
}

function compactParent(
  parent: NonNullable<Checkpoint['parent']>,
  runId: string,
  sequence: number,
): string | readonly [string, number, string] {
  if (parent.runId === runId && parent.sequence === sequence - 1) return parent.hash
  return [parent.runId, parent.sequence, parent.hash]
}

/** The id that an effect's end has by rule; undefined for other events. */
export function usualEventId(
  event: Pick<EngineEvent, 'type'> & { readonly payload: object },
  runId: string,
): string | undefined {
  if (event.type !== 'effect.ended') return undefined
  const { step, attempt } = event.payload as { step?: unknown; attempt?: unknown }
  return `${runId}/${String(step)}/${String(attempt)}`
}

function isEventUsage(usage: object, event: EngineEvent): boolean {
  return event.type === 'effect.ended' && event.payload.usage !== undefined && isSamePart(usage, event.payload.usage)
}

const endFields: ReadonlySet<string> = new Set(['step', 'attempt', 'outcome', 'startedAt'])

function compactPayload(event: EngineEvent): Json {
  if (event.type !== 'effect.ended') return asJson(event.payload)
  const { step, attempt, outcome, startedAt } = event.payload
  const fields: Fields = { step }
  if (attempt !== 1) fields['attempt'] = attempt
  if (outcome !== 'done') fields['outcome'] = outcome
  addTime(fields, ['took', 'startedAt'], { moment: startedAt, at: event.at })
  return addRest(fields, event.payload, endFields)
}

/** A moment as ms before the event, which is short; in full when the difference would not be exact. */
function addTime(
  fields: Fields,
  [short, full]: readonly [short: string, full: string],
  { moment, at }: { readonly moment: number; readonly at: number },
): void {
  if (moment === at) return
  if (Number.isSafeInteger(moment) && Number.isSafeInteger(at)) fields[short] = at - moment
  else fields[full] = moment
}

/** What a decision record says by itself about the transition taken. */
export function usualTaken(candidates: readonly Candidate[]): string | undefined {
  for (const { edge, verdict } of candidates) {
    if (verdict === 'taken') return edge
    if (verdict === 'otherwise') return `${edge}:otherwise`
  }
  return undefined
}

const decisionFields: ReadonlySet<string> = new Set(['node', 'visit', 'outcome', 'candidates', 'taken', 'to'])

function compactDecision(decision: Decision, event: EngineEvent): JsonObject {
  const { node, visit, outcome, candidates, taken, to } = decision
  const prefix = edgePrefix(node, outcome)
  const fields: Fields = { node }
  if (visit !== 1) fields['visit'] = visit
  if (outcome !== eventOutcome(event)) fields['outcome'] = outcome
  if (candidates.length > 0) fields['try'] = candidates.map((candidate) => compactCandidate(candidate, prefix))
  if (taken !== usualTaken(candidates)) fields['taken'] = taken
  if (to !== null) fields['to'] = to
  return addRest(fields, decision, decisionFields)
}

/** How the ids of an outcome's edges begin: one edge has just this, several have a dot and a number after it. */
export function edgePrefix(node: string, outcome: string): string {
  return `${namesOfPath(node).at(-1) ?? ''}.${outcome}`
}

/** An edge as it is written beside its outcome. */
export function shortEdge(edge: string, prefix: string): string {
  if (edge === prefix) return ''
  const isUsual = edge.startsWith(`${prefix}.`) && edge.length > prefix.length + 1 && edge[prefix.length + 1] !== '='
  return isUsual ? edge.slice(prefix.length + 1) : `=${edge}`
}

/** The edge that a short name stands for. */
export function fullEdge(name: string, prefix: string): string {
  if (name === '') return prefix
  return name.startsWith('=') ? name.slice(1) : `${prefix}.${name}`
}

/** The outcome that the event itself names. */
export function eventOutcome(event: EngineEvent): string | undefined {
  return event.type === 'effect.ended' || event.type === 'request.decided' ? event.payload.outcome : undefined
}

const candidateFields: ReadonlySet<string> = new Set(['edge', 'verdict', 'guards', 'limit'])

/** A candidate as `edge`, or a list of edge (`=` before one written in full), verdict, guards, limit, and whatever else there is. */
function compactCandidate(candidate: Candidate, prefix: string): Json {
  const { edge, verdict, guards, limit } = candidate
  const name = shortEdge(edge, prefix)
  const rest = addRest({}, candidate, candidateFields)
  const parts: Json[] = [
    name,
    verdict === 'taken' ? 0 : verdict,
    guards === undefined ? 0 : guards.map(compactReading),
    limit === undefined ? 0 : compactLimit(limit),
    Object.keys(rest).length === 0 ? 0 : rest,
  ]
  while (parts.at(-1) === 0) parts.pop()
  return parts.length === 1 ? name : parts
}

function compactReading(reading: GuardReading): Json {
  const { guard, result, read } = reading
  return Object.keys(reading).length === 3 ? [guard, result ? 1 : 0, read] : asJson(reading)
}

function compactLimit(limit: NonNullable<Candidate['limit']>): Json {
  return Object.keys(limit).length === 2 ? [limit.used, limit.max] : asJson(limit)
}

const stepFields: ReadonlySet<string> = new Set([
  'index',
  'node',
  'visit',
  'kind',
  'attempt',
  'queuedAt',
  'startedAt',
  'endedAt',
])

function compactStep(step: CheckpointStep, event: EngineEvent, decision: Decision | null): JsonObject {
  const payload = event.type === 'effect.ended' ? event.payload : undefined
  const own = payload?.step ?? (event.type === 'request.decided' ? event.payload.step : undefined)
  const fields: Fields = {}
  if (step.index !== own) fields['index'] = step.index
  if (step.node !== decision?.node) fields['node'] = step.node
  if (step.visit !== (decision?.visit ?? 1)) fields['visit'] = step.visit
  if (step.kind !== 'task') fields['kind'] = step.kind
  if (step.attempt !== (payload?.attempt ?? 1)) fields['attempt'] = step.attempt
  addTime(fields, ['queued', 'queuedAt'], { moment: step.queuedAt, at: event.at })
  if (step.startedAt !== (payload?.startedAt ?? event.at)) fields['startedAt'] = step.startedAt
  if (step.endedAt !== event.at) fields['endedAt'] = step.endedAt
  return addRest(fields, step, stepFields)
}

/** Undefined when the commands are just the effects of the steps that the patch opens. */
function compactCommands(commands: readonly Command[], patch: Patch): readonly Json[] | undefined {
  const short = commands.map((command) => compactCommand(command, patch))
  const opened = openedIndexes(patch)
  const isUsual = short.length === opened.length && opened.every((index, place) => index === short[place])
  return isUsual ? undefined : short
}

function compactCommand(command: Command, patch: Patch): Json {
  if (command.type !== 'effect') return asJson(command)
  const open = openedStep(patch, command.step)
  const isPlain =
    open !== undefined &&
    open.node === command.node &&
    open.kind === command.kind &&
    open.attempt === command.attempt &&
    open.notBefore === command.notBefore &&
    Object.keys(command).length === (command.notBefore === undefined ? 5 : 6)
  return isPlain ? command.step : asJson(command)
}
