import { isFailureName, type FailureName } from '../errors/failure-names.ts'
import type { NodeRecord } from '../graph/graph.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { engineError } from './frozen-error.ts'
import { withContext } from './steps.ts'

/** A node that has ended. */
interface Left {
  readonly record: Pick<NodeRecord, 'kind' | 'id'>
  readonly outcome: string
}

/**
 * The failure that an outcome says by itself, whatever error came with it: an own one that is called by the name of one, and those
 * of joins and maps that got less than they waited for. Undefined: it is none.
 */
function failureOf({ kind }: Pick<NodeRecord, 'kind'>, outcome: string): FailureName | undefined {
  if (isFailureName(outcome)) return outcome
  if (outcome === 'unsatisfied') {
    if (kind === 'join') return 'deadlock'
    if (kind === 'map') return 'partial-result'
  }
  return outcome === 'deadline' && kind === 'join' ? 'timeout' : undefined
}

/** What a decision says of how the node ended: the name of its error, or of its outcome. */
export function failureIn(context: RunContext, { record, outcome }: Left): Pick<Decision, 'failure'> {
  if (outcome === 'done') return {}
  const failure = context.error?.failure ?? failureOf(record, outcome)
  return failure === undefined ? {} : { failure }
}

/** An outcome that nothing but its name says is a failure: the run fails with that name. */
export function withFailure(context: RunContext, { record, outcome }: Left): RunContext {
  const failure = failureOf(record, outcome)
  if (context.error !== null || failure === undefined) return context
  const error = { ...engineError('WAYSTONE_NODE_FAIL_TAKEN', `${record.id}.${outcome} led to FAIL`), failure }
  return withContext(context, { error: Object.freeze(error) })
}
