import { formatPath, isJsonEqual, type Json, type JsonPath } from '../base/json.ts'
import { stateFor } from '../compile/seen-state.ts'
import { inputError } from '../errors/input-error.ts'
import { nodeAt } from '../graph/nested-graphs.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { CachedCall } from '../snapshot/decision.ts'
import { openIn } from '../snapshot/tree.ts'
import { takenEvent } from './audit-events.ts'
import type { History } from './history.ts'
import { valueAt } from './value-at.ts'
import { voidedVotes, type VoidedVote } from './voided-votes.ts'

/** A person's yes to a value. */
export interface BlameApproval {
  readonly node: string
  readonly outcome: string
  readonly by: string
  /** Whom they decided for, as their delegate. */
  readonly for?: string
  readonly through: string
  readonly reason: string
  readonly at: number
  readonly sequence: number
  /** It counted no more when the request was decided, or does not now, and why. */
  readonly voided?: VoidedVote
}

/** A tool call whose result an agent had before it wrote. */
export interface BlameCall {
  readonly tool: string
  readonly step: number
  readonly sequence: number
  readonly sources: readonly string[]
  /** It was not run for this agent's call: an identical one of the run was. */
  readonly isCached?: true
  /** Who said before it ran that it may; absent: nobody was asked. */
  readonly approval?: BlameApproval
}

/** What came from outside and was written by the wait that took it. */
export interface BlameEvent {
  readonly event: string
  /** What it is about; null: nothing in particular. */
  readonly key: string | null
  /** Who sent it, through what; absent: they did not say. */
  readonly by?: string
  readonly through?: string
  readonly at: number
  /** Checkpoint that received it. */
  readonly sequence: number
}

/** Who wrote a value last, from what, and who approved it since. */
export interface Blame {
  readonly path: JsonPath
  readonly value: Json
  /** Checkpoint that wrote it. */
  readonly sequence: number
  readonly at: number
  /** Who: the node and its step, or `input`, or the operator of a fork or a patch. */
  readonly writer:
    | {
        readonly type: 'node'
        readonly node: string
        readonly visit: number
        readonly step: number
        readonly kind: string
      }
    | { readonly type: 'input' | 'fork' | 'patch'; readonly by: string }
  /** The model that answered, for an agent. */
  readonly model: string | null
  /** References that the effect and the tool calls of its visit named. Order: as named. */
  readonly sources: readonly string[]
  readonly calls: readonly BlameCall[]
  /** State keys the writer read, with the sequence that had written each: follow them for the whole lineage. */
  readonly reads: readonly { readonly key: string; readonly sequence: number }[]
  readonly approvals: readonly BlameApproval[]
  /** Of a wait: the event it wrote from. Absent: it was no wait, or the event came before the run was forked. */
  readonly event?: BlameEvent
}

/**
 * Follows a path of the state back to its last writer.
 *
 * Cost: O(checkpoints) the first time.
 *
 * @param sequence - as seen at; default the last
 *
 * @throws {InputError} WAYSTONE_INPUT_PATH when nothing is there at that sequence
 */
export function blamePath(history: History, path: JsonPath, sequence: number = history.last): Blame {
  const value = valueAt(history.at(sequence).snapshot.context.state, path)
  if (value === undefined) {
    const keys = Object.keys(history.at(sequence).snapshot.context.state).join(', ')
    throw inputError(
      'WAYSTONE_INPUT_PATH',
      `there is nothing at ${formatPath(path)} in the state at sequence ${sequence}; its keys are ${keys}`,
      { path, sequence },
    )
  }
  const written = lastWrite(history, path, sequence)
  const { checkpoint } = history.at(written)
  const calls = callsBefore(history, checkpoint)
  const received = eventBehind(history, checkpoint)
  const own = checkpoint.event.type === 'effect.ended' ? (checkpoint.event.payload.sources ?? []) : []
  return {
    path,
    value,
    sequence: written,
    at: checkpoint.event.at,
    writer: writerOf(checkpoint),
    model: checkpoint.event.type === 'effect.ended' ? (checkpoint.event.payload.model ?? null) : null,
    sources: [...new Set([...own, ...calls.flatMap((call) => call.sources)])],
    calls,
    reads: readsOf(history, checkpoint),
    approvals: approvalsSince(history, { key: String(path[0]), from: written, to: sequence }),
    ...(received !== undefined && { event: received }),
  }
}

function eventBehind(history: History, checkpoint: Checkpoint): BlameEvent | undefined {
  const id = takenEvent(checkpoint, history)
  const found = id === undefined ? undefined : history.checkpoints.find(({ event }) => event.id === id)
  if (found?.event.type !== 'event.received') return undefined
  const { message, ...whose } = found.event.payload
  return { event: message.event, key: message.key, ...whose, at: found.event.at, sequence: found.sequence }
}

/**
 * The newest sequence at which the value at a path became another one. Snapshots share what did not change. An item that a join put into
 * another place is followed to where it was.
 */
function lastWrite(history: History, path: JsonPath, sequence: number): number {
  let here = path
  let now = valueAt(history.at(sequence).snapshot.context.state, here)
  for (let at = sequence; at > 0; at--) {
    const before = history.at(at - 1).snapshot.context.state
    const moved = placeBefore(history.at(at).checkpoint, here)
    const old = valueAt(before, moved.path)
    if (old === undefined || (old !== now && !(moved.isList && isSame(old, now)))) return at
    here = moved.path
    now = old
  }
  return 0
}

/** Where an item was before the join of this checkpoint moved it, and whether it put that list in order at all: then its items are written anew. */
function placeBefore({ decision }: Checkpoint, path: JsonPath): { readonly path: JsonPath; readonly isList: boolean } {
  const [key, index, ...rest] = path
  if (typeof index !== 'number') return { path, isList: false }
  let place = index
  const moves = []
  for (let one = decision ?? undefined; one !== undefined; one = one.next) moves.unshift(one.branches?.moved)
  for (const moved of moves) {
    const { from, order } = moved?.[String(key)] ?? { from: 0, order: [] }
    const source = order[place - from]
    if (source !== undefined) place = from + source
  }
  const isList = moves.some((moved) => moved?.[String(key)] !== undefined)
  return { path: place === index ? path : [String(key), place, ...rest], isList }
}

function isSame(left: Json, right: Json | undefined): boolean {
  return right !== undefined && isJsonEqual(left, right)
}

function writerOf({ event, step }: Checkpoint): Blame['writer'] {
  if (step !== null) return { type: 'node', node: step.node, visit: step.visit, step: step.index, kind: step.kind }
  if (event.type === 'run.patch') return { type: 'patch', by: event.payload.by }
  return event.type === 'run.forked' ? { type: 'fork', by: event.payload.by } : { type: 'input', by: 'caller' }
}

function callsBefore(history: History, { step, sequence }: Checkpoint): readonly BlameCall[] {
  if (step === null || step.kind !== 'model') return []
  const calls: BlameCall[] = []
  for (const checkpoint of history.checkpoints.slice(0, sequence)) {
    const { event, step: ended, decision } = checkpoint
    if (ended?.node === step.node && ended.visit === step.visit)
      calls.push(...(decision?.cached ?? []).map((call) => cachedCall(history, checkpoint.sequence, call)))
    if (
      ended?.kind !== 'call' ||
      ended.node !== step.node ||
      ended.visit !== step.visit ||
      event.type !== 'effect.ended'
    )
      continue
    const open = openIn(history.at(checkpoint.sequence - 1).snapshot.context)[ended.index]
    const approval = approvalOfCall(history, checkpoint.sequence, ended.index)
    calls.push({
      tool: open?.tool ?? '',
      step: ended.index,
      sequence: checkpoint.sequence,
      sources: event.payload.sources ?? [],
      ...(approval !== undefined && { approval }),
    })
  }
  return calls
}

/** A call that an identical one answered: what that one says of itself, unless it ran in the run that this one was forked from. */
function cachedCall(history: History, before: number, { tool, step: index }: CachedCall): BlameCall {
  const ran = history.checkpoints
    .slice(0, before)
    .findLast(({ step, event }) => step?.index === index && event.type === 'effect.ended')
  const sources = ran?.event.type === 'effect.ended' ? (ran.event.payload.sources ?? []) : []
  return { tool, step: index, sequence: ran?.sequence ?? before, sources, isCached: true }
}

/** The last yes to a step before a sequence: after a fork it is asked for again. */
function approvalOfCall(history: History, before: number, index: number): BlameApproval | undefined {
  for (const { event, step, sequence } of history.checkpoints.slice(0, before).toReversed())
    if (step?.index === index && step.kind === 'approval') return approvalIn(event, { node: step.node, sequence })
  return undefined
}

/** The yes of a person; undefined: it is none. */
function approvalIn(
  event: Checkpoint['event'],
  place: Pick<BlameApproval, 'node' | 'sequence'>,
): BlameApproval | undefined {
  if (event.type !== 'request.decided') return undefined
  const { outcome, by, through, reason, for: person } = event.payload
  if (outcome !== 'approved' && outcome !== 'edited') return undefined
  return {
    node: place.node,
    outcome,
    by,
    ...(person !== undefined && { for: person }),
    through,
    reason,
    at: event.at,
    sequence: place.sequence,
  }
}

function readsOf(history: History, { step, sequence }: Checkpoint): Blame['reads'] {
  const node = step === null || sequence === 0 ? undefined : nodeAt(history.graph, step.node)?.node
  if (node === undefined) return []
  const read = sequence - 1
  const forked = node.sees === 'fork' ? forkedBefore(history, { node: node.id, sequence }) : read
  const state = stateFor(node, history.at(Math.max(0, read)).snapshot.context)
  return node.reads
    .filter((key) => Object.hasOwn(state, key))
    .map((key) => ({
      key,
      sequence: patchedSince(history, key, { from: forked, to: read }) ?? lastWrite(history, [key], forked),
    }))
}

/** The last patch of a key by an operator after a fork: what it set is seen by nodes that read the state as it was at the fork too. */
function patchedSince(
  history: History,
  key: string,
  { from, to }: { readonly from: number; readonly to: number },
): number | undefined {
  return history.checkpoints.slice(from + 1, to + 1).findLast(({ event }) => {
    return event.type === 'run.patch' && Object.hasOwn(event.payload.state, key)
  })?.sequence
}

/** The sequence at which the fork was taken whose state a node sees. */
function forkedBefore(
  history: History,
  { node, sequence }: { readonly node: string; readonly sequence: number },
): number {
  let at = sequence - 1
  const isSeen = (place: number): boolean =>
    Object.values(history.at(place).snapshot.context.forks ?? {}).some(({ seen }) => seen?.nodes.includes(node))
  while (at > 0 && isSeen(at - 1)) at -= 1
  return at
}

function approvalsSince(
  history: History,
  range: { readonly key: string; readonly from: number; readonly to: number },
): readonly BlameApproval[] {
  const voided = voidedVotes(history)
  return history.checkpoints.slice(range.from, range.to + 1).flatMap(({ event, step, decision, sequence }) => {
    // What people were shown inside a nested workflow is its own state. One of several persons ends no step.
    const node = step?.node ?? (event.type === 'request.decided' ? decision?.node : undefined)
    const record = node === undefined ? undefined : history.graph.nodes[node]
    if (record?.kind !== 'approval' || !record.show.includes(range.key)) return []
    const approval = approvalIn(event, { node: record.id, sequence })
    const why = voided.get(sequence)
    return approval === undefined ? [] : [why === undefined ? approval : { ...approval, voided: why }]
  })
}
