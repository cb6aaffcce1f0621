import { withIndex } from '../base/with-index.ts'
import { isAwaited } from '../snapshot/received-event.ts'
import type { OpenStep, RunContext, Snapshot } from '../snapshot/snapshot.ts'
import { openIn } from '../snapshot/tree.ts'
import { withContext } from './steps.ts'

/** The run after a transition, with the events it keeps: those that were used up are gone, and open waits take those that came early. */
export function withReceived(snapshot: Snapshot): Snapshot {
  const { value, context } = snapshot
  const left = withoutUsedUp(context)
  const next = left.ending === null ? takeKept(left) : left
  return next === context ? snapshot : Object.freeze({ value, context: next })
}

function withoutUsedUp(context: RunContext): RunContext {
  const { received } = context
  if (received === undefined) return context
  const open = openIn(context)
  const left = Object.entries(received).filter(([id, { step }]) => step === undefined || open[step]?.event === id)
  if (left.length === Object.keys(received).length) return context
  if (left.length > 0) return withContext(context, { received: Object.freeze(Object.fromEntries(left)) })
  const { received: _, ...rest } = context
  return Object.freeze(rest)
}

/** Each wait, by step, takes the oldest of the events it is for. */
function takeKept(context: RunContext): RunContext {
  let next = context
  const open = openIn(context)
  for (const index in open) {
    const awaits = open[index]?.awaits
    if (awaits === undefined || next.received === undefined) continue
    const found = Object.entries(next.received).find(
      ([, { step, message }]) => step === undefined && isAwaited(awaits, message),
    )
    if (found === undefined) continue
    const [id, one] = found
    const received = Object.freeze({ ...next.received, [id]: Object.freeze({ ...one, step: Number(index) }) })
    next = taking(withContext(next, { received }), index, id)
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
