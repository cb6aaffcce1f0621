import { callApprovalOf, decidersOf } from '../graph/tool-use.ts'
import type { WaitRecord } from '../graph/graph.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { MachineValue, OpenStep, RunContext, Snapshot } from '../snapshot/snapshot.ts'
import { noUsage } from '../snapshot/usage.ts'
import { currentCalls, withCalls } from './agent-memory.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { patchedContext } from './patch-state.ts'
import { notePatched } from './patched-keys.ts'
import { stirred } from './stall.ts'
import { nextEscalation } from './escalation.ts'
import { outsideOf } from './group-error.ts'
import { withEnded } from './place.ts'
import { withChildren, withContext } from './steps.ts'
import { waitTerms } from './wait-terms.ts'

/**
 * The first snapshot of a forked run: the origin's, with state keys set anew and what was open asked for again.
 *
 * Usage, the run's time and a hold begin anew; visits, edge counts and step indices go on, so that limits of edges hold along
 * the lineage and effect ids do not repeat. A call that a person had approved is asked about again: the yes was for one run of it,
 * under the origin's effect id.
 */
export function forkedSnapshot(
  compiled: CompiledWorkflow,
  event: Extract<EngineEvent, { type: 'run.forked' }>,
): Snapshot {
  const { snapshot, patch } = event.payload
  // What was remembered in a run is remembered in no other.
  const { rules: _, ...rest } = snapshot.context
  const keys = Object.keys(patch)
  const patched = patchedContext(Object.freeze(rest), { state: patch })
  const noted = notePatched(compiled.graph, patched, { keys, at: event.at })
  const context = stirred(compiled.graph.limits.stall, noted, keys)
  return anew(compiled, { ...snapshot, context }, event.at)
}

/** A run, or a workflow nested in it, as it begins in a fork. */
function anew(compiled: CompiledWorkflow, { value, context }: Snapshot, at: number): Snapshot {
  const open: { [index: string]: OpenStep } = {}
  const children: { [index: string]: Snapshot } = {}
  for (const index in context.open) {
    const step = context.open[index]
    if (step === undefined) continue
    open[index] = reopened(compiled, step, at)
    const child = context.children?.[index]
    const nested = compiled.nested.get(step.node)
    if (child !== undefined && nested !== undefined) children[index] = anew(nested, child, at)
  }
  // What the origin did is the origin's to undo.
  const { undo: _, undone: __, ...kept } = context
  const next = withContext(kept, {
    private: begunAnew(context.private, at),
    open: Object.freeze(open),
    closing: Object.freeze({}),
    usage: noUsage,
    startedAt: at,
    held: null,
    ...(context.forks !== undefined && { forks: forksAnew(compiled, context.forks, at) }),
    ...(context.handoffs?.since !== undefined && { handoffs: Object.freeze({ ...context.handoffs, since: at }) }),
  })
  const whole = context.children === undefined ? next : withChildren(next, Object.freeze(children))
  return Object.freeze(askAgain(withEndedChildren(compiled, whole, at), value, Object.values(context.open)))
}

/** Nested workflows that had ended, and only waited for what was cancelled in them, have nothing to settle in a fork: what they gave is taken over next. */
function withEndedChildren({ graph }: CompiledWorkflow, context: RunContext, at: number): RunContext {
  let next = context
  for (const [index, { context: child }] of Object.entries(context.children ?? {})) {
    const inside = outsideOf(graph.nodes[context.open[index]?.node ?? ''], child)
    next = withEnded(next, { step: Number(index), inside, at })
  }
  return next
}

/** The time of agents under way begins anew; what they have used counts on, as their model calls do. */
function begunAnew(memories: RunContext['private'], at: number): RunContext['private'] {
  if (Object.values(memories).every(({ since }) => since === undefined)) return memories
  return Object.freeze(
    Object.fromEntries(
      Object.entries(memories).map(([node, memory]) => [
        node,
        memory.since === undefined ? memory : Object.freeze({ ...memory, since: at }),
      ]),
    ),
  )
}

function reopened({ graph }: CompiledWorkflow, step: OpenStep, at: number): OpenStep {
  const { notBefore: _, expiresAt: __, limitAt: ___, attemptsBefore: ____, approved, isUnsure: _____, ...begun } = step
  const { votes: ______, escalatesAt: _______, escalated: ________, isWithheld: _________, ...rest } = begun
  const record = graph.nodes[step.node]
  const visitBound = record?.kind === 'agent' ? record.limits?.durationMs : undefined
  const isAskedAgain = isApprovedCall(step)
  const rule = record === undefined || step.tool === undefined ? null : callApprovalOf(graph, record, step.tool)
  const expiresInMs = record?.kind === 'approval' ? record.expiresInMs : (rule?.expiresInMs ?? null)
  const isTimed = expiresInMs !== null && (step.kind === 'approval' || isAskedAgain)
  const waitsUntil = step.kind === 'wait' && record?.kind === 'wait' ? waitEnd(record, step, at) : undefined
  return Object.freeze({
    ...rest,
    ...(isAskedAgain && { kind: 'approval' as const }),
    ...(step.kind === 'resolve' && step.undoes === undefined && { isOrigins: true as const }),
    attempt: 1,
    since: at,
    ...(approved !== undefined && !isAskedAgain && { approved }),
    ...(visitBound !== undefined && { limitAt: at + visitBound.max }),
    ...(isTimed && { expiresAt: at + expiresInMs }),
    ...(waitsUntil !== undefined && { expiresAt: waitsUntil }),
    ...(record !== undefined &&
      (step.kind === 'approval' || isAskedAgain) &&
      nextEscalation(decidersOf(graph, record, step.tool), at, 0)),
  })
}

/** So long a wait lasts from now; the moment it waits for stays. */
function waitEnd(record: WaitRecord, { expiresAt }: OpenStep, at: number): number | undefined {
  return record.until === null ? waitTerms(record, at).expiresAt : expiresAt
}

/** A call that runs, or waits for its place, on somebody's yes; not one of which nobody knows whether it ran. */
function isApprovedCall({ kind, approved }: OpenStep): boolean {
  return approved !== undefined && (kind === 'call' || kind === 'approval')
}

/** Calls whose approval is asked for again wait in their agent's memory, and their agent waits where nothing else of it runs. */
function askAgain(context: RunContext, value: MachineValue, before: readonly OpenStep[]): Snapshot {
  const nodes = new Set(before.filter((step) => isApprovedCall(step)).map(({ node }) => node))
  let next: Snapshot = { value, context }
  for (const node of nodes) {
    const open = Object.values(next.context.open).filter((step) => step.node === node)
    const isWaiting = !open.some(({ kind }) => kind === 'call')
    next = {
      value: isWaiting ? withChild(next.value, node, 'approval') : next.value,
      context: withPhases(next.context, node),
    }
  }
  return next
}

function withPhases(context: RunContext, node: string): RunContext {
  const calls = currentCalls(context, node).map((call) => {
    const step = call.step === undefined ? undefined : context.open[call.step]
    return step?.kind === 'approval' ? Object.freeze({ ...call, phase: 'asked' as const }) : call
  })
  return withCalls(context, node, calls)
}

/** A state value with a node's active child replaced, wherever the node stands in it. */
function withChild(value: MachineValue, node: string, child: string): MachineValue {
  if (typeof value === 'string') return value
  return Object.freeze(
    Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, name === node ? child : withChild(inner, node, child)]),
    ),
  )
}

/** The time of a fork under way begins anew. */
function forksAnew(
  compiled: CompiledWorkflow,
  forks: NonNullable<RunContext['forks']>,
  at: number,
): NonNullable<RunContext['forks']> {
  const anew = Object.entries(forks).map(([join, fork]) => {
    const record = compiled.graph.nodes[join]
    const until = record?.kind === 'join' && record.deadlineMs !== null ? { until: at + record.deadlineMs } : {}
    return [join, Object.freeze({ ...fork, since: at, ...until })] as const
  })
  return Object.freeze(Object.fromEntries(anew))
}
