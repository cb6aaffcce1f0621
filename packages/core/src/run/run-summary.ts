import { durationEndsAt, isSettled, stepTimers } from '../compile/commands.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import type { RunSummary } from '../checkpoint/store.ts'
import { statusOf, type RunContext } from '../snapshot/snapshot.ts'

/** What listings, timers and filters need of a run, from its snapshot. Cost: O(open steps). */
export function summaryOf(compiled: CompiledWorkflow, context: RunContext): RunSummary {
  const nodes: string[] = []
  let nextDueAt = durationEndsAt(compiled, context)
  let requests = 0
  for (const index in context.open) {
    const step = context.open[index]
    if (step === undefined) continue
    if (!nodes.includes(step.node)) nodes.push(step.node)
    if ((step.kind === 'approval' && step.approved === undefined) || step.kind === 'resolve') requests += 1
    for (const { at } of stepTimers(index, step)) if (nextDueAt === null || at < nextDueAt) nextDueAt = at
  }
  // Nobody else would see to it: an ended run is not offered to free processes otherwise.
  if (context.ending !== null && !isSettled(context)) nextDueAt = context.ending.at
  return {
    status: statusOf(context),
    nodes,
    usage: context.usage,
    steps: context.steps,
    nextDueAt,
    requests,
    errorCode: context.ending?.error?.code ?? null,
  }
}
