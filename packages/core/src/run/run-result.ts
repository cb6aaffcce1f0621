import type { RunId } from '../base/ids.ts'
import { pick } from '../compile/steps.ts'
import { statusOf, type RunContext, type RunStatus } from '../snapshot/snapshot.ts'
import type { RunResult } from './runtime.ts'

/** Where a run stands, from its snapshot. */
export interface ResultOf {
  readonly runId: RunId
  readonly sequence: number
  readonly context: RunContext
  /** The workflow's output keys. */
  readonly output: readonly string[]
  /** What only a runtime knows (`parked`); default: as the snapshot says. */
  readonly status?: RunStatus
}

/** Writes where a run stands. */
export function resultOf({ runId, sequence, context, output, status = statusOf(context) }: ResultOf): RunResult {
  const { ending } = context
  const base = { runId, status, usage: context.usage, sequence }
  if (status === 'completed') return { ...base, output: pick(context.state, output) }
  if (ending?.error !== undefined) return { ...base, error: ending.error }
  return ending?.limit === undefined ? base : { ...base, limit: ending.limit }
}
