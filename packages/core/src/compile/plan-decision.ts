import type { PersonDecision } from '../snapshot/event.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'
import { asksBeforeCall } from './call-question.ts'
import { voiceOf } from './deciders.ts'
import { engineError } from './frozen-error.ts'
import { transitionNames } from './names.ts'
import { placeOfStep } from './place.ts'
import type { Plan } from './planned.ts'
import { offeredOutcomes, requestDigest } from './request-digest.ts'
import { applied, at, type RunAt } from './run-at.ts'
import type { StepAnswer } from './step-end.ts'
import { recordOfStep } from './undo-ledger.ts'
import { foreignWrites, moveStep, refuse, stale, stayOpen } from './plan-move.ts'

/** A person has decided: the request is answered, a voice counted, or it is refused. */
export function decide(root: RunAt, decision: PersonDecision): Plan {
  const place = placeOfStep(root, decision.step)
  const run = place === undefined ? root : at(root, place)
  const { compiled, snapshot } = run
  const step = snapshot.context.open[decision.step]
  const offered = offeredOutcomes(compiled, snapshot.context, decision.step)
  if (step === undefined || offered.length === 0)
    return stale(`step ${decision.step} asks nobody; it may have been decided already`)
  if (!offered.includes(decision.outcome)) {
    return refuse(
      'outcome-not-offered',
      `request ${decision.step} was answered "${decision.outcome}"; it offers ${offered.join(', ')}`,
    )
  }
  if (decision.digest !== requestDigest(compiled, snapshot.context, decision.step)) {
    return refuse(
      'digest-mismatch',
      `what request ${decision.step} asks has changed since it was shown; look at it again and decide anew`,
    )
  }
  const record = recordOfStep(compiled.graph, step)
  const problem = record === undefined ? undefined : foreignWrites(record, decision)
  if (problem !== undefined) return refuse('write-undeclared', problem)
  const voice = voiceOf(compiled, snapshot.context, { step, decision, at: run.event.at })
  if (voice.type === 'refused') return refuse(voice.reason, voice.message)
  if (voice.type === 'counted') {
    const counted = stayOpen(step, { outcome: decision.outcome, taken: transitionNames.vote(step.node) })
    return applied(run, Object.freeze({ value: snapshot.value, context: voice.context }), { decision: counted })
  }
  return moveStep(run, step, { end: decisionEnd(step, decision, voice.reasons) })
}

/** A person's answer as the end of the step that asked. */
function decisionEnd(step: OpenStep, decision: PersonDecision, reasons: readonly string[]): StepAnswer {
  const { outcome, by, reason } = decision
  const base = { step: decision.step, attempt: step.attempt, startedAt: step.since }
  if (asksBeforeCall(step)) {
    const edited = decision.arguments === undefined ? {} : { arguments: decision.arguments }
    return { ...base, outcome, reason: reasons.join('; '), ...edited }
  }
  const patch = decision.patch === undefined ? {} : { patch: decision.patch }
  if (step.kind !== 'resolve') {
    const verdict = Object.freeze({ outcome, reasons: Object.freeze([...reasons]) })
    return { ...base, ...patch, outcome, verdict }
  }
  if (outcome === 'did-not-happen') return { ...base, outcome }
  if (outcome === 'failed') {
    const message = `${by} said that it failed${reason === '' ? '' : `: ${reason}`}`
    return { ...base, outcome, error: engineError('WAYSTONE_NODE_DECLARED_FAILED', message) }
  }
  return {
    ...base,
    ...patch,
    outcome: outcome === 'happened' ? 'done' : outcome,
    ...(decision.result !== undefined && { result: decision.result }),
    ...(decision.isWanted === true && { isWanted: true }),
  }
}
