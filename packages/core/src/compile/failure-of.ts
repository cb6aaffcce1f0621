import type { Json } from '../base/json.ts'
import { isFailureName, type FailureName } from '../errors/failure-names.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'
import type { EdgeRecord, Graph, LimitName, NodeRecord } from '../graph/graph.ts'
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

/** An edge that leads to FAIL. */
interface FailTaken extends Left {
  readonly graph: Pick<Graph, 'name'>
  readonly edge: Pick<EdgeRecord, 'id' | 'limit'>
  /** Its limit was used up: FAIL is where it leads then. */
  readonly isOtherwise: boolean
  /** Of a join: branches that failed, as those that hear it are told. */
  readonly failed?: readonly Json[]
}

/**
 * What a run, or a branch, fails with as an edge leads to FAIL: the error of the node that has just ended; where it had none, which node ended how,
 * and which edge leads there.
 */
export function withFailure(
  context: RunContext,
  { record, outcome, graph, edge, isOtherwise, failed = [] }: FailTaken,
): RunContext {
  if (context.error !== null) return context
  const failure = failureOf(record, outcome)
  const max = edge.limit?.max ?? 0
  const by = `edge ${edge.id} of ${graph.name}`
  const why = isOtherwise ? `since ${by} has been taken ${max} of ${max} times` : `by ${by}`
  const error = engineError('WAYSTONE_NODE_FAIL_TAKEN', `${record.id}.${outcome} led to FAIL, ${why}`, {
    workflow: graph.name,
    node: record.id,
    outcome,
    edge: edge.id,
    ...(failed.length > 0 && { failed }),
  })
  return withContext(context, { error: failure === undefined ? error : Object.freeze({ ...error, failure }) })
}

/** What a run fails with whose `limits.exhausted` leads to FAIL. @param node - that ended when the limit was hit; absent: none did */
export function limitFailure(
  { name, limits }: Pick<Graph, 'name' | 'limits'>,
  limit: LimitName,
  left?: Left,
): ErrorRecord {
  const max = limits.bounds[limit]?.max
  const where = left === undefined ? '' : `, as ${left.record.id}.${left.outcome} was to lead on`
  const message = `limit ${limit}${max === undefined ? '' : ` (${max})`} of ${name} was hit${where}: limits.exhausted leads to FAIL`
  return engineError('WAYSTONE_NODE_LIMIT_REACHED', message, {
    workflow: name,
    limit,
    ...(max !== undefined && { max }),
    ...(left !== undefined && { node: left.record.id, outcome: left.outcome }),
    edge: 'limits.exhausted',
  })
}
