import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { contextInside, itemsAround, pathAt, placeOfStep, rootPlace } from '../compile/place.ts'
import { recordOfStep } from '../compile/undo-ledger.ts'
import type { NodeRecord } from '../graph/graph.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'

/** A step of a run, wherever it is: in the run itself or in a workflow nested in it. */
export interface FoundStep {
  /** The workflow it belongs to, and where that stands. */
  readonly compiled: CompiledWorkflow
  readonly context: RunContext
  readonly record: NodeRecord
  readonly open: OpenStep
  /** Of its node: `research/draft` in a nested workflow. */
  readonly path: string
  /** The items of maps that it is inside of, outermost first. */
  readonly items: readonly number[]
}

/** Finds a step that is open; undefined: it is not, or its node is unknown. */
export function openStepOf(compiled: CompiledWorkflow, context: RunContext, step: number): FoundStep | undefined {
  return foundStep(compiled, context, { step, ledger: 'open' })
}

/** Finds a step that was cancelled and has not settled. */
export function closingStepOf(compiled: CompiledWorkflow, context: RunContext, step: number): FoundStep | undefined {
  return foundStep(compiled, context, { step, ledger: 'closing' })
}

function foundStep(
  compiled: CompiledWorkflow,
  context: RunContext,
  { step, ledger }: { readonly step: number; readonly ledger: 'open' | 'closing' },
): FoundStep | undefined {
  const place = placeOfStep(rootPlace(compiled, { value: '', context }), step)
  const open = place?.snapshot.context[ledger][step]
  const record = open === undefined || place === undefined ? undefined : recordOfStep(place.compiled.graph, open)
  if (place === undefined || open === undefined || record === undefined) return undefined
  return {
    compiled: place.compiled,
    context: contextInside(place),
    record,
    open,
    path: pathAt(place, open.node),
    items: itemsAround(place),
  }
}
