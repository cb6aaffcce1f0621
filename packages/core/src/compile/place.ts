import { nodePath } from '../base/node-path.ts'
import { own } from '../base/own.ts'
import { withIndex, withoutIndex } from '../base/with-index.ts'
import { limitNames, type Graph, type LimitName } from '../graph/graph.ts'
import { groupAt } from '../graph/group-at.ts'
import type { AboveLimits, DegradedMark, OpenStep, RunContext, Snapshot } from '../snapshot/snapshot.ts'
import { isQuiet } from '../snapshot/tree.ts'
import { addUsage, usageSince } from '../snapshot/usage.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { outsideOf } from './group-error.ts'
import { reservedOf, usedOf } from './limits.ts'
import { withShortInside } from './short.ts'
import { withChildren, withContext } from './steps.ts'
import { takenOver } from './undo-ledger.ts'

/** Where something of a run is: in the run itself, or in a workflow that is nested in it. All functions are pure. */
export interface Place {
  readonly compiled: CompiledWorkflow
  /** Where a move begins. */
  readonly snapshot: Snapshot
  /** As the run holds it. */
  readonly before: Snapshot
  /** The workflows around it, the run first. Empty: it is the run. */
  readonly around: readonly Around[]
}

/** A workflow around another one. */
export interface Around {
  readonly compiled: CompiledWorkflow
  readonly snapshot: Snapshot
  /** Its step that holds the next one. */
  readonly step: number
}

const nothing: readonly Around[] = Object.freeze([])

/** The run itself. */
export function rootPlace(compiled: CompiledWorkflow, snapshot: Snapshot): Place {
  return { compiled, snapshot, before: snapshot, around: nothing }
}

/** A nested workflow under way; undefined when the step holds none. */
export function placeInside({ compiled, snapshot, around }: Place, step: number | string): Place | undefined {
  const { context } = snapshot
  const child = context.children?.[step]
  const nested = compiled.nested.get((context.open[step] ?? context.closing[step])?.node ?? '')
  if (child === undefined || nested === undefined) return undefined
  return {
    compiled: nested,
    snapshot: child,
    before: child,
    around: [...around, { compiled, snapshot, step: Number(step) }],
  }
}

/** A run and all workflows under way in it, each before what is nested in it. */
export function placesOf(root: Place): readonly Place[] {
  const { children } = root.snapshot.context
  if (children === undefined) return [root]
  return [root, ...Object.keys(children).flatMap((step) => placesIn(root, step))]
}

function placesIn(place: Place, step: string): readonly Place[] {
  const inside = placeInside(place, step)
  return inside === undefined ? [] : placesOf(inside)
}

/** Where a step is open, or was cancelled and has not settled; undefined: nowhere. */
export function placeOfStep(root: Place, step: number): Place | undefined {
  const { context } = root.snapshot
  if (context.open[step] !== undefined || context.closing[step] !== undefined) return root
  for (const index in context.children) {
    const inside = placeInside(root, index)
    const found = inside === undefined ? undefined : placeOfStep(inside, step)
    if (found !== undefined) return found
  }
  return undefined
}

/** False for a workflow that is over, by its own end or with one around it, and only waits for what it has cancelled or to be taken over. */
export function isUnderWay({ snapshot: { context }, around }: Place): boolean {
  return context.ending === null && around.every((outer) => outer.snapshot.context.open[outer.step] !== undefined)
}

/** Names of the nodes that hold a place, outermost first. */
export function namesAround({ around }: Place): readonly string[] {
  return around.map(({ snapshot: { context }, step }) => (context.open[step] ?? context.closing[step])?.node ?? '')
}

/** The items of maps that a place is inside of, by their places in their lists, outermost first. */
export function itemsAround({ around }: Place): readonly number[] {
  return around.flatMap(({ snapshot: { context }, step }) => (context.open[step] ?? context.closing[step])?.item ?? [])
}

/** The path of a node at a place. */
export function pathAt(place: Place, node: string): string {
  return place.around.length === 0 ? node : nodePath(namesAround(place), node)
}

/** A place as a move inside it needs it: the run's next step index and its pure results, and the limits of the workflows around it. */
export function entered(place: Place): Place {
  const { snapshot, around } = place
  const run = around[0]?.snapshot.context
  if (run === undefined) return place
  const { context } = snapshot
  const others = (context.others ?? 0) + run.steps - context.steps
  const inside = withContext(contextInside(place), { steps: run.steps, others, above: aboveOf(place) })
  return { ...place, snapshot: Object.freeze({ value: snapshot.value, context: inside }) }
}

/** The context of a place as its effects need it: pure results are the run's, wherever they came from. */
export function contextInside({ snapshot: { context }, around }: Place): RunContext {
  const cached = around[0]?.snapshot.context.cached
  return cached === undefined ? context : withContext(context, { cached })
}

function aboveOf({ before: { context }, around }: Place): readonly AboveLimits[] {
  return around.flatMap(({ compiled, snapshot }, index): AboveLimits[] => {
    const outer = snapshot.context
    const { bounds } = compiled.graph.limits
    // Its limits have had their effect.
    if (outer.exhausted !== null) return []
    const used: { [name in LimitName]?: number } = {}
    const reserved: { [name in LimitName]?: number } = {}
    for (const name of limitNames) {
      if (bounds[name] === undefined) continue
      used[name] = usedOf(outer, name) - usedOf(context, name)
      reserved[name] = reservedOf(outer, name) - reservedOf(context, name)
    }
    return [{ up: around.length - index, bounds, used, reserved, startedAt: outer.startedAt }]
  })
}

/** The whole run after a move at a place: steps, usage and what follows from an end are written into every workflow around it. @param at - now, ms since the epoch */
export function lifted(place: Place, next: Snapshot, at: number): Snapshot {
  return place.around.length === 0 ? next : liftedTo(place, next, { at, level: 0 }).snapshot
}

/** As {@link lifted}, up to the workflow at a level of `around`. */
export function liftedTo(
  place: Place,
  next: Snapshot,
  { at, level }: { readonly at: number; readonly level: number },
): Place {
  const around = withResults(place, next.context.cached)
  if (around.length === 0) return { ...place, snapshot: next }
  const runSteps = around[0]?.snapshot.context.steps ?? 0
  let { before } = place
  let after = withoutRuns(next)
  for (const { compiled, snapshot, step } of around.slice(level).toReversed()) {
    after = lift(snapshot, { graph: compiled.graph, before, after, step, at, runSteps })
    before = snapshot
  }
  return {
    compiled: around[level]?.compiled ?? place.compiled,
    snapshot: after,
    before,
    around: around.slice(0, level),
  }
}

/** Pure results stand in the run. @param cached - all of them; absent: nothing was added */
function withResults(place: Place, cached: RunContext['cached']): readonly Around[] {
  const { around } = place
  const [run, ...inner] = around
  if (run === undefined || cached === undefined || cached === run.snapshot.context.cached) return around
  const { value, context } = run.snapshot
  const names = namesAround(place)
  const group = groupAt(run.compiled.graph, nodePath(names.slice(0, -1), names.at(-1) ?? ''), 'store')
  const kept = group === undefined ? cached : markedAs(group, cached, context.cached)
  return [{ ...run, snapshot: Object.freeze({ value, context: withContext(context, { cached: kept }) }) }, ...inner]
}

/** Results that were made inside a group with a store of its own say so. */
function markedAs(
  group: string,
  cached: NonNullable<RunContext['cached']>,
  before: RunContext['cached'] = {},
): NonNullable<RunContext['cached']> {
  const entries = Object.entries(cached).map(
    ([key, kept]) => [key, Object.hasOwn(before, key) ? kept : Object.freeze({ ...kept, group })] as const,
  )
  return Object.freeze(Object.fromEntries(entries))
}

/** What is stored of a nested workflow: nothing that is the run's. */
function withoutRuns({ value, context }: Snapshot): Snapshot {
  const { above: _, cached: __, ...rest } = context
  return Object.freeze({ value, context: Object.freeze(rest) })
}

interface Change {
  /** Of the workflow around. */
  readonly graph: Graph
  readonly before: Snapshot
  readonly after: Snapshot
  readonly step: number
  readonly at: number
  /** Steps of the run before the move. */
  readonly runSteps: number
}

function lift({ value, context }: Snapshot, { graph, before, after, step, at, runSteps }: Change): Snapshot {
  const inside = after.context
  const usage = addUsage(context.usage, usageSince(before.context.usage, inside.usage))
  const steps = Math.max(inside.steps, context.steps)
  const others = context.others === undefined ? {} : { others: context.others + runSteps - context.steps }
  const held = context.open[step]
  const isShort = held?.kind === 'workflow' && inside.short !== undefined && inside.ending === null
  const counted = withShortInside(withContext(context, { usage, steps, ...others }), step, isShort)
  const isGone = held?.kind !== 'workflow' && isQuiet(inside)
  const holder = (held ?? context.closing[step])?.node ?? ''
  const told = outsideOf(graph.nodes[holder], inside)
  const children = isGone
    ? withoutIndex(context.children ?? {}, step)
    : withIndex(context.children ?? {}, step, withReportOf(told, after))
  const kept = withChildren(isGone ? takenOver(counted, holder, told) : counted, children)
  if (isGone) return Object.freeze({ value, context: withContext(kept, { closing: withoutIndex(kept.closing, step) }) })
  return Object.freeze({ value, context: withEnded(kept, { step, inside: told, at }) })
}

/**
 * The workflow around a nested one, which takes over next what that gave if it has ended and nothing in it is left to settle.
 *
 * @param inside - of the nested one, as it may be told outside
 */
export function withEnded(
  context: RunContext,
  { step, inside, at }: { readonly step: number; readonly inside: RunContext; readonly at: number },
): RunContext {
  const held = context.open[step]
  const hasEnded = held?.kind === 'workflow' && inside.ending !== null && isQuiet(inside)
  return hasEnded ? withOutputStep(context, { step, held, inside, at }) : context
}

/** What could not be undone stands in it as it may be told outside: it is handed up whenever and by whomever the workflow is closed. */
function withReportOf({ undone }: RunContext, snapshot: Snapshot): Snapshot {
  const { value, context } = snapshot
  if (undone === undefined || undone === context.undone) return snapshot
  return Object.freeze({ value, context: withContext(context, { undone }) })
}

/** The nested workflow has ended and settled: what it gave is taken over next. */
function withOutputStep(
  context: RunContext,
  end: { readonly step: number; readonly held: OpenStep; readonly inside: RunContext; readonly at: number },
): RunContext {
  const { step, held, inside, at } = end
  const output: OpenStep = Object.freeze({ ...held, kind: 'output', since: at })
  const ended = withContext(context, { open: withIndex(context.open, step, output) })
  if (inside.degraded === undefined) return ended
  const degraded: { [place: string]: DegradedMark } = { ...context.degraded }
  for (const mark of Object.values(inside.degraded)) {
    const node = nodePath([held.node], mark.node)
    const key = `${node}:${mark.by}`
    const times = mark.times + (own(degraded, key)?.times ?? 0)
    degraded[key] = Object.freeze({ ...mark, node, times })
  }
  return withContext(ended, { degraded: Object.freeze(degraded) })
}
