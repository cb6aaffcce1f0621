import { own } from '../base/own.ts'
import { indexEntries, withIndex } from '../base/with-index.ts'
import type { Json } from '../base/json.ts'
import { compensationOf } from '../graph/compensations.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'
import { personTarget, type Graph, type MapRecord } from '../graph/graph.ts'
import { setItem } from '../snapshot/derived.ts'
import { pieceOf, resultsAPiece, type MapOver, type OpenMap } from '../snapshot/open-map.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import type { Ended, InsideEnd } from './ended.ts'
import { engineError } from './frozen-error.ts'
import { findLimitHit, mayFit, needToBegin, setAside, type Need } from './limits.ts'
import { transitionNames } from './names.ts'
import type { RouteParts } from './route-parts.ts'
import type { StepEnd } from './step-end.ts'
import { withShort } from './short.ts'
import { addOpen, closeSteps, oneToolCall, withContext, withKey, withoutMaps } from './steps.ts'

/** The end of a step of a map: the list is there, an item has ended, or its results are applied. */
export interface MapEnd extends StepEnd {
  readonly record: MapRecord
}

/** Says what the end of a map's step means: items are begun, it goes on, or it has ended. Its attempt is settled already. Pure. */
export function endMapStep(parts: RouteParts, context: RunContext, stepEnd: MapEnd): Ended {
  const { step, end, record } = stepEnd
  if (step.kind === 'map') return beginItems(parts, context, stepEnd)
  if (step.kind === 'collect') return { type: 'outcome', end, context: withoutMaps(context, new Set([record.id])) }
  return endItem(parts, context, stepEnd)
}

function beginItems(parts: RouteParts, context: RunContext, stepEnd: MapEnd): Ended {
  const { end, record, stepIndex } = stepEnd
  const { items, cut } = end
  if (items === undefined || end.outcome !== 'done') return { type: 'outcome', end, context }
  const results = Array.from({ length: Math.ceil(items.length / resultsAPiece) }, () => noResults)
  const map: OpenMap = {
    step: stepIndex,
    items,
    ...(cut !== undefined && { cut }),
    next: 0,
    done: 0,
    results,
  }
  return goOn(parts, withMap(context, record.id, map), { stepEnd, transition: transitionNames.items(record.id) })
}

const noResults: readonly Json[] = Object.freeze([])

function endItem(parts: RouteParts, context: RunContext, stepEnd: MapEnd): Ended {
  const { end, step, record, at } = stepEnd
  const map = own(context.maps ?? {}, record.id)
  const item = step.item ?? 0
  if (map === undefined) return { type: 'outcome', end, context }
  const transition = transitionNames.item(record.id)
  if (end.outcome === 'done') {
    const counted = withResult(map, item, end.output ?? end.result ?? null)
    const isWanted = record.done === 'first' && end.isWanted === true
    return goOn(parts, withMap(context, record.id, counted), { stepEnd, transition, isWanted })
  }
  if (end.outcome === 'unknown') {
    if (at !== undefined && asksPerson(parts, record)) return askAboutItem(context, stepEnd, at)
    return { type: 'outcome', end, context: closeMap(context, record) }
  }
  const error = end.error ?? engineError('WAYSTONE_NODE_THREW', `item ${item} of ${record.id} ended ${end.outcome}`)
  if (record.failed === 'raise') {
    const failed = { ...end, outcome: 'failed', error }
    return { type: 'outcome', end: failed, context: closeMap(context, record) }
  }
  const counted: OpenMap = {
    ...map,
    errors: withError(map, item, error),
    failed: (map.failed ?? 0) + 1,
  }
  return goOn(parts, withMap(context, record.id, counted), { stepEnd, transition })
}

/** The item keeps its place, as a question to a person; the others go on. */
function askAboutItem(context: RunContext, { step, stepIndex, record }: MapEnd, at: number): Ended {
  const { reserved: _, notBefore: __, ...rest } = step
  const asked: OpenStep = Object.freeze({ ...rest, kind: 'resolve', unknown: 'item', since: at })
  return {
    type: 'inside',
    transition: transitionNames.person(record.id),
    context: withContext(context, { open: withIndex(context.open, stepIndex, asked) }),
    before: context,
    need: null,
  }
}

function asksPerson({ index }: RouteParts, { id }: MapRecord): boolean {
  return (
    index.edges
      .get(id)
      ?.get('unknown')
      ?.every(({ to }) => to === personTarget) !== false
  )
}

interface Move {
  readonly stepEnd: MapEnd
  readonly transition: string
  readonly isWanted?: boolean
}

/** The map is over, or begins as many items as may run now. */
function goOn(parts: RouteParts, context: RunContext, { stepEnd, transition, isWanted = false }: Move): Ended {
  const { record, step, at } = stepEnd
  const map = own(context.maps ?? {}, record.id)
  const outcome = map === undefined ? null : reachedOutcome(record, map, isWanted)
  if (outcome !== null) return collect(context, stepEnd, outcome)
  const { opened, running, isShort } = openItems(parts, context, { record, visit: step.visit, at })
  // Whatever may not run now waits; none of them running, and nothing set aside elsewhere, means that a limit stands in the way.
  const need = running === 0 && !isShort ? needOfItem(parts.graph, record, context) : null
  return { type: 'inside', transition, context: opened, before: context, need }
}

/** Others have given back what they had set aside: items begin that fit now; undefined: nothing changes. Where nothing can help any more the limit is hit. */
export function roomForItems(
  parts: RouteParts,
  context: RunContext,
  { record, at }: { readonly record: MapRecord; readonly at: number | undefined },
): InsideEnd | undefined {
  const visit = own(context.visits, record.id) ?? 1
  const before = own(context.maps ?? {}, record.id)?.next
  const { opened, running, isShort } = openItems(parts, context, { record, visit, at })
  // Where its own items run they try again as they end.
  const hasBegun = own(opened.maps ?? {}, record.id)?.next !== before
  if (opened === context || (!hasBegun && running > 0)) return undefined
  const need = running === 0 && !isShort ? needOfItem(parts.graph, record, context) : null
  return { type: 'inside', transition: transitionNames.items(record.id), context: opened, before: context, need }
}

/** The outcome that a map has come to; null: it goes on. */
export function reachedOutcome(
  { done: rule, failed: onFailure }: MapRecord,
  map: OpenMap,
  isWanted: boolean,
): MapOver['outcome'] | null {
  const total = map.items.length
  const failed = map.failed ?? 0
  if (rule === 'first') {
    if (isWanted) return 'done'
    return map.done + failed === total ? 'unsatisfied' : null
  }
  const needed = rule === 'all' ? total : rule
  if (map.done + (onFailure === 'keep' ? failed : 0) >= needed) return 'done'
  return total - (onFailure === 'keep' ? 0 : failed) < needed ? 'unsatisfied' : null
}

/** What still runs is left, and one more step makes a patch of the results. */
function collect(context: RunContext, { record, step, at }: MapEnd, outcome: MapOver['outcome']): Ended {
  const map = own(context.maps ?? {}, record.id)
  const closed = closeMap(context, record)
  if (map === undefined)
    return { type: 'outcome', end: { step: 0, attempt: 1, startedAt: 0, outcome }, context: closed }
  const left = Object.values(context.open).flatMap((open) =>
    open.node === record.id && open.item !== undefined ? [open.item] : [],
  )
  const over: MapOver = Object.freeze({ outcome, left: Object.freeze(left) })
  const opened = addOpen(withMap(closed, record.id, { ...map, over }), {
    node: record.id,
    visit: step.visit,
    kind: 'collect',
    attempt: 1,
    since: at ?? step.since,
  })
  return {
    type: 'inside',
    transition: transitionNames.collect(record.id),
    context: opened,
    before: context,
    need: { steps: 1, reserved: {} },
  }
}

/** What opening one item needs: its step, and of a workflow that its first node begins. */
export function needOfItem(graph: Graph, record: MapRecord, context: RunContext): Need {
  if (record.workflow === undefined) return { steps: 1, reserved: record.tool === null ? {} : oneToolCall }
  const { steps, reserved } = needToBegin(graph, record, context)
  return { steps: 1 + steps, reserved }
}

interface OpenedItems {
  readonly opened: RunContext
  /** How many have a place now. */
  readonly running: number
  /** The next waits for others to give back what they have set aside. */
  readonly isShort: boolean
}

/** Begins items in order: as many as may run side by side and as the limits allow. One that a person is asked about keeps its place. */
function openItems(
  { graph }: RouteParts,
  context: RunContext,
  { record, visit, at }: { readonly record: MapRecord; readonly visit: number; readonly at: number | undefined },
): OpenedItems {
  const map = own(context.maps ?? {}, record.id)
  if (map === undefined || map.over !== undefined) return { opened: context, running: 0, isShort: false }
  const need = needOfItem(graph, record, context)
  const list = compensationOf(graph, record) === undefined ? undefined : map.step
  const terms = { record, visit, at, need, list }
  let running = stepsOf(context, record)
  let { next } = map
  let opened = context
  let isShort = false
  for (; next < map.items.length && running < record.concurrency; next++) {
    if (findLimitHit(graph, opened, { need, at }) !== undefined) {
      isShort = mayFit(graph, opened, { need, at })
      break
    }
    running += 1
    opened = addOpen(opened, itemStep(terms, next))
  }
  const hasBegun = next > map.next
  const begun = hasBegun ? withMap(opened, record.id, { ...map, next }) : context
  return { opened: withShort(begun, record.id, { isShort, hasBegun }), running, isShort }
}

/** How many steps of a map are open. */
export function stepsOf({ open }: RunContext, { id }: MapRecord): number {
  let count = 0
  for (const entry of indexEntries(open)) if (entry[1].node === id) count += 1
  return count
}

/** What items of a map begin with. */
export interface ItemTerms {
  readonly record: MapRecord
  readonly visit: number
  readonly at: number | undefined
  readonly need: Need
  /** For items that can be undone: the step that made the list. */
  readonly list: number | undefined
}

/** The step of an item that begins. */
export function itemStep({ record, visit, at, need, list }: ItemTerms, item: number): OpenStep {
  const reserved = setAside(need)
  return {
    node: record.id,
    visit,
    kind: record.workflow === undefined ? 'item' : 'input',
    attempt: 1,
    since: at ?? 0,
    item,
    ...(list !== undefined && { list }),
    ...(record.tool !== null && { tool: record.tool }),
    ...(reserved !== undefined && { reserved }),
  }
}

/** A map with what one more item gave. */
export function withResult(map: OpenMap, item: number, output: Json): OpenMap {
  const place = pieceOf(item)
  const before = map.results[place] ?? noResults
  const size = Math.min(resultsAPiece, map.items.length - place * resultsAPiece)
  // A piece that has nothing yet is made in full.
  const piece = before.length === 0 ? Object.freeze(Array.from({ length: size }, () => null)) : before
  const filled = setItem(piece, item % resultsAPiece, output)
  return { ...map, done: map.done + 1, results: setItem(map.results, place, filled) }
}

/** What has failed, with one item more. */
function withError({ errors = {} }: OpenMap, item: number, error: ErrorRecord): NonNullable<OpenMap['errors']> {
  const piece = pieceOf(item)
  return withIndex(errors, piece, withIndex(errors[piece] ?? {}, item, error))
}

function withMap(context: RunContext, node: string, map: OpenMap): RunContext {
  return withContext(context, { maps: withKey(context.maps ?? {}, node, Object.freeze(map)) })
}

/** Stops what a map has open, and forgets it. */
function closeMap(context: RunContext, { id, losers }: MapRecord): RunContext {
  return closeSteps(context, new Set([id]), losers)
}
