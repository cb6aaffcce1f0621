import { isSettled, stepTimers, timersBesideSteps } from '../compile/commands.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { nodePath } from '../base/node-path.ts'
import { indexEntries } from '../base/with-index.ts'
import type { RunSummary } from '../checkpoint/store.ts'
import { statusOf, type RunContext } from '../snapshot/snapshot.ts'

/** What listings, timers and filters need of a run, from its snapshot. Nodes of nested workflows are told by path. Cost: O(open steps), of nested workflows what has changed. */
export function summaryOf(compiled: CompiledWorkflow, context: RunContext): RunSummary {
  const { nodes, requests, dueAt } = activityOf(compiled, context)
  // Nobody else would see to it: an ended run is not offered to free processes otherwise.
  const nextDueAt = context.ending !== null && !isSettled(context) ? context.ending.at : dueAt
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

/** What is open in a run, or in a workflow nested in one. */
interface Activity {
  /** Paths from there. Order: by step, what is nested in a step last. */
  readonly nodes: readonly string[]
  readonly requests: number
  /** Of its first timer, ms since the epoch; null: none. */
  readonly dueAt: number | null
}

/** Of nested workflows: a move changes one of them, and a map may have hundreds under way. */
const inside = new WeakMap<RunContext, Activity>()

function activityOf(compiled: CompiledWorkflow, context: RunContext): Activity {
  const { open, closing, children } = context
  const nodes = new Set<string>()
  let requests = 0
  let dueAt: number | null = null
  for (const { at } of timersBesideSteps(compiled, context)) dueAt = earlier(dueAt, at)
  for (const [index, step] of indexEntries(open)) {
    for (const { at } of stepTimers(index, step)) dueAt = earlier(dueAt, at)
    // What is nested in it says more.
    if (step.kind !== 'workflow') nodes.add(step.node)
    if ((step.kind === 'approval' && step.approved === undefined) || step.kind === 'resolve') requests += 1
  }
  for (const index in children) {
    const child = children[index]
    const holder = open[index] ?? closing[index]
    const nested = holder === undefined ? undefined : compiled.nested.get(holder.node)
    if (child === undefined || holder === undefined || nested === undefined) continue
    const found = inside.get(child.context) ?? activityOf(nested, child.context)
    inside.set(child.context, found)
    for (const node of found.nodes) nodes.add(nodePath([holder.node], node))
    requests += found.requests
    // A workflow that is over only waits for what it has cancelled.
    if (open[index] !== undefined) dueAt = earlier(dueAt, found.dueAt)
  }
  return { nodes: [...nodes], requests, dueAt }
}

function earlier(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.min(one, other)
}
