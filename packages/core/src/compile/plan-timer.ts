import type { Decision } from '../snapshot/decision.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { OpenFork } from '../snapshot/open-fork.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'
import { asksBeforeCall } from './call-question.ts'
import { deadlineTimer, stepTimers } from './commands.ts'
import { exhaustAt } from './exhaust-around.ts'
import { escalated } from './deciders.ts'
import { durationTimer } from './ledger.ts'
import { eventNames, transitionNames } from './names.ts'
import { isUnderWay, namesAround, pathAt, placesOf } from './place.ts'
import type { Plan } from './planned.ts'
import { applied } from './applied.ts'
import { at, type RunAt } from './run-at.ts'
import { moveMachine } from './move-machine.ts'
import { movedBy, moveStep, stale, stayOpen } from './plan-move.ts'

function escalate(run: RunAt, stepIndex: number, step: OpenStep): Plan {
  const { compiled, snapshot } = run
  const context = escalated(compiled, snapshot.context, { stepIndex, step })
  const decision = stayOpen(run, step, { outcome: 'escalated', taken: transitionNames.escalate(step.node) })
  return applied(run, Object.freeze({ value: snapshot.value, context }), { decision })
}

/** A time has come: of a request, an agent's visit, a join, or a workflow. */
export function timerDue(root: RunAt, timer: string): Plan {
  for (const place of placesOf(root)) {
    const plan = isUnderWay(place) ? timerDueAt(at(root, place), timer) : undefined
    if (plan !== undefined) return plan
  }
  return stale(`timer ${timer} is not set`)
}

function timerDueAt(run: RunAt, timer: string): Plan | undefined {
  const { snapshot, event } = run
  const { context } = snapshot
  if (timer === durationTimer(run.around.at(-1)?.step)) return durationOver(run)
  for (const index in context.open) {
    const step = context.open[index]
    const due = step === undefined ? undefined : stepTimers(index, step).find((one) => one.timer === timer)
    if (step === undefined || due === undefined) continue
    if (event.at < due.at) return { type: 'early', message: `timer ${timer} is due at ${due.at}, not at ${event.at}` }
    if (due.what === 'escalation') return escalate(run, Number(index), step)
    return due.what === 'visit' ? endVisit(run, Number(index), step) : expire(run, Number(index), step)
  }
  for (const join in context.forks) {
    const fork = context.forks[join]
    if (fork !== undefined && timer === deadlineTimer(fork.step)) return deadlineOver(run, join, fork)
  }
  return undefined
}

function deadlineOver(run: RunAt, join: string, { until }: OpenFork): Plan {
  const { at: now } = run.event
  if (until === undefined) return stale(`join ${join} has no deadline`)
  if (now < until) return { type: 'early', message: `the deadline of join ${join} is at ${until}, not at ${now}` }
  const { next, facts } = moveMachine(run, { type: eventNames.deadline(join), at: now })
  return applied(run, next, facts)
}

function expire(run: RunAt, stepIndex: number, step: OpenStep): Plan {
  const end = { step: stepIndex, attempt: step.attempt, startedAt: step.since, outcome: 'expired' }
  if (asksBeforeCall(step)) return moveStep(run, step, { end })
  // What a wait for time was there for has come.
  if (step.kind === 'wait')
    return moveStep(run, step, { end: step.awaits === undefined ? { ...end, outcome: 'done' } : end })
  if (!(run.compiled.graph.nodes[step.node]?.outcomes ?? []).includes('expired'))
    return stale(`node ${step.node} does not expire`)
  const verdict = Object.freeze({ outcome: 'expired', reasons: Object.freeze([]) })
  return moveStep(run, step, { end: { ...end, verdict } })
}

/** The time of an agent's visit is over: its outcome is `exhausted`, and what it has open is stopped. */
function endVisit(run: RunAt, stepIndex: number, step: OpenStep): Plan {
  const end: EffectEnd = { step: stepIndex, attempt: step.attempt, startedAt: step.since, outcome: 'exhausted' }
  const { next, facts } = movedBy(run, step, { end, limit: 'durationMs' })
  return applied(run, next, facts)
}

function durationOver(run: RunAt): Plan {
  const { compiled, snapshot, event, around } = run
  const { context } = snapshot
  const bound = compiled.graph.limits.bounds.durationMs
  if (bound === undefined || context.exhausted !== null || context.undoing !== undefined)
    return stale('timer duration is not set')
  const used = event.at - context.startedAt
  if (used < bound.max)
    return {
      type: 'early',
      message: `the ${around.length === 0 ? "run's time" : `time of ${namesAround(run).join('/')}`} ends at ${context.startedAt + bound.max}, not at ${event.at}`,
    }
  const { next, to } = exhaustAt(run, 'durationMs')
  const first = Object.values(context.open)[0]
  const decision: Decision = {
    node: first === undefined ? '' : pathAt(run, first.node),
    visit: first?.visit ?? 1,
    outcome: 'limit',
    candidates: [{ edge: transitionNames.exhausted, verdict: 'taken' }],
    taken: transitionNames.exhausted,
    to,
    limit: { name: 'durationMs', used, max: bound.max },
  }
  return applied(run, next, { decision, isWhole: true })
}
