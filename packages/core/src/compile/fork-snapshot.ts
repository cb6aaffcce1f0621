import type { EngineEvent } from '../snapshot/event.ts'
import type { OpenStep, Snapshot } from '../snapshot/snapshot.ts'
import { noUsage } from '../snapshot/usage.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { withContext } from './steps.ts'

/**
 * The first snapshot of a forked run: the origin's, with state keys set anew and what was open asked for again.
 *
 * Usage, the run's time and a hold begin anew; visits, edge counts and step indices go on, so that limits of edges hold along
 * the lineage and effect ids do not repeat.
 */
export function forkedSnapshot(
  compiled: CompiledWorkflow,
  event: Extract<EngineEvent, { type: 'run.forked' }>,
): Snapshot {
  const { snapshot, patch } = event.payload
  const { context } = snapshot
  const open: { [index: string]: OpenStep } = {}
  for (const index in context.open) {
    const step = context.open[index]
    if (step !== undefined) open[index] = reopened(compiled, step, event.at)
  }
  const state = Object.keys(patch).length === 0 ? context.state : Object.freeze({ ...context.state, ...patch })
  const next = withContext(context, {
    state,
    open: Object.freeze(open),
    closing: Object.freeze({}),
    usage: noUsage,
    startedAt: event.at,
    held: null,
  })
  return Object.freeze({ value: snapshot.value, context: next })
}

function reopened(compiled: CompiledWorkflow, step: OpenStep, at: number): OpenStep {
  const { notBefore: _, expiresAt: __, ...rest } = step
  const record = compiled.graph.nodes[step.node]
  const expiresAt =
    record?.kind === 'approval' && record.expiresInMs !== null ? { expiresAt: at + record.expiresInMs } : {}
  return Object.freeze({ ...rest, attempt: 1, since: at, ...expiresAt })
}
