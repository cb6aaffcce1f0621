import { formatGuard } from '../check/propositions.ts'
import type { EdgeRecord } from '../graph/graph.ts'
import type { Candidate } from '../snapshot/decision.ts'

/** Why an edge was not taken, for the message of a run that nothing could be taken in. */
export function describeCandidate(candidate: Candidate, edge: EdgeRecord | undefined): string {
  if (candidate.verdict === 'limit')
    return `${candidate.edge} (taken ${candidate.limit?.used ?? 0} of ${candidate.limit?.max ?? 0} times)`
  const values = (candidate.guards ?? []).map(
    (reading) => `${reading.guard}=${reading.result} of ${JSON.stringify(reading.read)}`,
  )
  return `${candidate.edge} (${edge?.when === undefined || edge.when === null ? 'no guard' : formatGuard(edge.when)}: ${values.join(', ')})`
}
