import type { Checkpoint, CompiledWorkflow, RunContext, Snapshot } from '@waystone/core'
import type { RunFacts } from './run-facts.ts'

type Decision = NonNullable<Checkpoint['decision']>

/** A workflow under way in a run by its stored snapshot: the run itself, or one that is nested in it. */
export interface Part {
  /** The step that holds it; null: the run itself. */
  readonly holder: string | null
  readonly context: RunContext
  /** The part around it; null: the run itself. */
  readonly around: Part | null
}

/** All parts of a run, each before what is nested in it. The oracle's own walk over what is stored. */
export function partsOf(
  context: RunContext,
  holder: string | null = null,
  around: Part | null = null,
): readonly Part[] {
  const part: Part = { holder, context, around }
  const nested = Object.entries(context.children ?? {})
  return [part, ...nested.flatMap(([step, child]: [string, Snapshot]) => partsOf(child.context, step, part))]
}

/** The part with a step in one of its two ledgers; undefined: none has it. */
export function partOfStep(parts: readonly Part[], step: number | string): Part | undefined {
  return parts.find(({ context }) => context.open[step] !== undefined || context.closing[step] !== undefined)
}

/** Everything open in a run, wherever it is. */
export function allOpen(context: RunContext): RunContext['open'] {
  return Object.assign({}, ...partsOf(context).map((part) => part.context.open)) as RunContext['open']
}

/** Everything cancelled in a run that has not settled, wherever it is. */
export function allClosing(context: RunContext): RunContext['open'] {
  return Object.assign({}, ...partsOf(context).map((part) => part.context.closing)) as RunContext['open']
}

/** Names of the nodes that hold a part, outermost first. */
export function namesAround({ holder, around }: Part): readonly string[] {
  if (holder === null || around === null) return []
  const step = around.context.open[holder] ?? around.context.closing[holder]
  return [...namesAround(around), step?.node ?? '']
}

function isHeld({ holder, around }: Part): boolean {
  return holder === null || around === null || (around.context.open[holder] !== undefined && isHeld(around))
}

/** The part under way that a node is in, by the node's path. */
export function partOfPath(parts: readonly Part[], path: string): Part | undefined {
  const around = path.split('/').slice(0, -1).join('/')
  // One that was left may still have something to settle.
  return parts.find((part) => namesAround(part).join('/') === around && isHeld(part))
}

/** The part that an event is about. */
export function partOfEvent(parts: readonly Part[], { type, payload }: Checkpoint['event']): Part {
  const [run] = parts as readonly [Part]
  if (type === 'effect.ended' || type === 'request.decided') return partOfStep(parts, payload.step) ?? run
  if (type === 'run.redirect') return partOfPath(parts, payload.to) ?? run
  if (type !== 'timer.due') return run
  const [what, step = ''] = payload.timer.split('/')
  if (what === 'duration') return parts.find(({ holder }) => holder === (step === '' ? null : step)) ?? run
  if (what === 'deadline')
    return (
      parts.find(({ context }) => Object.values(context.forks ?? {}).some((fork) => fork.step === Number(step))) ?? run
    )
  return partOfStep(parts, step) ?? run
}

/** A checkpoint in the words of one part: nodes by their own names. */
export function localCheckpoint(checkpoint: Checkpoint, part: Part): Checkpoint {
  if (part.holder === null) return checkpoint
  const prefix = `${namesAround(part).join('/')}/`
  const local = (node: string): string => (node.startsWith(prefix) ? node.slice(prefix.length) : node)
  const inside = (decision: Decision): Decision => ({
    ...decision,
    node: local(decision.node),
    ...(decision.next !== undefined && { next: inside(decision.next) }),
  })
  const { decision, step } = checkpoint
  return {
    ...checkpoint,
    decision: decision === null ? null : inside(decision),
    step: step === null ? null : { ...step, node: local(step.node) },
  }
}

/** What the oracle knows of a part; the run's own for a part that it has not met. */
export function factsOf(facts: RunFacts, { holder }: Part): RunFacts {
  return (holder === null ? undefined : facts.run.parts.get(holder)) ?? facts.run
}

/**
 * Facts of a nested workflow: a state, counts, forks and maps of its own; what is not named here is the run's, read through.
 *
 * @param around - of the workflow around it
 */
export function nestedFacts(
  around: RunFacts,
  parts: { readonly holder: string; readonly spec: CompiledWorkflow; readonly context: RunContext },
): RunFacts {
  const own: Partial<RunFacts> = {
    ...parts,
    around,
    state: parts.context.state,
    taken: new Map(),
    forks: new Map(),
    fires: new Map(),
    maps: new Map(),
    writersOf: new Map(),
    begun: new Set(),
  }
  return Object.assign(Object.create(around.run) as RunFacts, own)
}
