import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'

/** The nodes that hold a nested workflow, and the items of maps that it is inside of. Outermost first. */
export interface Within {
  readonly names: readonly string[]
  readonly items: readonly number[]
}

/** What is under way in a run, or in some of the workflows nested in it. */
export interface Ledger {
  /** By step index. */
  readonly open: RunContext['open']
  readonly closing: RunContext['closing']
  /** Forks with a deadline, by the step they began with: when it is. */
  readonly deadlines: ReadonlyMap<number, number>
  /** Durations that are limited, by timer: when they end. */
  readonly durations: ReadonlyMap<string, number>
  /** Where a step of a nested workflow is, by its index. */
  readonly within: ReadonlyMap<string, Within>
}

/** The timer that ends a run's time, or that of the nested workflow which a step holds. */
export function durationTimer(step?: number): string {
  return step === undefined ? 'duration' : `duration/${step}`
}

/** One workflow of a run. */
interface Part extends Within {
  readonly compiled: CompiledWorkflow
  readonly context: RunContext
  /** That holds it; undefined: it is the run itself. */
  readonly step: number | undefined
  /** False for a workflow that is over and only waits for what it has cancelled. */
  readonly isUnderWay: boolean
}

const noWithin: Ledger['within'] = new Map()
const noDeadlines: Ledger['deadlines'] = new Map()
const noDurations: Ledger['durations'] = new Map()
const nothing: RunContext['open'] = Object.freeze({})
const nowhere: Within = Object.freeze({ names: Object.freeze([]), items: Object.freeze([]) })

/** Everything under way in a run. */
export function ledgerOf(compiled: CompiledWorkflow, context: RunContext): Ledger {
  if (context.children === undefined) return plainLedger(compiled, context)
  return ledgerFrom(partsOf(rootPart(compiled, context)))
}

/**
 * What is under way in a run before and after a transition, without the nested workflows that it did not touch: of the hundreds that a map
 * may have under way it moves one.
 */
export function ledgersOf(
  compiled: CompiledWorkflow,
  before: RunContext | null,
  after: RunContext,
): { readonly old: Ledger | null; readonly now: Ledger } {
  const isPlain = before?.children === undefined && after.children === undefined
  if (isPlain || before === null)
    return { old: before === null ? null : plainLedger(compiled, before), now: ledgerOf(compiled, after) }
  const touched: Touched = { old: [], now: [] }
  collectTouched(touched, rootPart(compiled, before), rootPart(compiled, after))
  return { old: ledgerFrom(touched.old), now: ledgerFrom(touched.now) }
}

/** What is under way in a run, or in a workflow nested in one, without what is nested in it. Most have no timers of their own, and this is asked twice for each transition. */
export function plainLedger(compiled: CompiledWorkflow, context: RunContext): Ledger {
  const { open, closing, forks } = context
  if (forks === undefined && durationEndsAt(compiled, context) === null)
    return { open, closing, deadlines: noDeadlines, durations: noDurations, within: noWithin }
  return ledgerFrom([rootPart(compiled, context)])
}

function rootPart(compiled: CompiledWorkflow, context: RunContext): Part {
  return { ...nowhere, compiled, context, step: undefined, isUnderWay: true }
}

function partInside(part: Part, step: string): Part | undefined {
  const { compiled, context, names, items, isUnderWay } = part
  const child = context.children?.[step]
  const open: OpenStep | undefined = context.open[step]
  const holder = open ?? context.closing[step]
  const nested = holder === undefined ? undefined : compiled.nested.get(holder.node)
  if (child === undefined || holder === undefined || nested === undefined) return undefined
  return {
    compiled: nested,
    context: child.context,
    names: [...names, holder.node],
    items: holder.item === undefined ? items : [...items, holder.item],
    step: Number(step),
    isUnderWay: isUnderWay && open !== undefined,
  }
}

function partsOf(part: Part): readonly Part[] {
  const inside = Object.keys(part.context.children ?? {}).flatMap((step) => partInside(part, step) ?? [])
  return [part, ...inside.flatMap((one) => partsOf(one))]
}

interface Touched {
  readonly old: Part[]
  readonly now: Part[]
}

function collectTouched(touched: Touched, before: Part | undefined, after: Part | undefined): void {
  const isSame = before?.context === after?.context && before?.isUnderWay === after?.isUnderWay
  if (isSame || (before === undefined && after === undefined)) return
  if (before !== undefined) touched.old.push(before)
  if (after !== undefined) touched.now.push(after)
  const [old, now] = [before?.context.children ?? {}, after?.context.children ?? {}]
  for (const step in old) {
    const isKept = old[step] === now[step] && before?.isUnderWay === after?.isUnderWay
    if (isKept && isOpen(before, step) === isOpen(after, step)) continue
    collectTouched(touched, before && partInside(before, step), after && partInside(after, step))
  }
  for (const step in now)
    if (old[step] === undefined) collectTouched(touched, undefined, after && partInside(after, step))
}

function isOpen(part: Part | undefined, step: string): boolean {
  return part?.context.open[step] !== undefined
}

function ledgerFrom(parts: readonly Part[]): Ledger {
  const deadlines = new Map<number, number>()
  const durations = new Map<string, number>()
  const within = new Map<string, Within>()
  for (const { compiled, context, step, names, items, isUnderWay } of parts) {
    if (isUnderWay) addTimers({ deadlines, durations }, { compiled, context, step })
    if (step === undefined) continue
    const here: Within = { names, items }
    for (const index in context.open) within.set(index, here)
  }
  const [only] = parts
  if (only !== undefined && parts.length === 1)
    return { open: only.context.open, closing: only.context.closing, deadlines, durations, within }
  // Keys that are numbers come in ascending order.
  const open = Object.assign({}, nothing, ...parts.map(({ context }) => context.open)) as RunContext['open']
  const closing = Object.assign({}, nothing, ...parts.map(({ context }) => context.closing)) as RunContext['open']
  return { open, closing, deadlines, durations, within }
}

function addTimers(
  { deadlines, durations }: { readonly deadlines: Map<number, number>; readonly durations: Map<string, number> },
  { compiled, context, step }: Pick<Part, 'compiled' | 'context' | 'step'>,
): void {
  for (const join in context.forks) {
    const fork = context.forks[join]
    if (fork?.until !== undefined) deadlines.set(fork.step, fork.until)
  }
  const endsAt = durationEndsAt(compiled, context)
  if (endsAt !== null) durations.set(durationTimer(step), endsAt)
}

/** When the run's time ends, ms since the epoch; null: it has no such limit, or it has been hit. */
function durationEndsAt(compiled: CompiledWorkflow, context: RunContext): number | null {
  const bound = compiled.graph.limits.bounds.durationMs
  return bound === undefined || context.exhausted !== null || context.ending !== null || context.undoing !== undefined
    ? null
    : context.startedAt + bound.max
}
