import type { JsonObject } from '../base/json.ts'
import { withIndex } from '../base/with-index.ts'
import { invariantError } from '../errors/invariant-error.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { OpenStep, Snapshot } from '../snapshot/snapshot.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { exhaustAround } from './exhaust-around.ts'
import { costsInside, findHitAbove, needOf } from './limits.ts'
import type { MachineInput } from './machine-event.ts'
import { transitionNames } from './names.ts'
import { entered, itemsAround, pathAt, type Around, type Place } from './place.ts'
import type { Plan } from './planned.ts'
import { applied } from './applied.ts'
import { checkpointStep, type Facts, type RunAt } from './run-at.ts'
import { initialContext, withContext } from './steps.ts'

/** The input of a nested workflow is there: it begins, unless that needs more than a workflow around it has left. */
export function beginNested(run: RunAt, step: OpenStep, end: EffectEnd): Plan {
  const { compiled, event } = run
  const nested = compiled.nested.get(step.node)
  if (nested === undefined) throw missingNested(step.node)
  const { steps, callCosts } = run.snapshot.context
  const input: MachineInput = {
    // What an effect of this kind gives back was parsed as an object.
    state: (end.output ?? {}) as JsonObject,
    at: event.at,
    steps,
    ...costsInside(callCosts, step.node),
  }
  const place = placeToBegin(run, { nested, input, step: end.step, open: step })
  const start = nested.graph.nodes[nested.graph.start]
  const { context } = place.snapshot
  const hit = start === undefined ? undefined : findHitAbove(context, { need: needOf(start, context), at: event.at })
  const facts: Facts = { step: checkpointStep(run, step, end), items: itemsAround(run) }
  const decision: Decision = {
    node: pathAt(run, step.node),
    visit: step.visit,
    outcome: end.outcome,
    candidates: [{ edge: transitionNames.begin(step.node), verdict: hit === undefined ? 'taken' : 'exhausted' }],
    taken: hit === undefined ? transitionNames.begin(step.node) : transitionNames.exhausted,
    to: null,
    ...(hit !== undefined && { limit: hit }),
  }
  if (hit !== undefined) {
    const { next, to } = exhaustAround({ ...run, ...place }, { context, hit })
    return applied(run, next, { ...facts, decision: { ...decision, to }, isWhole: true })
  }
  return applied({ ...run, ...place }, nested.runner.begin(input), { ...facts, decision })
}

/** Where a nested workflow is to begin: nothing of it is there yet. */
function placeToBegin(
  { compiled, before, around, event }: RunAt,
  begins: {
    readonly nested: CompiledWorkflow
    readonly input: MachineInput
    readonly step: number
    readonly open: OpenStep
  },
): Place {
  const { nested, input, step, open } = begins
  // What an item has set aside is set aside by its first step.
  const { reserved: _, notBefore: __, ...held } = open
  const running: OpenStep = Object.freeze({ ...held, kind: 'workflow', since: event.at })
  const context = withContext(before.context, { open: withIndex(before.context.open, step, running) })
  const empty = Object.freeze({ value: '', context: initialContext(input.state, event.at, input) })
  const outer = Object.freeze({ value: before.value, context })
  return entered({
    compiled: nested,
    snapshot: empty,
    before: empty,
    around: [...withInside(around, outer), { compiled, snapshot: outer, step }],
  })
}

/** What is set aside in a workflow is set aside in all that hold it, so each of them must hold it as it is now. */
function withInside(around: readonly Around[], inner: Snapshot): readonly Around[] {
  let inside = inner
  return around
    .toReversed()
    .map((one): Around => {
      const { value, context } = one.snapshot
      const children = withIndex(context.children ?? {}, one.step, inside)
      inside = Object.freeze({ value, context: withContext(context, { children }) })
      return { ...one, snapshot: inside }
    })
    .toReversed()
}

function missingNested(node: string): Error {
  return invariantError('WAYSTONE_BUG_REGISTRY', `no workflow was compiled for node ${JSON.stringify(node)}`)
}
