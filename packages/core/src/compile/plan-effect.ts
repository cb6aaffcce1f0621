import { withoutIndex } from '../base/with-index.ts'
import type { NodeRecord } from '../graph/graph.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import { isAsking, type OpenStep } from '../snapshot/snapshot.ts'
import { beginNested } from './begin-nested.ts'
import { engineError } from './frozen-error.ts'
import { freed } from './freed.ts'
import { isUnderWay, lifted, placeOfStep, placesOf, rootPlace, type Place } from './place.ts'
import { eventNames } from './names.ts'
import { outsideOf } from './group-error.ts'
import { lateUndo, noteUndo, recordOfStep, takenOver } from './undo-ledger.ts'
import { routeUndo } from './undo-route.ts'
import type { Plan } from './planned.ts'
import { applied } from './applied.ts'
import { at, checkpointStep, type RunAt } from './run-at.ts'
import { settle, usageOf, withChildren, withContext } from './steps.ts'
import { moveMachine } from './move-machine.ts'
import { foreignWrites, moveStep, stale } from './plan-move.ts'
import { beginWait } from './waits.ts'

/** A step has ended, in the run or in what is nested in it: it moves what it was open in, or only settles its usage. */
export function endEffect(root: RunAt, end: EffectEnd): Plan {
  const place = placeOfStep(root, end.step)
  if (place === undefined) return stale(`step ${end.step} is not open`)
  const run = at(root, place)
  const { context } = run.snapshot
  const closing = context.closing[end.step]
  if (closing !== undefined) {
    if (closing.kind === 'workflow') return stale(`step ${end.step} is over when what is nested in it has settled`)
    return closing.attempt === end.attempt
      ? settleLate(run, closing, end)
      : stale(`step ${end.step} was cancelled at attempt ${closing.attempt}, not ${end.attempt}`)
  }
  const step = context.open[end.step]
  if (step === undefined) return stale(`step ${end.step} is not open`)
  if (step.attempt !== end.attempt) return stale(`step ${end.step} is at attempt ${step.attempt}, not ${end.attempt}`)
  if (isAsking(step)) return stale(`step ${end.step} waits for a person, not for an effect`)
  if (step.kind === 'workflow') return stale(`step ${end.step} waits for the workflow nested in it, not for an effect`)
  if (step.kind === 'wait') return stale(`step ${end.step} waits for an event or for time to pass, not for an effect`)
  if (step.kind === 'prepare' && end.outcome === 'begun') return beginWait(run, step, end)
  if (step.kind === 'input' && end.outcome === 'begun') return beginNested(run, step, end)
  const checked = withCheckedKeys(recordOfStep(run.compiled.graph, step), end)
  return moveStep(step.kind === 'output' ? withoutNested(run, step, end.step) : run, step, { end: checked })
}

/** What a nested workflow gave has been taken over: nothing of it stays but what may have to be undone. */
function withoutNested(run: RunAt, { node }: OpenStep, step: number): RunAt {
  const { value, context } = run.snapshot
  const child = context.children?.[step]
  const told =
    child === undefined ? context : takenOver(context, node, outsideOf(run.compiled.graph.nodes[node], child.context))
  const left = withChildren(told, withoutIndex(context.children ?? {}, step))
  return { ...run, snapshot: Object.freeze({ value, context: left }) }
}

/** A patch may only hold keys that its node declares; anything else fails the node and changes nothing. */
function withCheckedKeys(record: NodeRecord | undefined, end: EffectEnd): EffectEnd {
  const problem = record === undefined ? undefined : foreignWrites(record, end)
  if (problem === undefined) return end
  const { patch: _, unset: __, ...rest } = end
  const error = engineError('WAYSTONE_NODE_WRITE_UNDECLARED', problem)
  return { ...rest, outcome: 'failed', error, ...(record?.effect !== 'pure' && { mayHaveHappened: true }) }
}

function settleLate(run: RunAt, step: OpenStep, end: EffectEnd): Plan {
  const { snapshot, position } = run
  const { graph } = run.compiled
  const settled = settle(snapshot.context, step, end)
  const closed = withContext(settled, { closing: withoutIndex(settled.closing, end.step) })
  const record = graph.nodes[step.node]
  const ended = { stepIndex: end.step, step, end, sequence: position.sequence }
  const context =
    step.undoes !== undefined
      ? lateUndo(graph, closed, { ...ended, undoes: step.undoes })
      : record === undefined || run.root.snapshot?.context.ending !== null
        ? closed
        : noteUndo(graph, closed, { ...ended, record })
  const next = Object.freeze({ value: snapshot.value, context })
  const facts = { step: checkpointStep(run, step, end), usage: usageOf(step, end) }
  const whole = lifted(run, next, run.event.at)
  const waiting = placesOf(rootPlace(run.root.compiled, whole)).find((place) => mayUndo(place))
  if (waiting === undefined) {
    const begun = freed(run, whole)
    return begun === undefined
      ? lateOrApplied(applied(run, next, facts))
      : applied(run, begun.next, { ...facts, decision: begun.decision, isWhole: true })
  }
  const place = at({ ...run, ...waiting }, waiting)
  const moved = moveMachine(place, { type: eventNames.undo, at: run.event.at })
  return applied(place, moved.next, { ...facts, ...moved.facts })
}

/** What was cancelled moves nothing by itself: it may have left room for what waited. */
function lateOrApplied(planned: Extract<Plan, { readonly type: 'applied' }>): Plan {
  return planned.checkpoint.decision === null ? { ...planned, type: 'late' } : planned
}

/** A workflow that is about to end, and waited for what it had cancelled before it undoes what it did. */
function mayUndo(place: Place): boolean {
  const { context } = place.snapshot
  if (context.undoing === undefined || !isUnderWay(place)) return false
  return routeUndo(place.compiled.graph, context, undefined) !== undefined
}
