import type { Json, JsonObject } from '../base/json.ts'
import { checkpointFormat, type Checkpoint, type CheckpointStep } from '../snapshot/checkpoint.ts'
import type { Command } from '../snapshot/command.ts'
import type { Candidate, Decision } from '../snapshot/decision.ts'
import type { EngineEvent, EventSource } from '../snapshot/event.ts'
import type { Patch } from '../snapshot/patch.ts'
import type { RunStatus, StepKind } from '../snapshot/snapshot.ts'
import type { UsageDelta } from '../snapshot/usage.ts'
import { edgePrefix, eventOutcome, fullEdge, usualEventId, usualTaken } from './compact-checkpoint.ts'
import { expandPatch, openedIndexes, openedStep } from './compact-patch.ts'
import { isObject, ShapeReader } from './shape.ts'

const sourceOfEvent: { readonly [type in EngineEvent['type']]: EventSource } = {
  'run.started': 'caller',
  'run.forked': 'operator',
  'effect.ended': 'effect',
  'request.decided': 'person',
  'request.asked': 'person',
  'request.answered': 'person',
  'event.received': 'caller',
  'timer.due': 'timer',
  'run.hold': 'operator',
  'run.release': 'operator',
  'run.patch': 'operator',
  'run.redirect': 'operator',
  'rule.revoke': 'operator',
  'run.cancel': 'operator',
}

const stepKinds: ReadonlySet<string> = new Set<StepKind>([
  'task',
  'tool',
  'gate',
  'model',
  'summary',
  'input',
  'workflow',
  'output',
  'prepare',
  'wait',
  'receive',
  'call',
  'map',
  'item',
  'collect',
  'compensate',
  'approval',
  'resolve',
])

const statuses: ReadonlySet<string> = new Set<RunStatus>([
  'running',
  'waiting',
  'held',
  'parked',
  'completed',
  'failed',
  'cancelled',
  'exhausted',
])

const commandTypes: ReadonlySet<string> = new Set<Command['type']>([
  'effect',
  'cancelEffect',
  'leaveEffect',
  'setTimer',
  'clearTimer',
  'finish',
  'withdrawRequest',
  'closeWait',
])

const endFields: ReadonlySet<string> = new Set(['step', 'attempt', 'outcome', 'startedAt', 'took'])
const decisionFields: ReadonlySet<string> = new Set(['node', 'visit', 'outcome', 'try', 'taken', 'to'])
const stepFields: ReadonlySet<string> = new Set([
  'index',
  'node',
  'visit',
  'kind',
  'attempt',
  'queued',
  'queuedAt',
  'startedAt',
  'endedAt',
])

/** What a checkpoint's text leaves to what stands before it. */
export interface CheckpointBefore {
  /** The run; null: unknown. The first text of a run names it. */
  readonly runId: string | null
  /** Graph hash of the checkpoint before, or of the run's row; null: unknown. */
  readonly graphHash: string | null
}

/**
 * Reads a checkpoint of format 1 back to the whole, and checks its shape on the way.
 *
 * @param what - the checkpoint, for messages
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT naming the place that does not fit
 */
export function expandCheckpoint(value: Json, before: CheckpointBefore, what: string): Checkpoint {
  const record = new ShapeReader(value, what)
  const runId = record.stringOr('run', before.runId) ?? record.refuse('run', 'the id of the run')
  const sequence = record.number('seq')
  const event = expandEvent(record, runId)
  const decision = record.has('why') ? expandDecision(record.inside('why'), event) : null
  const patch = expandPatch(record.list('set'), { event, decision }) ?? record.refuse('set', 'a list of operations')
  const status = record.stringOr('status', 'running')
  if (!statuses.has(status)) record.refuse('status', 'a run status')
  return {
    format: checkpointFormat,
    runId,
    sequence,
    parent: expandParent(record, runId, sequence),
    graphHash: record.has('graph')
      ? record.string('graph')
      : (before.graphHash ?? record.refuse('graph', 'a graph hash')),
    event,
    decision,
    patch,
    step: record.has('step') ? expandStep(record.inside('step'), event, decision) : null,
    ...(record.has('items') && { items: expandItems(record) }),
    usage: expandUsage(record, event),
    left: record.has('left') ? record.object('left') : {},
    status: status as RunStatus,
    commands: (record.has('do') ? record.list('do') : openedIndexes(patch)).map((entry) =>
      expandCommand(entry, patch, record),
    ),
  }
}

function expandParent(record: ShapeReader, runId: string, sequence: number): Checkpoint['parent'] {
  const prev = record.value('prev')
  if (prev === undefined) return sequence === 0 ? null : record.refuse('prev', 'the hash of the checkpoint before')
  if (typeof prev === 'string') return { runId, sequence: sequence - 1, hash: prev }
  const [origin, at, hash] = record.list('prev')
  if (typeof origin !== 'string' || typeof at !== 'number' || typeof hash !== 'string') {
    return record.refuse('prev', 'a run, a sequence and a hash')
  }
  return { runId: origin, sequence: at, hash }
}

function expandEvent(record: ShapeReader, runId: string): EngineEvent {
  const type = record.stringOr('type', 'effect.ended')
  if (!Object.hasOwn(sourceOfEvent, type)) record.refuse('type', 'the type of an event')
  const known = type as EngineEvent['type']
  const at = record.number('at')
  const payload = known === 'effect.ended' ? expandEnd(record.inside('in'), at) : record.object('in')
  const id = record.stringOr('id', usualEventId({ type: known, payload }, runId)) ?? record.refuse('id', 'an event id')
  // The payload of each type was parsed before it was stored, and its text is covered by the hash.
  return { type: known, id, at, from: sourceOfEvent[known], payload } as unknown as EngineEvent
}

function expandEnd(payload: ShapeReader, at: number): JsonObject {
  return {
    step: payload.number('step'),
    attempt: payload.numberOr('attempt', 1),
    outcome: payload.stringOr('outcome', 'done'),
    startedAt: payload.has('startedAt') ? payload.number('startedAt') : at - payload.numberOr('took', 0),
    ...payload.rest(endFields),
  }
}

function expandDecision(why: ShapeReader, event: EngineEvent): Decision {
  const node = why.string('node')
  const outcome = why.stringOr('outcome', eventOutcome(event)) ?? why.refuse('outcome', 'an outcome')
  const prefix = edgePrefix(node, outcome)
  const candidates = why.has('try')
    ? why.list('try').map((entry) => expandCandidate(entry, prefix) ?? why.refuse('try', 'a list of candidates'))
    : []
  return {
    node,
    visit: why.numberOr('visit', 1),
    outcome,
    candidates,
    taken: why.stringOr('taken', usualTaken(candidates)) ?? why.refuse('taken', 'the transition taken'),
    to: why.stringOr('to', null),
    ...why.rest(decisionFields),
  }
}

function expandCandidate(entry: Json, prefix: string): Candidate | undefined {
  const [name, verdict, guards, limit, rest] = Array.isArray(entry) ? (entry as readonly Json[]) : [entry]
  if (typeof name !== 'string') return undefined
  const candidate = {
    edge: fullEdge(name, prefix),
    verdict: typeof verdict === 'string' ? verdict : 'taken',
    ...(Array.isArray(guards) ? { guards: (guards as readonly Json[]).map(expandReading) } : {}),
    ...(limit === undefined || limit === 0 ? {} : { limit: expandLimit(limit) }),
    ...(isObject(rest) ? rest : {}),
  }
  // Written by compactCandidate, and its text is covered by the hash.
  return candidate as unknown as Candidate
}

function expandLimit(limit: Json): Json {
  if (!Array.isArray(limit)) return limit
  const [used, max] = limit as readonly Json[]
  return { used: used ?? 0, max: max ?? 0 }
}

function expandReading(reading: Json): Json {
  if (!Array.isArray(reading)) return reading
  const [guard, result, read] = reading as readonly Json[]
  return { guard: guard ?? '', result: result === 1, read: read ?? {} }
}

function expandStep(step: ShapeReader, event: EngineEvent, decision: Decision | null): CheckpointStep {
  const payload = event.type === 'effect.ended' ? event.payload : undefined
  const own = payload?.step ?? (event.type === 'request.decided' ? event.payload.step : undefined)
  const kind = step.stringOr('kind', 'task')
  if (!stepKinds.has(kind)) step.refuse('kind', 'the kind of a step')
  return {
    index: step.numberOr('index', own) ?? step.refuse('index', 'the index of a step'),
    node: step.stringOr('node', decision?.node) ?? step.refuse('node', 'the name of a node'),
    visit: step.numberOr('visit', decision?.visit ?? 1),
    kind: kind as StepKind,
    attempt: step.numberOr('attempt', payload?.attempt ?? 1),
    queuedAt: step.has('queuedAt') ? step.number('queuedAt') : event.at - step.numberOr('queued', 0),
    startedAt: step.numberOr('startedAt', payload?.startedAt ?? event.at),
    endedAt: step.numberOr('endedAt', event.at),
    ...step.rest(stepFields),
  }
}

function expandItems(record: ShapeReader): readonly number[] {
  return record
    .list('items')
    .map((item) => (typeof item === 'number' ? item : record.refuse('items', 'places in lists')))
}

function expandUsage(record: ShapeReader, event: EngineEvent): UsageDelta | null {
  if (!record.has('use')) return null
  if (record.value('use') !== true) return record.object('use')
  const usage = event.type === 'effect.ended' ? event.payload.usage : undefined
  return usage ?? record.refuse('use', "usage, for the event's has none")
}

function expandCommand(entry: Json, patch: Patch, record: ShapeReader): Command {
  if (typeof entry === 'number') {
    const open = openedStep(patch, entry) ?? record.refuse('do', 'a command or a step that `set` opens')
    const { node, kind, attempt, notBefore } = open
    const command = {
      type: 'effect',
      step: entry,
      node,
      kind,
      attempt,
      ...(notBefore === undefined ? {} : { notBefore }),
    }
    return command as Command
  }
  const isCommand = typeof entry === 'object' && entry !== null && !Array.isArray(entry)
  const type = isCommand ? (entry as JsonObject)['type'] : undefined
  if (typeof type !== 'string' || !commandTypes.has(type)) record.refuse('do', 'a list of commands')
  return entry as unknown as Command
}
