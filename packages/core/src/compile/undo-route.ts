import { withIndex, withoutIndex } from '../base/with-index.ts'
import { cancelledState } from './names.ts'
import { exhaustedTarget, failTarget, type CompensationRecord, type Graph, type Target } from '../graph/graph.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import { isQuiet } from '../snapshot/tree.ts'
import { nothingUndone, type UndoEntry, type Undoing } from '../snapshot/undo.ts'
import { backoffUntil } from './backoff.ts'
import { compensatingState, transitionNames } from './names.ts'
import type { Route } from './routed.ts'
import type { StepAnswer } from './step-end.ts'
import { addOpen, oneToolCall, settle, withContext } from './steps.ts'
import { awaitsUndoable, leftToUndo, recordOfUndo, toldOutside, whatOf, withUndone } from './undo-ledger.ts'

/** Where a run that is about to end is led once it has undone what it did. */
export const endOfStatus: { readonly [status in Undoing['status']]: Target } = {
  failed: failTarget,
  exhausted: exhaustedTarget,
  cancelled: cancelledState,
}

/**
 * Decides whether undoing may begin, or is over; undefined: what was cancelled is still awaited, or a compensation is under way. Pure.
 *
 * What was cancelled may have happened all the same, so nothing is undone before all of it has settled.
 */
export function routeUndo(graph: Graph, context: RunContext, at: number | undefined): Route | undefined {
  const { undoing } = context
  if (undoing === undefined || hasOpen(context)) return undefined
  const mayEnd = undoing.left === undefined && (context.undo ?? []).length === 0 && !awaitsUndoable(graph, context)
  if (!mayEnd && !isQuiet(context)) return undefined
  const route = goOn(graph, undoing.left === undefined ? begun(context, undoing) : context, at)
  const isNothing = context.undo === undefined && route.transition === transitionNames.undone
  return {
    ...route,
    decision: isNothing ? null : decisionOf(route, { node: compensatingState, visit: 1, outcome: undoing.status }),
  }
}

/** Decides what the end of a compensation, or a person's word on it, leads to. Pure. */
export function routeUndoEnd(
  graph: Graph,
  context: RunContext,
  ended: { readonly end: StepAnswer; readonly at: number | undefined; readonly effectId: string },
): Route | undefined {
  const { end, at } = ended
  const step = context.open[end.step]
  if (step?.undoes === undefined || context.undoing === undefined) return undefined
  const { undoes } = step
  const record = recordOfUndo(graph, undoes)
  const settled = step.kind === 'resolve' ? context : settle(context, step, end)
  const closed = withContext(settled, { open: withoutIndex(settled.open, end.step) })
  const inside = stayOn(record, step, ended)
  const route =
    inside === undefined
      ? goOn(graph, withUndone(closed, undoes, toldOutside(graph, undoes, end)), at)
      : {
          transition: inside.transition,
          context: withContext(closed, { open: withIndex(closed.open, end.step, Object.freeze(inside.step)) }),
          to: null,
        }
  return { ...route, decision: decisionOf(route, { node: undoes.node, visit: undoes.visit, outcome: end.outcome }) }
}

/** Decides what a cancel means for a run that is undoing what it did: the second one stops that. Pure. */
export function routeUndoCancel(
  context: RunContext,
  move: { readonly by: string; readonly reason: string; readonly at: number },
): Route | undefined {
  const { undoing } = context
  if (undoing === undefined) return undefined
  const decided = { node: compensatingState, visit: 1, outcome: 'cancelled' }
  if (undoing.status !== 'cancelled' && undoing.isCancelled !== true) {
    const transition = transitionNames.undoCancel
    const heard = withContext(context, { undoing: Object.freeze({ ...undoing, isCancelled: true }) })
    return { transition, context: heard, decision: decisionOf({ transition, to: null }, decided) }
  }
  const transition = transitionNames.undoStop
  const stopped = Object.freeze({ by: move.by, reason: move.reason, at: move.at })
  const undone = Object.freeze({ ...(context.undone ?? nothingUndone), stopped })
  const next = stopUndoing(withContext(context, { undone }))
  return { transition, context: next, decision: decisionOf({ transition, to: null }, decided) }
}

/** What is under way is told to stop; of what a person was asked about nobody will say more. */
function stopUndoing(context: RunContext): RunContext {
  let next = context
  for (const index in context.open) {
    const step = context.open[index]
    if (step?.undoes === undefined) continue
    const open = withoutIndex(next.open, index)
    next =
      step.kind === 'resolve'
        ? withUndone(withContext(next, { open }), step.undoes, { outcome: 'unknown' })
        : withContext(next, { open, closing: withIndex(next.closing, index, step) })
  }
  return next
}

function hasOpen({ open }: RunContext): boolean {
  for (const _ in open) return true
  return false
}

/** Undoes in reverse of the order in which things ended: what nested workflows have left stands among them by then. */
function begun(context: RunContext, undoing: Undoing): RunContext {
  const { undo = [] } = context
  const isSorted = undo.every((entry, index) => index === 0 || (undo[index - 1]?.sequence ?? 0) <= entry.sequence)
  const sorted = isSorted ? undo : Object.freeze(undo.toSorted((one, other) => one.sequence - other.sequence))
  return withContext(context, {
    ...(sorted !== undo && { undo: sorted }),
    undoing: Object.freeze({ ...undoing, left: undo.length }),
  })
}

/** A route without its decision. `to`: the node that is undone next, or how the run ends. */
interface Move extends Omit<Route, 'decision'> {
  readonly to: Target | null
}

/** Begins with the next entry, or ends. */
function goOn(graph: Graph, context: RunContext, at: number | undefined): Move {
  const { undo = [], undoing, undone } = context
  const left = undoing?.left ?? 0
  const entry = undo[left - 1]
  const status = undoing?.status ?? 'failed'
  if (entry === undefined || undoing === undefined || undone?.stopped !== undefined) {
    const remaining = undone?.stopped === undefined ? [] : leftToUndo(context)
    const told =
      remaining.length === 0
        ? context
        : withContext(context, {
            undone: Object.freeze({
              ...(undone ?? nothingUndone),
              left: Object.freeze(remaining.toReversed().map((one) => whatOf(one))),
            }),
          })
    return { transition: transitionNames.undone, context: told, to: endOfStatus[status] }
  }
  const next = withContext(context, { undoing: Object.freeze({ ...undoing, left: left - 1 }) })
  return { transition: transitionNames.undoNext, context: openUndo(graph, next, { entry, at: at ?? 0 }), to: null }
}

function openUndo(
  graph: Graph,
  context: RunContext,
  { entry, at }: { readonly entry: UndoEntry; readonly at: number },
): RunContext {
  const record = recordOfUndo(graph, entry)
  return addOpen(context, {
    node: entry.node,
    visit: entry.visit,
    kind: 'compensate',
    attempt: 1,
    since: at,
    undoes: entry,
    ...(record?.kind === 'tool' && { tool: record.tool, reserved: oneToolCall }),
  })
}

/** The same compensation goes on: as its next attempt, or as a question to a person. */
function stayOn(
  record: CompensationRecord | undefined,
  step: OpenStep,
  { end, at, effectId }: { readonly end: StepAnswer; readonly at: number | undefined; readonly effectId: string },
): { readonly transition: string; readonly step: OpenStep } | undefined {
  if (record === undefined || at === undefined) return undefined
  const { notBefore: _, unknown: __, reserved: ___, ...rest } = step
  const again: OpenStep = {
    ...rest,
    kind: 'compensate',
    attempt: step.attempt + 1,
    since: at,
    ...(step.tool !== undefined && { reserved: oneToolCall }),
  }
  if (step.kind === 'resolve')
    return end.outcome === 'did-not-happen' ? { transition: transitionNames.undoRetry, step: again } : undefined
  const mayHelp = end.outcome === 'timeout' || (end.outcome === 'failed' && end.error?.retryable === true)
  if (mayHelp && step.attempt < record.retry.attempts) {
    const ended = { at, attempt: step.attempt, effectId, retryAfterMs: end.retryAfterMs }
    const notBefore = backoffUntil(record.retry, ended)
    return {
      transition: transitionNames.undoRetry,
      step: { ...again, ...(notBefore !== undefined && { notBefore }) },
    }
  }
  if (end.outcome !== 'unknown' || record.whenUnknown !== 'ask') return undefined
  return {
    transition: transitionNames.undoPerson,
    step: { ...rest, kind: 'resolve', unknown: 'compensate', since: at },
  }
}

function decisionOf(
  { transition, to }: { readonly transition: string; readonly to: Target | null },
  { node, visit, outcome }: Pick<Decision, 'node' | 'visit' | 'outcome'>,
): Decision {
  return { node, visit, outcome, candidates: [{ edge: transition, verdict: 'taken' }], taken: transition, to }
}
