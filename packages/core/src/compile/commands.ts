import { nodePath } from '../base/node-path.ts'
import { indexChanges, indexEntries } from '../base/with-index.ts'
import type { Command } from '../snapshot/command.ts'
import type { OpenStep, RunContext, Snapshot } from '../snapshot/snapshot.ts'
import { isQuiet } from '../snapshot/tree.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { ledgerOf, ledgersOf, plainLedger, type Ledger, type Within } from './ledger.ts'

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

/** The timer of a request's next escalation. */
function escalationTimer(stepIndex: number | string, level: number): string {
  return `escalate/${stepIndex}/${level}`
}

/** A timer of an open step. */
export interface StepTimer {
  readonly timer: string
  /** Ms since the epoch. */
  readonly at: number
  readonly what: 'expiry' | 'escalation' | 'visit'
}

/** The timers that an open step has. */
export function stepTimers(stepIndex: number | string, step: OpenStep): readonly StepTimer[] {
  const { expiresAt, limitAt, escalatesAt } = step
  if (expiresAt === undefined && limitAt === undefined && escalatesAt === undefined) return noTimers
  return [
    ...(expiresAt === undefined ? [] : [{ timer: expiryTimer(stepIndex), at: expiresAt, what: 'expiry' as const }]),
    ...(escalatesAt === undefined ? [] : [escalationOf(stepIndex, step, escalatesAt)]),
    ...(limitAt === undefined ? [] : [{ timer: visitTimer(stepIndex), at: limitAt, what: 'visit' as const }]),
  ]
}

function escalationOf(stepIndex: number | string, { escalated = 0 }: OpenStep, at: number): StepTimer {
  return { timer: escalationTimer(stepIndex, escalated + 1), at, what: 'escalation' }
}

const nothing: RunContext['open'] = Object.freeze({})

const noTimers: readonly StepTimer[] = Object.freeze([])

const nowhere: Within = Object.freeze({ names: Object.freeze([]), items: Object.freeze([]) })

/** A timer that is set. */
export interface SetTimer {
  readonly timer: string
  /** Ms since the epoch. */
  readonly at: number
}

/** Every timer of a run, nested workflows included. */
export function timersOf(compiled: CompiledWorkflow, context: RunContext): readonly SetTimer[] {
  const ledger = ledgerOf(compiled, context)
  return [...Object.entries(ledger.open).flatMap(([index, step]) => stepTimers(index, step)), ...timersIn(ledger)]
}

/** The timers of a run, or of a workflow nested in one, that are of no step and of nothing nested in it. */
export function timersBesideSteps(compiled: CompiledWorkflow, context: RunContext): readonly SetTimer[] {
  const { deadlines, durations } = plainLedger(compiled, context)
  return deadlines.size === 0 && durations.size === 0 ? noTimers : timersIn({ deadlines, durations })
}

function timersIn({ deadlines, durations }: Pick<Ledger, 'deadlines' | 'durations'>): readonly SetTimer[] {
  return [
    ...[...deadlines].map(([step, at]) => ({ timer: deadlineTimer(step), at })),
    ...[...durations].map(([timer, at]) => ({ timer, at })),
  ]
}

/** Every command for all that is open: what a process needs that takes a run over, or that releases it. Order: by step. */
export function commandsFor(compiled: CompiledWorkflow, { context }: Snapshot): readonly Command[] {
  const commands: Command[] = []
  const { open, deadlines, durations, within } = ledgerOf(compiled, context)
  for (const [index, step] of indexEntries(open))
    pushStart(commands, index, { step, isHeld: context.held !== null, within })
  for (const [step, at] of deadlines) commands.push({ type: 'setTimer', timer: deadlineTimer(step), at })
  for (const [timer, at] of durations) commands.push({ type: 'setTimer', timer, at })
  return commands
}

/** What a transition asks for: the difference of the ledgers before and after. */
export function commandsBetween(
  compiled: CompiledWorkflow,
  before: RunContext | null,
  after: RunContext,
): readonly Command[] {
  const commands: Command[] = []
  const isHeld = after.held !== null
  const { old, now } = ledgersOf(compiled, before, after)
  const changes = indexChanges(old?.open ?? nothing, now.open)
  for (const { index, before: known } of changes) pushStop(commands, index, { before: known, now })
  if (before !== null && before.held !== null && !isHeld)
    return [...commands, ...commandsFor(compiled, { value: '', context: after })]
  for (const { index, before: known, after: step } of changes) {
    if (step !== undefined && (known === undefined || known.attempt !== step.attempt || known.kind !== step.kind))
      pushStart(commands, index, { step, isHeld, within: now.within })
    else if (step !== undefined && known?.escalatesAt !== step.escalatesAt)
      pushNewTimers(commands, index, { step, old: known })
  }
  for (const step of old?.deadlines.keys() ?? [])
    if (!now.deadlines.has(step)) commands.push({ type: 'clearTimer', timer: deadlineTimer(step) })
  for (const [step, at] of now.deadlines)
    if (old?.deadlines.has(step) !== true) commands.push({ type: 'setTimer', timer: deadlineTimer(step), at })
  for (const [timer, at] of now.durations)
    if (old?.durations.has(timer) !== true) commands.push({ type: 'setTimer', timer, at })
  for (const timer of old?.durations.keys() ?? [])
    if (!now.durations.has(timer)) commands.push({ type: 'clearTimer', timer })
  if (isSettled(after) && (before === null || !isSettled(before)))
    commands.push({ type: 'finish', status: after.ending?.status ?? '' })
  return commands
}

/** True when a run has ended and no cancelled effect is still awaited. */
export function isSettled(context: RunContext): boolean {
  return context.ending !== null && isQuiet(context)
}

function pushStart(
  commands: Command[],
  index: string,
  { step, isHeld, within }: { readonly step: OpenStep; readonly isHeld: boolean; readonly within: Ledger['within'] },
): void {
  for (const { timer, at } of stepTimers(index, step)) commands.push({ type: 'setTimer', timer, at })
  if (isHeld || step.kind === 'approval' || step.kind === 'resolve' || step.kind === 'workflow') return
  if (step.kind === 'wait') return
  const notBefore = step.notBefore === undefined ? {} : { notBefore: step.notBefore }
  const { names, items } = within.get(index) ?? nowhere
  commands.push({
    type: 'effect',
    step: Number(index),
    node: nodePath(names, step.node),
    kind: step.kind,
    attempt: step.attempt,
    ...notBefore,
    ...(items.length > 0 && { items }),
  })
}

/** An escalated request is escalated again later. */
function pushNewTimers(
  commands: Command[],
  index: string,
  { step, old }: { readonly step: OpenStep; readonly old: OpenStep | undefined },
): void {
  const known = old === undefined ? [] : stepTimers(index, old).map(({ timer }) => timer)
  for (const { timer, at } of stepTimers(index, step))
    if (!known.includes(timer)) commands.push({ type: 'setTimer', timer, at })
}

function pushStop(
  commands: Command[],
  index: string,
  { before, now: ledger }: { readonly before: OpenStep | undefined; readonly now: Ledger },
): void {
  if (before === undefined) return
  const now = ledger.open[index]
  // What was asked about may have been approved and go on under the same index.
  const kept = now === undefined ? [] : stepTimers(index, now).map(({ timer }) => timer)
  for (const { timer } of stepTimers(index, before))
    if (!kept.includes(timer)) commands.push({ type: 'clearTimer', timer })
  const closing = now === undefined ? ledger.closing[index] : undefined
  // What is nested in a step is told to stop by itself.
  if (closing !== undefined && closing.kind !== 'workflow')
    commands.push({ type: closing.finishes === true ? 'leaveEffect' : 'cancelEffect', step: Number(index) })
}
