import { withoutIndex } from '../base/with-index.ts'
import type { NodeRecord } from '../graph/graph.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import { isAsking, type OpenStep } from '../snapshot/snapshot.ts'
import { beginNested } from './begin-nested.ts'
import { engineError } from './frozen-error.ts'
import { placeOfStep } from './place.ts'
import type { Plan } from './planned.ts'
import { applied, at, checkpointStep, type RunAt } from './run-at.ts'
import { settle, usageOf, withChildren, withContext } from './steps.ts'
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
  const checked = withCheckedKeys(run.compiled.graph.nodes[step.node], end)
  return moveStep(step.kind === 'output' ? withoutNested(run, end.step) : run, step, { end: checked })
}

/** What a nested workflow gave has been taken over: nothing of it stays. */
function withoutNested(run: RunAt, step: number): RunAt {
  const { value, context } = run.snapshot
  const left = withChildren(context, withoutIndex(context.children ?? {}, step))
  return { ...run, snapshot: Object.freeze({ value, context: left }) }
}

/** A patch may only hold keys that its node declares; anything else fails the node and changes nothing. */
function withCheckedKeys(record: NodeRecord | undefined, end: EffectEnd): EffectEnd {
  const problem = record === undefined ? undefined : foreignWrites(record, end)
  if (problem === undefined) return end
  const { patch: _, unset: __, ...rest } = end
  return { ...rest, outcome: 'failed', error: engineError('WAYSTONE_NODE_WRITE_UNDECLARED', problem) }
}

function settleLate(run: RunAt, step: OpenStep, end: EffectEnd): Plan {
  const { snapshot } = run
  const settled = settle(snapshot.context, step, end)
  const context = withContext(settled, { closing: withoutIndex(settled.closing, end.step) })
  const next = Object.freeze({ value: snapshot.value, context })
  return { ...applied(run, next, { step: checkpointStep(run, step, end), usage: usageOf(step, end) }), type: 'late' }
}
