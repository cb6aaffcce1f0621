import { nodePath } from '../base/node-path.ts'
import { indexEntries } from '../base/with-index.ts'
import { modelTermsOf } from '../graph/asked-models.ts'
import { limitNames, type Graph, type LimitName, type LimitRecord, type NodeRecord } from '../graph/graph.ts'
import { nestedIn } from '../graph/nested-graphs.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import type { UsageDelta } from '../snapshot/usage.ts'

/** What the next move will use: steps it opens, and what each of its calls sets aside. */
export interface Need {
  readonly steps: number
  readonly reserved: UsageDelta
}

/** A limit that stands in the way. */
export interface LimitHit {
  readonly name: LimitName
  /** Used and set aside so far; for `durationMs` the time since the start. */
  readonly used: number
  readonly max: number
  /** The agent whose own limit it is; absent: the workflow's. */
  readonly node?: string
  /** How many levels up the workflow is whose limit it is; absent: its own. */
  readonly up?: number
}

/** What one model call of a node sets aside. Tokens the node does not bound are not known and not set aside, nor is their cost. */
export function modelReservation(record: NodeRecord, context: RunContext): UsageDelta {
  const costUsd = context.callCosts?.[record.id] ?? 0
  const caps = modelTermsOf(record)
  const inputTokens = caps?.maxInputTokens ?? 0
  const outputTokens = caps?.maxOutputTokens ?? 0
  return Object.freeze({
    modelCalls: 1,
    ...(inputTokens > 0 && { inputTokens }),
    ...(outputTokens > 0 && { outputTokens }),
    ...(costUsd > 0 && { costUsd }),
  })
}

const nothingNeeded: Need = Object.freeze({ steps: 0, reserved: Object.freeze({}) })

/** What entering several nodes at once needs. */
export function sumOfNeeds(needs: readonly Need[]): Need {
  let steps = 0
  const reserved: { -readonly [name in keyof UsageDelta]: UsageDelta[name] } = {}
  for (const need of needs) {
    steps += need.steps
    for (const [name, amount] of Object.entries(need.reserved) as [keyof UsageDelta, number][])
      reserved[name] = (reserved[name] ?? 0) + amount
  }
  return { steps, reserved }
}

/** What entering a node needs. A join takes no step. */
export function needOf(record: NodeRecord, context: RunContext): Need {
  if (record.kind === 'join') return nothingNeeded
  if (record.kind === 'agent' || (record.kind === 'gate' && record.reviewer !== null))
    return { steps: 1, reserved: modelReservation(record, context) }
  return { steps: 1, reserved: record.kind === 'tool' ? { toolCalls: 1 } : {} }
}

/** What the first node of the workflow that a node holds needs. */
export function needToBegin(graph: Graph, node: NodeRecord, context: RunContext): Need {
  const nested = nestedIn(graph, node)
  const start = nested?.nodes[nested.start]
  if (start === undefined) return nothingNeeded
  return needOf(start, { ...context, ...costsInside(context.callCosts, node.id) })
}

/** What a step sets aside for a need; undefined: nothing. */
export function setAside({ reserved }: Need): UsageDelta | undefined {
  return Object.keys(reserved).length === 0 ? undefined : reserved
}

/** What calls of a nested workflow cost, by its own names. @param node - that holds it */
export function costsInside(callCosts: RunContext['callCosts'], node: string): Pick<RunContext, 'callCosts'> {
  const prefix = nodePath([node], '')
  const inside = Object.entries(callCosts ?? {}).filter(([path]) => path.startsWith(prefix))
  if (inside.length === 0) return {}
  return {
    callCosts: Object.freeze(Object.fromEntries(inside.map(([path, cost]) => [path.slice(prefix.length), cost]))),
  }
}

/** A move that limits are asked about. */
export interface AskedMove {
  readonly need: Need
  /** Ms since the epoch. */
  readonly at: number | undefined
  /** As if nothing was set aside by what is under way; absent: as it stands. */
  readonly isFreed?: boolean
}

/** True for a move that fits if what is under way gives back what it has set aside. */
export function mayFit(graph: Graph, context: RunContext, move: AskedMove): boolean {
  return findLimitHit(graph, context, { ...move, isFreed: true }) === undefined
}

/**
 * The first limit of the workflow, in the order of `limitNames`, that a move would break; undefined: none.
 * Once `limits.exhausted` has been taken, the workflow's limits no longer stop the run. Those of workflows around it come before its own,
 * the run's first.
 */
export function findLimitHit(graph: Graph, context: RunContext, move: AskedMove): LimitHit | undefined {
  const above = findHitAbove(context, move)
  if (above !== undefined) return above
  if (context.exhausted !== null) return undefined
  for (const name of limitNames) {
    const bound = graph.limits.bounds[name]
    if (bound === undefined) continue
    if (name === 'durationMs') {
      const hit = timeHit(bound.max, context.startedAt, move.at)
      if (hit !== undefined) return hit
      continue
    }
    const reserved = move.isFreed === true ? 0 : reservedOf(context, name)
    const amounts = { used: usedOf(context, name), reserved, need: move.need }
    const hit = hitOf(name, bound, amounts)
    if (hit !== undefined) return hit
  }
  return undefined
}

/** The first limit of a workflow around this one, the run's first, that a move inside it would break. */
export function findHitAbove(context: RunContext, move: AskedMove): LimitHit | undefined {
  for (const { up, bounds, used, reserved, startedAt } of context.above ?? []) {
    for (const name of limitNames) {
      const bound = bounds[name]
      if (bound === undefined) continue
      const hit =
        name === 'durationMs'
          ? timeHit(bound.max, startedAt, move.at)
          : hitOf(name, bound, {
              used: exact((used[name] ?? 0) + usedOf(context, name)),
              reserved: move.isFreed === true ? 0 : exact((reserved[name] ?? 0) + reservedOf(context, name)),
              need: move.need,
            })
      if (hit !== undefined) return { ...hit, up }
    }
  }
  return undefined
}

/** The limit of a workflow around this one that entering the target of its `limits.exhausted` would break. */
export function hitOfTakeover(graph: Graph, context: RunContext, at: number | undefined): LimitHit | undefined {
  const target = graph.nodes[graph.limits.exhausted]
  return target === undefined ? undefined : findHitAbove(context, { need: needOf(target, context), at })
}

function timeHit(max: number, startedAt: number, at: number | undefined): LimitHit | undefined {
  const used = at === undefined ? 0 : at - startedAt
  return used > max ? { name: 'durationMs', used, max } : undefined
}

/** Whether a move would break one bound. @param amounts - `used`: settled, `reserved`: by calls under way */
export function hitOf(
  name: LimitName,
  bound: LimitRecord,
  amounts: { readonly used: number; readonly reserved: number; readonly need: Need },
): LimitHit | undefined {
  const used = exact(amounts.used + (bound.check === 'before' ? amounts.reserved : 0))
  const isCall = (amounts.need.reserved.modelCalls ?? 0) > 0
  const isHit = isBroken(name, bound, { used, need: needFor(name, amounts.need), isCall })
  return isHit ? { name, used, max: bound.max } : undefined
}

/** Sums of costs as they are counted, to 1e-9 USD: a tenth and two tenths are three. */
function exact(amount: number): number {
  return Number.isInteger(amount) ? amount : Math.round(amount * 1e9) / 1e9
}

function isBroken(
  name: LimitName,
  bound: LimitRecord,
  amounts: { readonly used: number; readonly need: number; readonly isCall: boolean },
): boolean {
  const { used, need, isCall } = amounts
  if (bound.check === 'before' && need > 0 && exact(used + need) > bound.max) return true
  if (name === 'steps' || name === 'modelCalls' || name === 'toolCalls') return need > 0 && used >= bound.max
  // What a call will use is not always known: once a bound on tokens or money is reached, no further model call is made.
  // With a bound of 0 the first one is: it may cost nothing.
  return isCall && used >= bound.max && used > 0
}

/** Used so far and settled. Units as in the limit's name; `durationMs` is not in the context and gives 0. */
export function usedOf(context: RunContext, name: LimitName): number {
  if (name === 'steps') return context.steps - (context.others ?? 0)
  if (name === 'tokens') return context.usage.inputTokens + context.usage.outputTokens
  if (name === 'durationMs') return 0
  return context.usage[name]
}

/** Set aside by all that is under way, nested workflows included. */
export function reservedOf(context: RunContext, name: LimitName): number {
  let sum = 0
  for (const [, step] of indexEntries(context.open)) sum += amountIn(step, name)
  for (const [, step] of indexEntries(context.closing)) sum += amountIn(step, name)
  for (const child of Object.values(context.children ?? {})) sum += reservedInside(child.context, name)
  return sum
}

/** What nested workflows have set aside: a move changes one of them, and there may be hundreds. */
const inside = new WeakMap<RunContext, { [name in LimitName]?: number }>()

function reservedInside(context: RunContext, name: LimitName): number {
  let known = inside.get(context)
  if (known === undefined) {
    known = {}
    inside.set(context, known)
  }
  known[name] ??= reservedOf(context, name)
  return known[name]
}

/** What a step has set aside. */
export function amountIn(step: OpenStep | undefined, name: LimitName): number {
  return step?.reserved === undefined ? 0 : partOf(step.reserved, name)
}

function needFor(name: LimitName, need: Need): number {
  return name === 'steps' ? need.steps : partOf(need.reserved, name)
}

/** The part of a usage that a limit bounds. */
export function partOf(delta: UsageDelta, name: LimitName): number {
  if (name === 'tokens') return (delta.inputTokens ?? 0) + (delta.outputTokens ?? 0)
  if (name === 'steps' || name === 'durationMs') return 0
  return delta[name] ?? 0
}

/** What is left of each declared bound. Never below 0. */
export function limitsLeft(graph: Graph, context: RunContext, at: number): { readonly [name in LimitName]?: number } {
  const left: { [name in LimitName]?: number } = {}
  for (const name of limitNames) {
    const bound = graph.limits.bounds[name]
    if (bound === undefined) continue
    const used = name === 'durationMs' ? at - context.startedAt : usedOf(context, name)
    left[name] = Math.max(0, name === 'costUsd' ? Math.round((bound.max - used) * 1e9) / 1e9 : bound.max - used)
  }
  return left
}
