import type { CheckpointStep } from '../snapshot/checkpoint.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { EffectEnd, EngineEvent } from '../snapshot/event.ts'
import type { OpenStep, Snapshot } from '../snapshot/snapshot.ts'
import type { StickyRule } from '../snapshot/sticky-rule.ts'
import type { UsageDelta } from '../snapshot/usage.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { entered, pathAt, type Place } from './place.ts'
import type { Position } from './planned.ts'
import type { Changes } from './routed.ts'

/** An event and the place that it moves: the run, or a workflow nested in it. */
export interface RunAt extends Place {
  /** The run; `snapshot` null before its first event. */
  readonly root: { readonly compiled: CompiledWorkflow; readonly snapshot: Snapshot | null }
  readonly position: Position
  readonly event: EngineEvent
}

/** The same event at another place. */
export function at(run: RunAt, place: Place): RunAt {
  if (place.around.length === 0 && run.around.length === 0 && place.snapshot === run.snapshot) return run
  return { ...run, ...(place.around.length === 0 ? place : entered(place)) }
}

/** What a checkpoint says beside the snapshot after it. */
export interface Facts {
  /** A decision that is remembered. */
  readonly rule?: StickyRule | undefined
  readonly step?: CheckpointStep
  readonly decision?: Decision | undefined
  readonly usage?: UsageDelta | undefined
  /** What comes next is the whole run, not only what is at this place. */
  readonly isWhole?: boolean
  /** Where it happened, when that is not this place. */
  readonly items?: readonly number[]
  readonly changes?: Changes | undefined
}

/** What ended, for the checkpoint. */
export function checkpointStep(run: RunAt, step: OpenStep, end: EffectEnd): CheckpointStep {
  const record = run.compiled.graph.nodes[step.node]
  // Of a compensation the tool that undoes.
  const tool = step.tool ?? (step.undoes === undefined && record?.kind === 'tool' ? record.tool : undefined)
  const node = pathAt(run, step.node)
  const { visit, kind, attempt, item, undoes, since: queuedAt } = step
  const { startedAt } = end
  const endedAt = run.event.at
  return {
    index: end.step,
    node,
    visit,
    kind,
    attempt,
    ...(tool !== undefined && { tool }),
    ...(item !== undefined && { item }),
    ...(undoes !== undefined && { undoes: undoes.step }),
    queuedAt,
    startedAt,
    endedAt,
  }
}
