import { canonicalJson, type Json, type JsonObject } from '../base/json.ts'
import { own } from '../base/own.ts'
import { failTarget, type StallRecord, type Target } from '../graph/graph.ts'
import { isAsking, type OpenStep, type RunContext } from '../snapshot/snapshot.ts'
import { engineError } from './frozen-error.ts'
import { transitionNames } from './names.ts'
import { closeAll, withContext } from './steps.ts'

/** An edge that is about to be taken, as far as progress is concerned. */
export interface Advance {
  /** The state before the node ended. */
  readonly before: JsonObject
  /** Nodes that are entered. Empty: it leads to an end, or to a person. */
  readonly targets: readonly string[]
  /** What ended. */
  readonly step: OpenStep
  readonly outcome: string
}

/** A run that has stalled goes another way than its edges. */
export interface Stalled {
  readonly transition: string
  readonly to: Target
  /** Everything that was open is closed. */
  readonly context: RunContext
  readonly stall: { readonly transitions: number; readonly times: number }
}

/**
 * Counts an edge that is about to be taken. Pure.
 *
 * @param context - after the node's patch
 * @returns the context as the edge leaves it; or where the run goes instead
 */
export function advanced(stall: StallRecord, context: RunContext, advance: Advance): RunContext | Stalled {
  if (advance.targets.length === 0) return context
  const { count, times } = context.stall ?? nothing
  const next = isProgress(stall, context, advance) ? 0 : count + 1
  if (next < stall.transitions) {
    return next === count ? context : withContext(context, { stall: Object.freeze({ count: next, times }) })
  }
  const way = wayOut(stall, times)
  const closed = withContext(closeAll(context), { stall: Object.freeze({ count: 0, times: times + 1 }) })
  const message = `${next} transitions in a row brought no progress, which is as many as limits.stall allows`
  const failed =
    way.to === failTarget ? withContext(closed, { error: engineError('WAYSTONE_NODE_STALLED', message) }) : closed
  return { ...way, context: failed, stall: { transitions: next, times: times + 1 } }
}

/** An operator has changed what is watched: counting begins anew. */
export function stirred(stall: StallRecord | undefined, context: RunContext, keys: readonly string[]): RunContext {
  if (stall === undefined || (stall.watch !== null && !keys.some((key) => stall.watch?.includes(key)))) return context
  return unstalled(context)
}

/** An operator has sent the run somewhere: counting begins anew. */
export function unstalled(context: RunContext): RunContext {
  const { stall } = context
  return stall === undefined || stall.count === 0
    ? context
    : withContext(context, { stall: Object.freeze({ ...stall, count: 0 }) })
}

const nothing = Object.freeze({ count: 0, times: 0 })

function wayOut({ to, limit, otherwise }: StallRecord, times: number): { transition: string; to: Target } {
  if (times < limit) return { transition: transitionNames.stalled, to }
  if (times === limit) return { transition: transitionNames.stalledAgain, to: otherwise }
  return { transition: transitionNames.stalledForGood, to: failTarget }
}

function isProgress({ watch }: StallRecord, context: RunContext, advance: Advance): boolean {
  const { before, targets, step, outcome } = advance
  if (watch !== null) return watch.some((key) => hasChanged(before, context.state, key))
  if (isAsking(step) && outcome !== 'expired') return true
  if (targets.some((node) => own(context.visits, node) === undefined)) return true
  if (before === context.state) return false
  const keys = new Set([...Object.keys(before), ...Object.keys(context.state)])
  return [...keys].some((key) => hasChanged(before, context.state, key))
}

function hasChanged(before: JsonObject, after: JsonObject, key: string): boolean {
  const [old, now] = [own(before, key), own(after, key)]
  return old !== now && textOf(old) !== textOf(now)
}

function textOf(value: Json | undefined): string {
  return value === undefined ? '' : canonicalJson(value)
}
