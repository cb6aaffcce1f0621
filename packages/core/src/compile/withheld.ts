import { isIdle, type OpenStep, type RunContext, type Snapshot } from '../snapshot/snapshot.ts'
import { withChildren, withContext } from './steps.ts'

/**
 * A run with it said of each open step whether a hold has kept its attempt from beginning: so it is of what was asked for while the run was held, until
 * that is released. Whoever cancels it then knows that it has not happened, whichever process drives the run by that time.
 *
 * @param before - null before the run's first event
 */
export function withWithheld(before: RunContext | null, snapshot: Snapshot): Snapshot {
  const { value, context } = snapshot
  if (before === null || (before.held === null && context.held === null)) return snapshot
  const next = context.held === null ? changed(context, undefined, released) : changed(context, before, withheld)
  return next === context ? snapshot : Object.freeze({ value, context: next })
}

/** What becomes of an open step. @param known - as it was before; undefined: it was not open, or that does not matter */
type Change = (step: OpenStep, known: OpenStep | undefined) => OpenStep

function withheld(step: OpenStep, known: OpenStep | undefined): OpenStep {
  const isAsked = known === undefined || known.attempt !== step.attempt || known.kind !== step.kind
  if (!isAsked || isIdle(step) || step.kind === 'workflow') return step
  return Object.freeze({ ...step, isWithheld: true as const })
}

function released(step: OpenStep): OpenStep {
  if (step.isWithheld !== true) return step
  const { isWithheld: _, ...rest } = step
  return Object.freeze(rest)
}

function changed(context: RunContext, before: RunContext | undefined, change: Change): RunContext {
  if (before === context) return context
  const open = mapped(context.open, (step, index) => change(step, before?.open[index]))
  const next = open === context.open ? context : withContext(context, { open })
  if (context.children === undefined) return next
  const children = mapped(context.children, (child, index) => {
    const inside = changed(child.context, before?.children?.[index]?.context, change)
    return inside === child.context ? child : Object.freeze({ value: child.value, context: inside })
  })
  return withChildren(next, children)
}

/** A record with each of its values changed; itself when none was. */
function mapped<Value>(
  record: { readonly [index: string]: Value },
  change: (value: Value, index: string) => Value,
): { readonly [index: string]: Value } {
  let next: { [index: string]: Value } | null = null
  for (const [index, value] of Object.entries(record)) {
    const other = change(value, index)
    if (other !== value) (next ??= { ...record })[index] = other
  }
  return next === null ? record : Object.freeze(next)
}
