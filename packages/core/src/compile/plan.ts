import type { EngineEvent } from '../snapshot/event.ts'
import type { RunContext, Snapshot } from '../snapshot/snapshot.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { forkedSnapshot } from './fork-snapshot.ts'
import { freed } from './freed.ts'
import type { MachineInput } from './machine-event.ts'
import { rootPlace } from './place.ts'
import type { Plan, Position } from './planned.ts'
import { applied } from './applied.ts'
import type { RunAt } from './run-at.ts'
import { refuse } from './plan-move.ts'
import { endEffect } from './plan-effect.ts'
import { decide } from './plan-decision.ts'
import { timerDue } from './plan-timer.ts'
import { eventWord } from './event-word.ts'
import { receiveEvent } from './waits.ts'
import { cancel, hold, patchState, release, revokeRule } from './plan-operator.ts'
import { answerQuestion, askQuestion } from './plan-question.ts'
import { redirect } from './plan-redirect.ts'

export type { Plan, Position } from './planned.ts'

/**
 * The whole engine: one event, at most one checkpoint. Pure: same snapshot and event in, same plan out. A runtime only carries
 * it out.
 *
 * @param snapshot - null before the run's first event (`run.started`, `run.forked`)
 * @param event - its payload parsed, deeply frozen, and sharing no object with the snapshot or within itself (`copyJson`): it would not when it is read back
 * @throws {InvariantError} when the machine and the route disagree; never for anything an author or a caller did
 */
export function plan(
  compiled: CompiledWorkflow,
  position: Position,
  snapshot: Snapshot | null,
  event: EngineEvent,
): Plan {
  if (event.type === 'run.started' || event.type === 'run.forked') return begin(compiled, position, { snapshot, event })
  if (snapshot === null) return refuse('not-started', `event ${event.type} came before run.started`)
  const run: RunAt = { ...rootPlace(compiled, snapshot), root: { compiled, snapshot }, position, event }
  if (snapshot.context.ending !== null && event.type !== 'effect.ended') {
    return refuse(
      'run-ended',
      `the run has ended ${snapshot.context.ending.status}; it takes no ${eventWord(event.type)}`,
    )
  }
  switch (event.type) {
    case 'effect.ended':
      return endEffect(run, event.payload)
    case 'request.decided':
      return decide(run, event.payload)
    case 'event.received':
      return receiveEvent(run, event.payload)
    case 'request.asked':
      return askQuestion(run, event.payload)
    case 'request.answered':
      return answerQuestion(run, event.payload)
    case 'timer.due':
      return timerDue(run, event.payload.timer)
    case 'run.hold':
      return hold(run, event.payload)
    case 'run.release':
      return release(run, event.payload)
    case 'run.patch':
      return patchState(run, event.payload)
    case 'run.redirect':
      return redirect(run, event.payload)
    case 'rule.revoke':
      return revokeRule(run, event.payload)
    case 'run.cancel':
      return cancel(run, event.payload)
  }
}

type FirstEvent = Extract<EngineEvent, { type: 'run.started' | 'run.forked' }>

function begin(
  compiled: CompiledWorkflow,
  position: Position,
  { snapshot, event }: { readonly snapshot: Snapshot | null; readonly event: FirstEvent },
): Plan {
  if (snapshot !== null) return refuse('already-started', `the run has begun; it takes no second ${event.type}`)
  const isForked = event.type === 'run.forked'
  const first = isForked ? forkedSnapshot(compiled, event) : compiled.runner.begin(beginning(event))
  const run: RunAt = { ...rootPlace(compiled, first), root: { compiled, snapshot: null }, position, event }
  // What was cancelled in the origin has nothing to settle in its fork.
  const begun = isForked ? freed(run, first) : undefined
  return begun === undefined
    ? applied(run, first, {})
    : applied(run, begun.next, { decision: begun.decision, isWhole: true })
}

function beginning({ payload, at }: Extract<EngineEvent, { type: 'run.started' }>): MachineInput {
  const { input, callCosts } = payload
  return { state: input, at, ...(callCosts !== undefined && { callCosts }) }
}

/** The nodes a run is at. Order: by step, then those that wait to begin something. */
export function activeNodes(context: RunContext): readonly string[] {
  const nodes = new Set<string>()
  for (const index in context.open) nodes.add(context.open[index]?.node ?? '')
  for (const node of context.short?.nodes ?? []) nodes.add(node)
  return [...nodes]
}
