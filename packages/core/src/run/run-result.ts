import type { RunId } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { statusOf, type RunStatus } from '../snapshot/snapshot.ts'
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
  if (status === 'completed') return { ...base, output: pickOutput(context.state, output) }
  if (ending?.error !== undefined) return { ...base, error: ending.error }
  return ending?.limit === undefined ? base : { ...base, limit: ending.limit }
}

function pickOutput(state: JsonObject, keys: readonly string[]): JsonObject {
  const output: { [key: string]: JsonObject[string] } = {}
  for (const key of keys) {
    const value = state[key]
    if (value !== undefined) output[key] = value
  }
  return Object.freeze(output)
}
