import type { DecidersRecord } from '../graph/graph.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'

/** When an open request is escalated next. @param since - when it was asked, ms since the epoch */
export function nextEscalation(
  { escalations = [] }: DecidersRecord,
  since: number,
  escalated: number,
): Pick<OpenStep, 'escalatesAt'> {
  const next = escalations[escalated]
  return next === undefined ? {} : { escalatesAt: since + next.afterMs }
}
