import { effectIdOf, type RunId } from '../base/ids.ts'
import type { StepKind } from '../snapshot/snapshot.ts'

/** The attempt that has ended. */
export interface EndOf {
  readonly step: number
  readonly attempt: number
  readonly kind: StepKind
}

/**
 * Id of the event that tells the end of an attempt: the same whoever tells it. The steps of nested workflows and of waits do work twice, before
 * and after, under one index.
 */
export function endEventId(runId: RunId, { step, attempt, kind }: EndOf): string {
  const id = `${effectIdOf(runId, step)}/${attempt}`
  return kind === 'output' || kind === 'receive' ? `${id}/${kind}` : id
}
