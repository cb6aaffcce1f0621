import type { RunContext } from './snapshot.ts'

/** The one walk over a run and the nested workflows under way in it. Step indices are the run's, so that each names one step. */

/** Contexts of a run: its own, then those of nested workflows, each before what is nested in it. */
export function contextsOf(context: RunContext): readonly RunContext[] {
  if (context.children === undefined) return [context]
  return [context, ...Object.values(context.children).flatMap((child) => contextsOf(child.context))]
}

/** Everything that is open in a run. Order: by step. Shared where nothing is nested. */
export function openIn(context: RunContext): RunContext['open'] {
  return context.children === undefined ? context.open : mergedSteps(contextsOf(context).map(({ open }) => open))
}

/** Everything that was cancelled and has not settled. Order: by step. Shared where nothing is nested. */
export function closingIn(context: RunContext): RunContext['open'] {
  return context.children === undefined
    ? context.closing
    : mergedSteps(contextsOf(context).map(({ closing }) => closing))
}

/** Keys that are numbers come in ascending order. */
function mergedSteps(ledgers: readonly RunContext['open'][]): RunContext['open'] {
  return Object.assign({}, ...ledgers) as RunContext['open']
}

/** Steps that hold the nested workflow in which a step is open or was cancelled, outermost first; undefined: it is neither. */
export function holdersOf({ open, closing, children }: RunContext, step: number): readonly number[] | undefined {
  if (open[step] !== undefined || closing[step] !== undefined) return []
  for (const index in children) {
    const child = children[index]
    const inside = child === undefined ? undefined : holdersOf(child.context, step)
    if (inside !== undefined) return [Number(index), ...inside]
  }
  return undefined
}

/** True when a run, or part of it, has nothing that was cancelled and not settled. */
export function isQuiet({ closing }: RunContext): boolean {
  for (const _ in closing) return false
  return true
}
