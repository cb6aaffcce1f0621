import { isFailureName, type FailureName } from '../errors/failure-names.ts'
import type { NodeRecord } from '../graph/graph.ts'

/**
 * The failure that an outcome says by itself, whatever error came with it: an own one that is called by the name of one, and those
 * of joins and maps that got less than they waited for. Undefined: it is none.
 */
export function failureOf({ kind }: Pick<NodeRecord, 'kind'>, outcome: string): FailureName | undefined {
  if (isFailureName(outcome)) return outcome
  if (outcome === 'unsatisfied') {
    if (kind === 'join') return 'deadlock'
    if (kind === 'map') return 'partial-result'
  }
  return outcome === 'deadline' && kind === 'join' ? 'timeout' : undefined
}
