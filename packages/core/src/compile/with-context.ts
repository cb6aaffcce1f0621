import type { RunContext } from '../snapshot/snapshot.ts'

/** A context with some parts replaced; frozen. */
export function withContext(context: RunContext, parts: Partial<RunContext>): RunContext {
  return Object.freeze({ ...context, ...parts })
}
