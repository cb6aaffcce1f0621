import type { RunId } from '../base/ids.ts'
import type { EffectMark, RunRow } from '../checkpoint/store.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { placesOf, rootPlace } from '../compile/place.ts'
import { recordOfStep } from '../compile/undo-ledger.ts'
import { nodeError } from '../errors/node-error.ts'
import type { EffectEnd, EngineEvent } from '../snapshot/event.ts'
import { isAsking, isIdle, isModelCall, type RunContext, type StepKind } from '../snapshot/snapshot.ts'
import type { UsageDelta } from '../snapshot/usage.ts'
import type { ExecutorPorts } from './effect-job.ts'
import { endEventId } from './end-event-id.ts'
import { lostUsage } from './execute-model.ts'
import { openStepOf } from './open-step.ts'
import { effectClassOf, needsMark } from './perform.ts'

/** The end of an attempt that was cancelled before anybody began it. */
export function unbegunEnd({
  runId,
  node,
  at,
  kind,
  ...end
}: Pick<Lost, 'runId' | 'step' | 'kind' | 'attempt' | 'startedAt' | 'at'> & { readonly node: string }): EngineEvent {
  const error = nodeError('WAYSTONE_NODE_ABORTED', `${node} was told to stop: it had not started`).toJSON()
  const payload: EffectEnd = Object.freeze({ ...end, outcome: 'failed', error: Object.freeze(error) })
  return Object.freeze({ id: endEventId(runId, { ...end, kind }), at, type: 'effect.ended', from: 'effect', payload })
}

/** An end that nobody reported. */
export interface Lost {
  readonly runId: RunId
  readonly step: number
  readonly kind: StepKind
  readonly attempt: number
  /** `unknown`: it may have happened. `lost`: a model call, to be made again. */
  readonly outcome: 'unknown' | 'lost'
  readonly startedAt: number
  /** When this process found out, ms since the epoch. */
  readonly at: number
  /** What a model call is charged; absent for other work. */
  readonly usage?: UsageDelta | undefined
}

/** The event for an effect whose end nobody will ever report. */
export function lostEnd({ runId, at, usage, kind, ...lost }: Lost): EngineEvent {
  const error = nodeError(
    'WAYSTONE_NODE_OUTCOME_UNKNOWN',
    'the process that ran it ended before it could say what came of it',
  ).toJSON()
  const payload: EffectEnd = Object.freeze({
    ...lost,
    error: Object.freeze(error),
    ...(usage !== undefined && { usage: Object.freeze(usage) }),
  })
  return Object.freeze({
    id: endEventId(runId, { ...lost, kind }),
    at,
    type: 'effect.ended',
    from: 'effect',
    payload,
  })
}

/** A run as it was loaded by whoever takes it up. */
export interface Taken {
  readonly marks: readonly EffectMark[]
  readonly row: Pick<RunRow, 'sequence' | 'forkedFrom'>
  /** Of the lease under which it is taken up. */
  readonly fence: number
}

/** Fences count owners: whoever forks is the first and drives nothing, so the second is the first that may begin something. */
function isUndrivenFork({ sequence, forkedFrom }: Taken['row'], fence: number): boolean {
  return forkedFrom !== null && sequence === 0 && fence <= firstDriver
}

const firstDriver = 2

/**
 * Attempts that a process before may have begun, by step: of unsafe work and of models only those that are marked as started, of other work all that were
 * asked for while the run was not held. None of a fork that nobody has driven yet.
 */
export function begunBefore(
  compiled: CompiledWorkflow,
  context: RunContext,
  { marks, row, fence }: Taken,
): ReadonlyMap<number, number> {
  if (isUndrivenFork(row, fence)) return new Map()
  const marked = new Set(marks.map(({ step, attempt }) => `${step}/${attempt}`))
  const begun = new Map<number, number>()
  for (const { compiled: here, snapshot } of placesOf(rootPlace(compiled, { value: '', context }))) {
    const { open, closing } = snapshot.context
    for (const [index, step] of [...Object.entries(open), ...Object.entries(closing)]) {
      if (step.isWithheld === true || isIdle(step)) continue
      const record = recordOfStep(here.graph, step)
      const isMarked = record === undefined || !needsMark(here.graph, record, step)
      if (isMarked || marked.has(`${index}/${step.attempt}`)) begun.set(Number(index), step.attempt)
    }
  }
  return begun
}

/**
 * What a process that takes a run over must say about effects of the one before: marked as started, and still open.
 *
 * An `unsafe` one may have happened and is not started again; a model call is charged and made again. Anything without a mark
 * certainly did not start, or may be repeated.
 *
 * @param now - ms since the epoch
 */
export function lostEffects(
  compiled: CompiledWorkflow,
  run: { readonly runId: RunId; readonly context: RunContext; readonly now: number; readonly ports: ExecutorPorts },
  marks: readonly EffectMark[],
): readonly EngineEvent[] {
  return marks.flatMap(({ step, attempt, at }) => {
    const found = openStepOf(compiled, run.context, step)
    if (found === undefined || found.open.attempt !== attempt) return []
    const { open, record } = found
    const base = { runId: run.runId, step, kind: open.kind, attempt, startedAt: at, at: run.now }
    if (isModelCall(open)) return [lostEnd({ ...base, outcome: 'lost', usage: lostUsage(run.ports, record, open) })]
    if (isAsking(open)) return []
    return effectClassOf(found.compiled.graph, record, open) === 'unsafe'
      ? [lostEnd({ ...base, outcome: 'unknown' })]
      : []
  })
}
