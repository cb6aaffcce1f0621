import type { PersonDecision } from '../snapshot/event.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'
import type { StickyRule } from '../snapshot/sticky-rule.ts'
import { effectIdOf } from '../base/ids.ts'
import { asksBeforeCall } from './call-question.ts'
import { voiceOf } from './deciders.ts'
import { engineError } from './frozen-error.ts'
import { transitionNames } from './names.ts'
import { placeOfStep } from './place.ts'
import type { Plan } from './planned.ts'
import { offeredOutcomes, requestDigest } from './request-digest.ts'
import { applied } from './applied.ts'
import { at, type RunAt } from './run-at.ts'
import type { StepAnswer } from './step-end.ts'
import { askedCallOf, rememberRefusal, ruleOf, ruleRefusal, type AskedCall } from './sticky-rules.ts'
import { recordOfStep } from './undo-ledger.ts'
import { foreignWrites, moveStep, refuse, stale, stayOpen } from './plan-move.ts'

/** A person has decided: the request is answered, a voice counted, or it is refused. */
export function decide(root: RunAt, decision: PersonDecision): Plan {
  const place = placeOfStep(root, decision.step)
  const run = place === undefined ? root : at(root, place)
  const { compiled, snapshot } = run
  const step = snapshot.context.open[decision.step]
  const offered = offeredOutcomes(compiled, snapshot.context, decision.step)
  if (step === undefined || offered.length === 0) return stale(`step ${decision.step} asks nobody any more`)
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
  const asked = askedCallOf(run, step)
  const unfit = decision.rule === undefined ? undefined : ruleProblem(root, { asked, decision, rule: decision.rule })
  if (unfit !== undefined)
    return refuse('rule-does-not-fit', `the rule does not decide request ${decision.step}: ${unfit}`)
  const forgotten = rememberRefusal(asked, decision)
  if (forgotten !== undefined) return refuse('not-remembered', forgotten)
  const voice = voiceOf(compiled, snapshot.context, { step, decision, at: run.event.at })
  if (voice.type === 'refused') return refuse(voice.reason, voice.message)
  if (voice.type === 'counted') {
    const counted = stayOpen(run, step, { outcome: decision.outcome, taken: transitionNames.vote(step.node) })
    return applied(run, Object.freeze({ value: snapshot.value, context: voice.context }), { decision: counted })
  }
  const made = { id: effectIdOf(run.position.runId, decision.step), at: run.event.at }
  const rule = asked === undefined ? undefined : ruleOf(asked, decision, made)
  return moveStep(run, step, { end: decisionEnd(step, decision, voice.reasons), rule })
}

interface Ruled {
  readonly asked: AskedCall | undefined
  readonly decision: PersonDecision
  readonly rule: StickyRule
}

/** Why a rule does not decide; one of the run must be there as it was made. */
function ruleProblem({ snapshot, event }: RunAt, { asked, decision, rule }: Ruled): string | undefined {
  if (decision.outcome !== rule.outcome || decision.by !== rule.by || decision.for !== rule.for)
    return 'it says something else'
  if (rule.scope === 'run') {
    const known = snapshot.context.rules?.find(({ id }) => id === rule.id)
    if (known?.digest !== rule.digest) return 'the run has no such rule'
  }
  return ruleRefusal(asked, rule, event.at)
}

/** A person's answer as the end of the step that asked. */
function decisionEnd(step: OpenStep, decision: PersonDecision, reasons: readonly string[]): StepAnswer {
  const { outcome, by, reason } = decision
  const base = { step: decision.step, attempt: step.attempt, startedAt: step.since }
  if (asksBeforeCall(step)) {
    const edited = decision.arguments === undefined ? {} : { arguments: decision.arguments }
    return { ...base, outcome, reason: reasons.join('; '), by, ...edited }
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
