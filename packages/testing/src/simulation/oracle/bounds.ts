import { check, type CheckReport, type CompiledWorkflow, type RunContext } from '@waystone/core'
import type { Report, RunFacts } from './run-facts.ts'

const known = new WeakMap<CompiledWorkflow, CheckReport['bounds']>()

function boundsOf(spec: CompiledWorkflow): CheckReport['bounds'] {
  const bounds = known.get(spec) ?? check(spec).bounds
  known.set(spec, bounds)
  return bounds
}

/** What `check` says of a workflow before any run holds for every run of it, and wherever it is nested, in whatever weather. */
export function checkBounds(
  { spec, checkpoints }: RunFacts,
  { steps, others = 0, usage }: RunContext,
  report: Report,
): void {
  const bounds = boundsOf(spec)
  const used = { steps: steps - others, modelCalls: usage.modelCalls, toolCalls: usage.toolCalls }
  for (const name of ['steps', 'modelCalls', 'toolCalls'] as const) {
    const { max } = bounds[name].limited
    if (max !== null && used[name] > max)
      report(
        'bounds-hold',
        `${name} of ${spec.graph.name} is ${used[name]} after ${checkpoints.length}; at most are ${max}`,
      )
  }
}
