import type { Command } from '../snapshot/command.ts'
import type { OpenFork } from '../snapshot/open-fork.ts'
import type { OpenStep, RunContext, Snapshot } from '../snapshot/snapshot.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'

/** The timer that ends a run's time. */
export const durationTimer = 'duration'

/** The timer of an approval's expiry. */
function expiryTimer(stepIndex: number | string): string {
  return `expire/${stepIndex}`
}

/** The timer of a fork's deadline. */
export function deadlineTimer(firstStep: number): string {
  return `deadline/${firstStep}`
}

/** The timer of the end of an agent's time, while one of its steps is open. */
function visitTimer(stepIndex: number | string): string {
  return `limit/${stepIndex}`
}

/** A timer of an open step. */
export interface StepTimer {
  readonly timer: string
  /** Ms since the epoch. */
  readonly at: number
  readonly what: 'expiry' | 'visit'
}

/** The timers that an open step has. */
export function stepTimers(stepIndex: number | string, { expiresAt, limitAt }: OpenStep): readonly StepTimer[] {
  if (expiresAt === undefined && limitAt === undefined) return noTimers
  return [
    ...(expiresAt === undefined ? [] : [{ timer: expiryTimer(stepIndex), at: expiresAt, what: 'expiry' as const }]),
    ...(limitAt === undefined ? [] : [{ timer: visitTimer(stepIndex), at: limitAt, what: 'visit' as const }]),
  ]
}

const noTimers: readonly StepTimer[] = Object.freeze([])

/** When the run's time ends, ms since the epoch; null: it has no such limit, or it has been hit. */
export function durationEndsAt(compiled: CompiledWorkflow, context: RunContext): number | null {
  const bound = compiled.graph.limits.bounds.durationMs
  return bound === undefined || context.exhausted !== null || context.ending !== null
    ? null
    : context.startedAt + bound.max
}

/** Every command for all that is open: what a process needs that takes a run over, or that releases it. Order: by step. */
export function commandsFor(compiled: CompiledWorkflow, snapshot: Snapshot): readonly Command[] {
  const { context } = snapshot
  const commands: Command[] = []
  for (const index in context.open) {
    const step = context.open[index]
    if (step !== undefined) pushStart(commands, index, { step, isHeld: context.held !== null })
  }
  for (const join in context.forks) pushDeadline(commands, context.forks[join])
  const endsAt = durationEndsAt(compiled, context)
  if (endsAt !== null) commands.push({ type: 'setTimer', timer: durationTimer, at: endsAt })
  return commands
}

function pushDeadline(commands: Command[], fork: OpenFork | undefined): void {
  if (fork?.until !== undefined) commands.push({ type: 'setTimer', timer: deadlineTimer(fork.step), at: fork.until })
}

/** What a transition asks for: the difference of the ledgers before and after. */
export function commandsBetween(
  compiled: CompiledWorkflow,
  before: RunContext | null,
  after: RunContext,
): readonly Command[] {
  const commands: Command[] = []
  const isHeld = after.held !== null
  if (before !== null && before.held !== null && !isHeld) return commandsFor(compiled, { value: '', context: after })
  for (const index in before?.open) pushStop(commands, index, { before: before?.open[index], after })
  for (const index in after.open) {
    const step = after.open[index]
    const old = before?.open[index]
    if (step !== undefined && (old === undefined || old.attempt !== step.attempt || old.kind !== step.kind))
      pushStart(commands, index, { step, isHeld })
  }
  if (before?.forks !== after.forks) {
    for (const join in before?.forks) {
      const fork = before?.forks[join]
      if (fork?.until !== undefined && after.forks?.[join]?.step !== fork.step)
        commands.push({ type: 'clearTimer', timer: deadlineTimer(fork.step) })
    }
    for (const join in after.forks)
      if (before?.forks?.[join]?.step !== after.forks[join]?.step) pushDeadline(commands, after.forks[join])
  }
  const endsAt = durationEndsAt(compiled, after)
  if (before === null && endsAt !== null) commands.push({ type: 'setTimer', timer: durationTimer, at: endsAt })
  if (before !== null && endsAt === null && durationEndsAt(compiled, before) !== null)
    commands.push({ type: 'clearTimer', timer: durationTimer })
  if (isSettled(after) && (before === null || !isSettled(before)))
    commands.push({ type: 'finish', status: after.ending?.status ?? '' })
  return commands
}

/** True when a run has ended and no cancelled effect is still awaited. */
export function isSettled(context: RunContext): boolean {
  if (context.ending === null) return false
  for (const _ in context.closing) return false
  return true
}

function pushStart(
  commands: Command[],
  index: string,
  { step, isHeld }: { readonly step: OpenStep; readonly isHeld: boolean },
): void {
  for (const { timer, at } of stepTimers(index, step)) commands.push({ type: 'setTimer', timer, at })
  if (isHeld || step.kind === 'approval' || step.kind === 'resolve') return
  const notBefore = step.notBefore === undefined ? {} : { notBefore: step.notBefore }
  commands.push({
    type: 'effect',
    step: Number(index),
    node: step.node,
    kind: step.kind,
    attempt: step.attempt,
    ...notBefore,
  })
}

function pushStop(
  commands: Command[],
  index: string,
  { before, after }: { readonly before: OpenStep | undefined; readonly after: RunContext },
): void {
  if (before === undefined) return
  const now = after.open[index]
  // What was asked about may have been approved and go on under the same index.
  const kept = now === undefined ? [] : stepTimers(index, now).map(({ timer }) => timer)
  for (const { timer } of stepTimers(index, before))
    if (!kept.includes(timer)) commands.push({ type: 'clearTimer', timer })
  const closing = now === undefined ? after.closing[index] : undefined
  if (closing !== undefined)
    commands.push({ type: closing.finishes === true ? 'leaveEffect' : 'cancelEffect', step: Number(index) })
}
