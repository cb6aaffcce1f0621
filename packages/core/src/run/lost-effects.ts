import type { RunId } from '../base/ids.ts'
import type { EffectMark } from '../checkpoint/store.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { nodeError } from '../errors/node-error.ts'
import type { EffectEnd, EngineEvent } from '../snapshot/event.ts'
import { isAsking, isModelCall, type RunContext, type StepKind } from '../snapshot/snapshot.ts'
import type { UsageDelta } from '../snapshot/usage.ts'
import type { ExecutorPorts } from './effect-job.ts'
import { endEventId } from './end-event-id.ts'
import { lostUsage } from './execute-model.ts'
import { openStepOf } from './open-step.ts'
import { effectClassOf } from './perform.ts'

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
