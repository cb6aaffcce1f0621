import { nodePath } from '../base/node-path.ts'
import { compensationOf } from '../graph/compensations.ts'
import type { CompensationRecord, Graph, NodeRecord } from '../graph/graph.ts'
import { callEffectOf } from '../graph/tool-use.ts'
import { nestedIn, nodeAt } from '../graph/nested-graphs.ts'
import { appendItems } from '../snapshot/derived.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import { nothingUndone, type FailedUndo, type UndoEntry, type UndoReport } from '../snapshot/undo.ts'
import { undoErrorOutside } from './group-error.ts'
import { withContext } from './with-context.ts'

/** What a step's work is: its node's, or how another step is undone. */
export function recordOfStep(graph: Graph, step: OpenStep): NodeRecord | undefined {
  return step.undoes === undefined ? graph.nodes[step.node] : recordOfUndo(graph, step.undoes)
}

/** How an entry of the ledger is undone. */
export function recordOfUndo(graph: Graph, { node, tool }: UndoEntry): CompensationRecord | undefined {
  const found = nodeAt(graph, node)
  return found === undefined ? undefined : compensationOf(found.graph, found.node, tool)
}

/** An attempt that ended, as far as it may have to be undone. */
export interface UndoableEnd {
  readonly record: NodeRecord
  readonly stepIndex: number
  readonly step: OpenStep
  readonly end: EffectEnd
  /** Of the checkpoint that it makes; undefined under plain `createActor`, where nothing is undone. */
  readonly sequence: number | undefined
}

/**
 * Whether an attempt, or one before it, may have happened, whatever it ended as. A failure is certain where its author says that trying again does not
 * help, and of unsafe work, which is only tried again when it is.
 */
export function mayHaveHappened(
  graph: Graph,
  {
    record,
    step,
    end,
  }: Pick<UndoableEnd, 'record' | 'end'> & { readonly step: Pick<OpenStep, 'kind' | 'tool' | 'isUnsure'> },
): boolean {
  if (end.outcome !== 'failed' && end.outcome !== 'did-not-happen') return end.isCached !== true
  if (end.mayHaveHappened === true || step.isUnsure === true) return true
  const effect = step.kind === 'call' ? callEffectOf(graph, record, step.tool ?? '') : record.effect
  return end.outcome === 'failed' && effect !== 'unsafe' && end.error?.retryable === true
}

/** Whether the work of a step can be undone here. What makes a map's list or applies its results touches nothing. */
export function isUndoable(graph: Graph, record: NodeRecord, { kind, tool, undoes, isOrigins }: OpenStep): boolean {
  if (
    undoes !== undefined ||
    isOrigins === true ||
    kind === 'map' ||
    kind === 'collect' ||
    kind === 'model' ||
    kind === 'summary'
  )
    return false
  return compensationOf(graph, record, tool) !== undefined
}

/** Writes what has ended into the ledger, if it can be undone and may have happened: also what a person is asked about, who may never answer. */
export function noteUndo(graph: Graph, context: RunContext, ended: UndoableEnd): RunContext {
  const { record, stepIndex, step, end, sequence } = ended
  if (sequence === undefined || !isUndoable(graph, record, step) || !mayHaveHappened(graph, ended)) return context
  const { isUnsure: _, ...only } = step
  // Of one that certainly did not happen the attempt before is meant.
  const isThisOne = step.isUnsure !== true || mayHaveHappened(graph, { record, step: only, end })
  const entry: UndoEntry = Object.freeze({
    step: stepIndex,
    node: record.id,
    visit: step.visit,
    sequence,
    ...(end.begunAfter !== undefined && isThisOne && { begunAfter: end.begunAfter }),
    // What failed stands here only because it may have happened.
    outcome: end.outcome === 'failed' ? 'unknown' : end.outcome,
    ...(step.tool !== undefined && { tool: step.tool }),
    ...(step.item !== undefined && { item: step.item }),
    ...(step.list !== undefined && { list: step.list }),
  })
  return withContext(context, { undo: appendItems(context.undo ?? [], [entry]) })
}

/** Takes out what stood there for a step as long as a person was asked what became of it: that is known now. */
export function withoutNote(context: RunContext, stepIndex: number): RunContext {
  const { undo, ...rest } = context
  const left = undo?.filter(({ step }) => step !== stepIndex)
  if (left === undefined || left.length === undo?.length) return context
  return left.length === 0 ? Object.freeze(rest) : withContext(context, { undo: Object.freeze(left) })
}

/** Whether something that was cancelled and has not settled may have to be undone, in nested workflows too. */
export function awaitsUndoable(graph: Graph, context: RunContext): boolean {
  return Object.entries(context.closing).some(([index, step]) => {
    const record = graph.nodes[step.node]
    if (step.undoes !== undefined || record === undefined) return step.undoes !== undefined
    const nested = step.kind === 'workflow' ? nestedIn(graph, record) : undefined
    const child = context.children?.[index]?.context
    if (nested === undefined || child === undefined) return isUndoable(graph, record, step)
    return (child.undo ?? []).length > 0 || awaitsUndoable(nested, child)
  })
}

/** What a workflow has not undone of what it did. */
export function leftToUndo({ undo = [], undoing }: RunContext): readonly UndoEntry[] {
  return undoing?.left === undefined ? undo : undo.slice(0, undoing.left)
}

/** What is left of a nested workflow that is over: what it did, and what became of what it undid, are the concern of the one around it. */
export function takenOver(context: RunContext, node: string, child: RunContext): RunContext {
  const left = leftToUndo(child)
  if (left.length === 0 && child.undone === undefined) return context
  const below = <One extends { readonly node: string }>(one: One): One =>
    Object.freeze({ ...one, node: nodePath([node], one.node) })
  const undo = [...(context.undo ?? []), ...left.map((entry) => below(entry))]
  return withContext(context, {
    ...(left.length > 0 && { undo: Object.freeze(undo) }),
    ...(child.undone !== undefined && {
      undone: sumOfReports(context.undone, {
        ...child.undone,
        ...(child.undone.failed !== undefined && { failed: child.undone.failed.map((one) => below(one)) }),
      }),
    }),
  })
}

function sumOfReports(one: UndoReport = nothingUndone, other: UndoReport): UndoReport {
  const skipped = (one.skipped ?? 0) + (other.skipped ?? 0)
  const failed = [...(one.failed ?? []), ...(other.failed ?? [])]
  return Object.freeze({
    ...one,
    done: one.done + other.done,
    ...(skipped > 0 && { skipped }),
    ...(failed.length > 0 && { failed: Object.freeze(failed) }),
  })
}

/** An end as the report tells it: what is private to a group stays with the step. */
export function toldOutside<End extends Pick<EffectEnd, 'error'>>(graph: Graph, { node }: UndoEntry, end: End): End {
  const error = undoErrorOutside(graph, node, end.error)
  return error === undefined || error === end.error ? end : { ...end, error }
}

/** Counts what a compensation came to. */
export function withUndone(
  context: RunContext,
  entry: UndoEntry,
  end: Pick<EffectEnd, 'outcome' | 'error'>,
): RunContext {
  const { outcome } = end
  const one: UndoReport =
    outcome === 'done'
      ? { done: 1 }
      : outcome === 'skipped'
        ? { done: 0, skipped: 1 }
        : { done: 0, failed: [failedUndo(entry, end)] }
  return withContext(context, { undone: sumOfReports(context.undone, one) })
}

function failedUndo(entry: UndoEntry, { outcome, error }: Pick<EffectEnd, 'outcome' | 'error'>): FailedUndo {
  return Object.freeze({ ...whatOf(entry), outcome, ...(error !== undefined && { error }) })
}

/** An entry as it is told to people. */
export function whatOf({ node, step, tool, item }: UndoEntry): Pick<FailedUndo, 'node' | 'step' | 'tool' | 'item'> {
  return Object.freeze({ node, step, ...(tool !== undefined && { tool }), ...(item !== undefined && { item }) })
}

/**
 * A compensation that was told to stop, or left to end by itself, has ended. Where it certainly was not undone, or may be tried once more, whoever
 * ends next has it to undo.
 */
export function lateUndo(
  graph: Graph,
  context: RunContext,
  { undoes, end }: Pick<UndoableEnd, 'end'> & { readonly undoes: UndoEntry },
): RunContext {
  const { undoing, undone } = context
  const isFailed = end.outcome === 'failed' && end.mayHaveHappened !== true
  const told = end.outcome === 'failed' && !isFailed ? { ...end, outcome: 'unknown' } : end
  const isOver = end.outcome === 'done' || end.outcome === 'skipped'
  const isUnknown = !isFailed && recordOfUndo(graph, undoes)?.effect === 'unsafe'
  // One that was told to stop before it had begun is left, not tried.
  const wasTried = undone?.stopped !== undefined && !(isFailed && end.error?.code === 'WAYSTONE_NODE_ABORTED')
  if (isOver || isUnknown || wasTried || undoing?.left === undefined)
    return withUndone(context, undoes, toldOutside(graph, undoes, told))
  return withContext(context, { undoing: Object.freeze({ ...undoing, left: undoing.left + 1 }) })
}
