import { check, type Checkpoint, type CheckReport, type CompiledWorkflow, type RunContext } from '@waystone/core'
import type { Report, RunFacts } from './run-facts.ts'

const known = new WeakMap<CompiledWorkflow, CheckReport['bounds']>()

function boundsOf(spec: CompiledWorkflow): CheckReport['bounds'] {
  const bounds = known.get(spec) ?? check(spec).bounds
  known.set(spec, bounds)
  return bounds
}

/**
 * Runs that an operator has led elsewhere than their edges do, or in which a person has had something done again that nobody knew the end of: nobody
 * counts that beforehand.
 */
const steered = new WeakSet<RunFacts>()

/** What `check` says of a workflow before any run holds for every run of it, and wherever it is nested, in whatever weather. */
export function checkBounds(
  { spec, run, checkpoints }: RunFacts,
  { steps, others = 0, usage }: RunContext,
  { checkpoint, report }: { readonly checkpoint: Checkpoint; readonly report: Report },
): void {
  if (isSteering(checkpoint)) steered.add(run)
  if (steered.has(run)) return
  const bounds = boundsOf(spec)
  const used = { steps: steps - others, modelCalls: usage.modelCalls, toolCalls: usage.toolCalls }
  for (const name of ['steps', 'modelCalls', 'toolCalls'] as const) {
    const { max } = bounds[name].limited
    if (max === null || used[name] <= max) continue
    const found = `${name} of ${spec.graph.name} is ${used[name]} after ${checkpoints.length}`
    report('bounds-hold', `${found}; at most are ${max}`)
  }
}

function isSteering({ event, step }: Checkpoint): boolean {
  if (event.type === 'run.redirect') return true
  return event.type === 'request.decided' && step?.kind === 'resolve' && event.payload.outcome === 'did-not-happen'
}
