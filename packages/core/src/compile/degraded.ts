import { own } from '../base/own.ts'
import type { DegradedMark, RunContext } from '../snapshot/snapshot.ts'
import { withContext } from './steps.ts'

/**
 * Marks a run as degraded. Pure.
 *
 * The marks of one node are as many as there are ways to be degraded, so that a long run does not grow by them.
 */
export function markDegraded(context: RunContext, mark: Omit<DegradedMark, 'times'>): RunContext {
  const place = `${mark.node}:${mark.by}`
  const times = (own(context.degraded ?? {}, place)?.times ?? 0) + 1
  const degraded = Object.freeze({ ...context.degraded, [place]: Object.freeze({ ...mark, times }) })
  return withContext(context, { degraded })
}
