import type { Json, JsonObject } from '../base/json.ts'
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
 * In `why`, edges are written without the `node.outcome` they begin with.
 */
export interface CompactCheckpoint {
  format: 1
  run?: string
  seq: number
  prev?: string | readonly [runId: string, sequence: number, hash: string]
  graph?: string
  at: number
  type?: string
  id?: string
  in: Json
  why?: JsonObject
  set: readonly CompactOperation[]
  step?: JsonObject
  use?: Json
  left?: Json
  status?: string
  do?: readonly Json[]
}

/** A part of a checkpoint is JSON by construction; its interfaces only lack an index signature. */
function asJson(value: object): JsonObject {
  return value as unknown as JsonObject
}

/** Leaves out of a checkpoint what {@link expandCheckpoint} can tell from the rest. */
export function compactCheckpoint(checkpoint: Checkpoint, graphBefore: string | null): CompactCheckpoint {
  const { runId, sequence, parent, graphHash, event, decision, patch, step, usage, left, status, commands } = checkpoint
  const compact: CompactCheckpoint = {
    format: 1,
    ...(sequence === 0 ? { run: runId } : {}),
    seq: sequence,
    ...(parent === null ? {} : { prev: compactParent(parent, runId, sequence) }),
    ...(graphHash === graphBefore && sequence > 0 ? {} : { graph: graphHash }),
    at: event.at,
    ...(event.type === 'effect.ended' ? {} : { type: event.type }),
    ...(event.id === usualEventId(event, runId) ? {} : { id: event.id }),
    in: compactPayload(event),
    ...(decision === null ? {} : { why: compactDecision(decision, event) }),
    set: compactPatch(patch, { event, decision }),
    ...(step === null ? {} : { step: compactStep(step, event, decision) }),
    ...(usage === null ? {} : { use: isEventUsage(usage, event) ? true : asJson(usage) }),
    ...(Object.keys(left).length === 0 ? {} : { left: asJson(left) }),
    ...(status === 'running' ? {} : { status }),
    ...compactCommands(commands, patch),
  }
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

function compactPayload(event: EngineEvent): Json {
  if (event.type !== 'effect.ended') return asJson(event.payload)
  const { step, attempt, outcome, startedAt, ...rest } = event.payload
  return {
    step,
    ...(attempt === 1 ? {} : { attempt }),
    ...(outcome === 'done' ? {} : { outcome }),
    ...compactTime('took', 'startedAt', { moment: startedAt, at: event.at }),
    ...asJson(rest),
  }
}

/** A moment as ms before the event, which is short; in full when the difference would not be exact. */
function compactTime(short: string, full: string, time: { readonly moment: number; readonly at: number }): JsonObject {
  const { moment, at } = time
  if (moment === at) return {}
  return Number.isSafeInteger(moment) && Number.isSafeInteger(at) ? { [short]: at - moment } : { [full]: moment }
}

/** What a decision record says by itself about the transition taken. */
export function usualTaken(candidates: readonly Candidate[]): string | undefined {
  for (const { edge, verdict } of candidates) {
    if (verdict === 'taken') return edge
    if (verdict === 'otherwise') return `${edge}:otherwise`
  }
  return undefined
}

function compactDecision(decision: Decision, event: EngineEvent): JsonObject {
  const { node, visit, outcome, candidates, taken, to, ...rest } = decision
  const prefix = edgePrefix(node, outcome)
  return {
    node,
    ...(visit === 1 ? {} : { visit }),
    ...(outcome === eventOutcome(event) ? {} : { outcome }),
    ...(candidates.length === 0 ? {} : { try: candidates.map((candidate) => compactCandidate(candidate, prefix)) }),
    ...(taken === usualTaken(candidates) ? {} : { taken }),
    ...(to === null ? {} : { to }),
    ...asJson(rest),
  }
}

/** How the ids of an outcome's edges begin: one edge has just this, several have a dot and a number after it. */
export function edgePrefix(node: string, outcome: string): string {
  return `${node}.${outcome}`
}

function shortEdge(edge: string, prefix: string): string {
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

/** A candidate as `edge`, or a list of edge (`=` before one written in full), verdict, guards, limit, and whatever else there is. */
function compactCandidate(candidate: Candidate, prefix: string): Json {
  const { edge, verdict, guards, limit, ...rest } = candidate
  const name = shortEdge(edge, prefix)
  const parts: Json[] = [
    verdict === 'taken' ? 0 : verdict,
    guards === undefined ? 0 : guards.map(compactReading),
    limit === undefined ? 0 : compactLimit(limit),
    Object.keys(rest).length === 0 ? 0 : asJson(rest),
  ]
  while (parts.at(-1) === 0) parts.pop()
  return parts.length === 0 ? name : [name, ...parts]
}

function compactReading(reading: GuardReading): Json {
  const { guard, result, read, ...rest } = reading
  return Object.keys(rest).length === 0 ? [guard, result ? 1 : 0, read] : asJson(reading)
}

function compactLimit(limit: NonNullable<Candidate['limit']>): Json {
  const { used, max, ...rest } = limit
  return Object.keys(rest).length === 0 ? [used, max] : asJson(limit)
}

function compactStep(step: CheckpointStep, event: EngineEvent, decision: Decision | null): JsonObject {
  const { index, node, visit, kind, attempt, queuedAt, startedAt, endedAt, ...rest } = step
  const payload = event.type === 'effect.ended' ? event.payload : undefined
  const own = payload?.step ?? (event.type === 'request.decided' ? event.payload.step : undefined)
  return {
    ...(index === own ? {} : { index }),
    ...(node === decision?.node ? {} : { node }),
    ...(visit === (decision?.visit ?? 1) ? {} : { visit }),
    ...(kind === 'task' ? {} : { kind }),
    ...(attempt === (payload?.attempt ?? 1) ? {} : { attempt }),
    ...compactTime('queued', 'queuedAt', { moment: queuedAt, at: event.at }),
    ...(startedAt === (payload?.startedAt ?? event.at) ? {} : { startedAt }),
    ...(endedAt === event.at ? {} : { endedAt }),
    ...asJson(rest),
  }
}

function compactCommands(commands: readonly Command[], patch: Patch): { readonly do?: readonly Json[] } {
  const short = commands.map((command) => compactCommand(command, patch))
  const opened = openedIndexes(patch)
  const isUsual = short.length === opened.length && opened.every((index, place) => index === short[place])
  return isUsual ? {} : { do: short }
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
    Object.keys(command).every((key) => plainCommandKeys.has(key))
  return isPlain ? command.step : asJson(command)
}

const plainCommandKeys: ReadonlySet<string> = new Set(['type', 'step', 'node', 'kind', 'attempt', 'notBefore'])
