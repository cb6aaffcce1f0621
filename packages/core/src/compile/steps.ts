import { own } from '../base/own.ts'
import { withIndex, withoutIndex } from '../base/with-index.ts'
import type { Graph, LosingBranches, NodeRecord, WorkingRecord } from '../graph/graph.ts'
import { noRetry } from '../graph/build-retry.ts'
import { callRetryOf } from '../graph/tool-use.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import {
  isAsking,
  isIdle,
  isModelCall,
  type AgentCall,
  type AgentEntry,
  type AgentMemory,
  type OpenStep,
  type RunContext,
  type Snapshot,
  type StepKind,
} from '../snapshot/snapshot.ts'
import { setKey } from '../snapshot/derived.ts'
import { isQuiet } from '../snapshot/tree.ts'
import { stateFor } from './seen-state.ts'
import { addUsage, noUsage, type UsageDelta } from '../snapshot/usage.ts'
import { freshTally, visitEnd } from './agent-visit.ts'
import { nextEscalation } from './escalation.ts'
import { modelAsked } from './fallback.ts'
import { withoutAnyGoing, withoutGoing } from './handoff-ledger.ts'
import { nextCall } from './history.ts'
import type { MachineInput } from './machine-event.ts'
import { waitTerms } from './wait-terms.ts'
import { withoutShort } from './short.ts'
import { takenOver, withUndone } from './undo-ledger.ts'
import { withContext } from './with-context.ts'

export { withContext }

/** Sets one key of a frozen record. */
export function withKey<Value>(
  record: { readonly [key: string]: Value },
  key: string,
  value: Value,
): { readonly [key: string]: Value } {
  return Object.freeze({ ...record, [key]: value })
}

/** Takes one key out of a frozen record. */
function withoutKey<Value>(record: { readonly [key: string]: Value }, key: string): { readonly [key: string]: Value } {
  const { [key]: _, ...rest } = record
  return Object.freeze(rest)
}

/** The context of a run that has not begun, or of a nested workflow. @param at - ms since the epoch */
export function initialContext(
  state: RunContext['state'],
  at: number,
  { callCosts, steps }: Pick<MachineInput, 'callCosts' | 'steps'> = {},
): RunContext {
  return Object.freeze({
    state,
    private: Object.freeze({}),
    verdicts: Object.freeze({}),
    steps: steps ?? 0,
    visits: Object.freeze({}),
    taken: Object.freeze({}),
    open: Object.freeze({}),
    closing: Object.freeze({}),
    usage: noUsage,
    startedAt: at,
    ...(callCosts !== undefined && { callCosts }),
    held: null,
    exhausted: null,
    error: null,
    ending: null,
    ...(steps !== undefined && { others: steps }),
  })
}

/** What a node's step is called. Nodes that ask a model begin with a model step. */
export function firstStepKind(
  record: WorkingRecord,
): Exclude<
  StepKind,
  'summary' | 'call' | 'item' | 'collect' | 'resolve' | 'workflow' | 'output' | 'receive' | 'compensate'
> {
  if (record.kind === 'agent') return 'model'
  if (record.kind === 'workflow') return 'input'
  if (record.kind === 'wait') return record.key === null && record.until === null ? 'wait' : 'prepare'
  if (record.kind === 'gate') return record.reviewer === null ? 'gate' : 'model'
  return record.kind
}

/**
 * Counts a visit, sets back the edge counts that the node resets, and clears or continues its private memory, which begins with what
 * another agent has handed over. `beginChain`: handoffs are counted anew from here.
 */
export function visitNode(
  context: RunContext,
  record: NodeRecord,
  entry: {
    readonly resets: readonly string[]
    readonly at: number
    readonly beginChain?: (context: RunContext) => RunContext
  },
): RunContext {
  const entered = enterNode(context, record, entry)
  if (context.handoffs === undefined) return entered
  const told = entryFor(entered, record.id)
  return entry.beginChain === undefined ? told : entry.beginChain(told)
}

/** What an agent is told that another has handed over to: it stands where its visit begins. */
function entryFor(context: RunContext, node: string): RunContext {
  const told = (context.handoffs?.going ?? []).filter(({ to }) => to === node)
  const memory = own(context.private, node)
  if (told.length === 0 || memory === undefined) return context
  const entries = Object.freeze([...memory.entries, ...told.map(({ entry }) => entry)])
  const left = withoutGoing(context, new Set([node]))
  return withContext(left, { private: withKey(left.private, node, Object.freeze({ ...memory, entries })) })
}

function enterNode(
  context: RunContext,
  record: NodeRecord,
  { resets, at }: { readonly resets: readonly string[]; readonly at: number },
): RunContext {
  let taken = context.taken
  for (const edge of resets) if (taken[edge] !== undefined) taken = withoutKey(taken, edge)
  const visits = setKey(context.visits, record.id, (own(context.visits, record.id) ?? 0) + 1)
  if (record.kind === 'join' || firstStepKind(record) !== 'model') return withContext(context, { visits, taken })
  return withContext(context, {
    visits,
    taken,
    private: withKey(
      context.private,
      record.id,
      Object.freeze({ ...freshMemory(context, record), ...freshTally(record, at) }),
    ),
  })
}

const emptyEntries: readonly AgentEntry[] = Object.freeze([])

function freshMemory(context: RunContext, record: NodeRecord): AgentMemory {
  const before = record.kind === 'agent' && record.memory === 'continue' ? own(context.private, record.id) : undefined
  if (record.kind !== 'agent' || record.memory === 'fresh')
    return Object.freeze({ entries: emptyEntries, modelCalls: 0, repairs: 0 })
  const input: AgentEntry = Object.freeze({
    type: 'input',
    state: pick(stateFor(record, context), record.reads),
    heard: pick(context.verdicts, record.hears),
  })
  const entries = Object.freeze([...(closedEntries(before?.entries) ?? []), input])
  const tokens = before?.tokens === undefined ? {} : { tokens: before.tokens }
  return Object.freeze({ entries, modelCalls: 0, repairs: 0, ...tokens })
}

/** Entries of a visit before; calls that a limit cut short are answered, since a model cannot go on from open ones. */
function closedEntries(entries: readonly AgentEntry[] | undefined): readonly AgentEntry[] | undefined {
  const last = entries?.at(-1)
  if (entries === undefined || last === undefined || !('type' in last) || last.type !== 'results') return entries
  const isOver = (call: AgentCall): boolean => call.phase === 'done' && call.handoff === undefined
  if (last.calls.every((call) => isOver(call))) return entries
  const calls = last.calls.map((call): AgentCall =>
    isOver(call) ? call : Object.freeze({ ...call, phase: 'done', result: 'not finished', isError: true }),
  )
  return [...entries.slice(0, -1), Object.freeze({ type: 'results', calls: Object.freeze(calls) })]
}

/** The named keys of a record that are there, in the order named. Frozen. */
export function pick<Value>(
  record: { readonly [key: string]: Value },
  keys: readonly string[],
): { readonly [key: string]: Value } {
  const part: { [key: string]: Value } = {}
  for (const key of keys) {
    const value = own(record, key)
    if (value !== undefined) part[key] = value
  }
  return Object.freeze(part)
}

/** Opens the node's next step: takes the next step index and writes it into the ledger. */
export function openStep(context: RunContext, record: WorkingRecord, at: number): RunContext {
  const first = firstStepKind(record)
  const call = first === 'model' ? nextCall(context, record) : undefined
  const kind = call?.kind ?? first
  const model = kind === 'model' ? modelAsked(context, record.id) : 0
  const step: OpenStep = {
    node: record.id,
    visit: own(context.visits, record.id) ?? 1,
    kind,
    attempt: 1,
    since: at,
    ...(model > 0 && { model }),
    ...(call !== undefined && { reserved: call.reserved }),
    ...(kind === 'tool' && { reserved: oneToolCall }),
    ...visitEnd(context, record),
    ...(record.kind === 'approval' && record.expiresInMs !== null && { expiresAt: at + record.expiresInMs }),
    ...(record.kind === 'wait' && kind === 'wait' && waitTerms(record, at)),
    ...(record.kind === 'approval' && record.escalations !== undefined && nextEscalation(record, at, 0)),
  }
  if (call?.memory === undefined) return addOpen(context, step)
  return addOpen(withContext(context, { private: withKey(context.private, record.id, call.memory) }), step)
}

/** What one tool call sets aside. */
export const oneToolCall: UsageDelta = Object.freeze({ toolCalls: 1 })

/** Writes a step into the ledger under the next step index. */
export function addOpen(context: RunContext, step: OpenStep): RunContext {
  return withContext(context, {
    steps: context.steps + 1,
    open: withIndex(context.open, context.steps, Object.freeze(step)),
  })
}

/**
 * What an ended attempt used: what was reported, plus the call itself; a model call without figures is charged at its
 * reservation. An attempt that was told to stop before it had started, or whose request was not sent, used nothing.
 */
export function usageOf(step: OpenStep, end: SettledEnd): UsageDelta | undefined {
  if (end.isUnsent === true || (end.outcome === 'failed' && end.error?.code === 'WAYSTONE_NODE_ABORTED'))
    return undefined
  if (end.isCached === true) return end.usage
  if (isToolCall(step)) return { ...end.usage, toolCalls: 1 }
  if (!isModelCall(step)) return end.usage
  if (end.usage !== undefined) return { ...end.usage, modelCalls: 1 }
  return { ...step.reserved, modelCalls: 1, estimatedCalls: 1 }
}

/** True for steps that are one call of a tool. */
export function isToolCall({ kind, tool }: Pick<OpenStep, 'kind' | 'tool'>): boolean {
  return kind === 'tool' || kind === 'call' || ((kind === 'item' || kind === 'compensate') && tool !== undefined)
}

/** What of an end says what was used. */
export type SettledEnd = Pick<EffectEnd, 'usage' | 'outcome' | 'error' | 'isUnsent' | 'isCached'>

/** Settles an attempt's usage. */
export function settle(context: RunContext, step: OpenStep, end: SettledEnd): RunContext {
  const usage = addUsage(context.usage, usageOf(step, end))
  return usage === context.usage ? context : withContext(context, { usage })
}

const everything = { node: () => true, step: () => true }

/** Moves everything open that runs somewhere to `closing`; what only waited for a person, an event or a timer is dropped. Leaves all forks and maps. */
export function closeAll(context: RunContext): RunContext {
  const closed = closeWhere(withoutShort(withoutAnyGoing(context), everything), () => true, 'abort')
  if (closed.forks === undefined && closed.maps === undefined) return closed
  const { forks: _, maps: __, ...rest } = closed
  return Object.freeze(rest)
}

/** The context without the maps of these nodes; their ledger goes with the last one. */
export function withoutMaps(context: RunContext, nodes: ReadonlySet<string>): RunContext {
  if (context.maps === undefined) return context
  const kept = Object.entries(context.maps).filter(([node]) => !nodes.has(node))
  if (kept.length > 0) return withContext(context, { maps: Object.freeze(Object.fromEntries(kept)) })
  const { maps: _, ...rest } = context
  return Object.freeze(rest)
}

/**
 * Moves what these nodes have open to `closing`, as {@link closeAll} does with everything, and forgets their maps.
 *
 * @param how - `finish`: an attempt under way may end by itself; one that waits for its backoff is not begun
 */
export function closeSteps(context: RunContext, nodes: ReadonlySet<string>, how: LosingBranches): RunContext {
  const left = withoutShort(context, {
    node: (node) => nodes.has(node),
    step: (step) => nodes.has(context.open[step]?.node ?? ''),
  })
  return closeWhere(withoutGoing(withoutMaps(left, nodes), nodes), ({ node }) => nodes.has(node), how)
}

function closeWhere(context: RunContext, isMeant: (step: OpenStep) => boolean, how: LosingBranches): RunContext {
  const open: { [index: string]: OpenStep } = {}
  const closing: { [index: string]: OpenStep } = { ...context.closing }
  let { children } = context
  let told = context
  for (const index in context.open) {
    const step = context.open[index]
    if (step === undefined) continue
    if (!isMeant(step)) {
      open[index] = step
      continue
    }
    const child = children?.[index]
    const closed = child === undefined ? undefined : closedChild(child, step, how)
    const isLeft = closed !== undefined && step.kind === 'workflow' && !isQuiet(closed.context)
    if (closed !== undefined && !isLeft) told = takenOver(told, step.node, closed.context)
    if (children !== undefined && closed !== undefined)
      children = isLeft ? withIndex(children, index, closed) : withoutIndex(children, index)
    if (isAsking(step) && step.undoes !== undefined) told = withUndone(told, step.undoes, { outcome: 'unknown' })
    if (isIdle(step) || (step.kind === 'workflow' && !isLeft)) continue
    // What undoes something is not stopped half-way.
    const mayFinish = (how === 'finish' || step.undoes !== undefined) && step.notBefore === undefined
    closing[index] = mayFinish ? Object.freeze({ ...step, finishes: true as const }) : step
  }
  return withChildren(withContext(told, { open: Object.freeze(open), closing: Object.freeze(closing) }), children)
}

/** A nested workflow that is over before its end. What it still waits for is left of it. */
function closedChild({ value, context }: Snapshot, { kind }: OpenStep, how: LosingBranches): Snapshot {
  if (kind !== 'workflow') return { value, context }
  const closed = how === 'abort' ? closeAll(context) : closeWhere(withoutShort(context, everything), () => true, how)
  return Object.freeze({ value, context: closed })
}

/** A context with these nested workflows; without any the record is not there. */
export function withChildren(context: RunContext, children: RunContext['children']): RunContext {
  if (children === context.children) return context
  if (children !== undefined && Object.keys(children).length > 0) return withContext(context, { children })
  const { children: _, ...rest } = context
  return Object.freeze(rest)
}

/** The retry policy of a step: the tool's inside an agent, else the node's. */
export function retryOf(graph: Graph, record: NodeRecord, step: OpenStep): NodeRecord['retry'] {
  // Neither making the list nor applying the results has anything to wait for.
  if (step.kind === 'map' || step.kind === 'collect') return noRetry
  const retry = step.kind === 'call' && step.tool !== undefined ? callRetryOf(graph, record, step.tool) : undefined
  return retry ?? record.retry
}
