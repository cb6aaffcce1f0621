import { withIndex } from '../base/with-index.ts'
import { isAwaited } from '../snapshot/received-event.ts'
import type { OpenStep, RunContext, Snapshot } from '../snapshot/snapshot.ts'
import { openIn } from '../snapshot/tree.ts'
import { withContext } from './steps.ts'

/**
 * The run after a transition, with the events it keeps: those that were used up are gone, and open waits take those that came early.
 *
 * @param before - null before the run's first event
 */
export function withReceived(before: RunContext | null, snapshot: Snapshot): Snapshot {
  const { value, context } = snapshot
  const left = before === null ? context : withoutUsedUp(before, context)
  const next = left.ending === null ? takeKept(left) : left
  return next === context ? snapshot : Object.freeze({ value, context: next })
}

/** Ids of the events that open steps take over. */
export function takenIds(context: RunContext): ReadonlySet<string> {
  return new Set(Object.values(openIn(context)).flatMap(({ event }) => (event === undefined ? [] : [event])))
}

/** An event goes with the step that took it, however that was over. */
function withoutUsedUp(before: RunContext, context: RunContext): RunContext {
  const now = takenIds(context)
  const used = [...takenIds(before)].filter((id) => !now.has(id))
  if (used.length === 0) return context
  const left = Object.entries(context.received ?? {}).filter(([id]) => !used.includes(id))
  if (left.length > 0) return withContext(context, { received: Object.freeze(Object.fromEntries(left)) })
  const { received: _, ...rest } = context
  return Object.freeze(rest)
}

/** Each wait, by step, takes the oldest of the events it is for. */
function takeKept(context: RunContext): RunContext {
  const { received } = context
  if (received === undefined) return context
  const open = openIn(context)
  const taken = new Set(takenIds(context))
  let next = context
  for (const index in open) {
    const awaits = open[index]?.awaits
    if (awaits === undefined) continue
    const found = Object.entries(received).find(([id, message]) => !taken.has(id) && isAwaited(awaits, message))
    if (found === undefined) continue
    const [id] = found
    taken.add(id)
    next = taking(next, index, id)
  }
  return next
}

/** The wait goes on, wherever in the run it is: what came is taken over next. */
function taking(context: RunContext, index: string, event: string): RunContext {
  const step = context.open[index]
  if (step !== undefined) {
    const { awaits: _, expiresAt: __, ...rest } = step
    const next: OpenStep = Object.freeze({ ...rest, kind: 'receive', event })
    return withContext(context, { open: withIndex(context.open, index, next) })
  }
  for (const key in context.children) {
    const child = context.children[key]
    const inside = child === undefined ? undefined : taking(child.context, index, event)
    if (child === undefined || inside === undefined || inside === child.context) continue
    const next = Object.freeze({ value: child.value, context: inside })
    return withContext(context, { children: withIndex(context.children ?? {}, key, next) })
  }
  return context
}
