import type { Checkpoint } from '../snapshot/checkpoint.ts'

/** What undid something, one attempt of it. */
export interface AuditCompensation {
  readonly sequence: number
  readonly at: number
  /** What it undoes: the step, and its node by path. */
  readonly step: number
  readonly node: string
  /** The items of maps inside which it was done, outermost first; absent: inside none. */
  readonly items?: readonly number[]
  /** The item of a map that it undoes; absent: none. */
  readonly item?: number
  /** The tool that undoes it; absent: a function of the author's does. */
  readonly tool?: string
  /** From 1. */
  readonly attempt: number
  /** `done`, `skipped` (there was nothing to undo), `failed`, `timeout`, `unknown`, or what a person said of that. */
  readonly outcome: string
  /** Why it was not undone. */
  readonly problem?: string
}

/** What was undone, or was to be. Order: as ended. */
export function compensationsIn(checkpoints: readonly Checkpoint[]): readonly AuditCompensation[] {
  return checkpoints.flatMap(({ sequence, event, step }): readonly AuditCompensation[] => {
    if (step?.undoes === undefined) return []
    if (event.type !== 'effect.ended' && event.type !== 'request.decided') return []
    const items = itemsAroundStep(checkpoints, step.undoes)
    const problem = event.type === 'effect.ended' ? event.payload.error?.message : event.payload.reason
    return [
      {
        sequence,
        at: event.at,
        step: step.undoes,
        node: step.node,
        ...(items.length > 0 && { items }),
        ...(step.item !== undefined && { item: step.item }),
        ...(step.tool !== undefined && { tool: step.tool }),
        attempt: step.attempt,
        outcome: event.payload.outcome,
        ...(problem !== undefined && problem !== '' && { problem }),
      },
    ]
  })
}

/** The items of maps inside which a step was done: what undoes it is outside of all maps. */
export function itemsAroundStep(checkpoints: readonly Checkpoint[], index: number): readonly number[] {
  return checkpoints.find(({ step }) => step?.index === index)?.items ?? []
}

/** True for the end of an attempt that was cancelled before it had begun: it certainly did not happen, and nobody is charged for it. */
export function neverBegan({ event, usage }: Checkpoint): boolean {
  if (event.type !== 'effect.ended' || usage !== null) return false
  const { outcome, error, mayHaveHappened } = event.payload
  return outcome === 'failed' && error?.code === 'WAYSTONE_NODE_ABORTED' && mayHaveHappened !== true
}
