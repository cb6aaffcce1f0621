import { isSettled, timersOf } from '../compile/commands.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { pathAt, placesOf, rootPlace } from '../compile/place.ts'
import type { RunSummary } from '../checkpoint/store.ts'
import { statusOf, type RunContext } from '../snapshot/snapshot.ts'

/** What listings, timers and filters need of a run, from its snapshot. Nodes of nested workflows are told by path. Cost: O(open steps). */
export function summaryOf(compiled: CompiledWorkflow, context: RunContext): RunSummary {
  const nodes: string[] = []
  let nextDueAt: number | null = null
  let requests = 0
  for (const place of placesOf(rootPlace(compiled, { value: '', context }))) {
    const inside = place.snapshot.context
    for (const index in inside.open) {
      const step = inside.open[index]
      if (step === undefined) continue
      const node = pathAt(place, step.node)
      // What is nested in it says more.
      if (step.kind !== 'workflow' && !nodes.includes(node)) nodes.push(node)
      if ((step.kind === 'approval' && step.approved === undefined) || step.kind === 'resolve') requests += 1
    }
  }
  for (const { at } of timersOf(compiled, context)) if (nextDueAt === null || at < nextDueAt) nextDueAt = at
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
