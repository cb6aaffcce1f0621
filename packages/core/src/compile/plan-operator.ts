import type { Decision } from '../snapshot/decision.ts'
import { crossingName } from '../graph/policy-crossing.ts'
import type { OverridingMove, RuleRevoked, RunPatch } from '../snapshot/event.ts'
import { cancelledState, eventNames, transitionNames } from './names.ts'
import { brokenText, noteBroken, standsAt, stillBroken } from './operator-policies.ts'
import { patchedContext, patchRefusal, policiesOfPatch } from './patch-state.ts'
import { notePatched } from './patched-keys.ts'
import { stirred } from './stall.ts'
import type { Plan } from './planned.ts'
import { applied } from './applied.ts'
import type { RunAt } from './run-at.ts'
import { withContext } from './steps.ts'
import { mayCompensate } from '../graph/compensations.ts'
import { moveMachine } from './move-machine.ts'
import { refuse } from './plan-move.ts'

/** Nothing new begins in the run. */
export function hold(run: RunAt, move: { readonly by: string; readonly reason: string }): Plan {
  const { context, value } = run.snapshot
  if (context.held !== null)
    return refuse('already-held', `the run is held already, by ${context.held.by}: ${context.held.reason}`)
  const held = Object.freeze({ by: move.by, reason: move.reason, at: run.event.at })
  return applied(run, Object.freeze({ value, context: withContext(context, { held }) }), {})
}

/** The run goes on. */
export function release(run: RunAt, { override }: OverridingMove): Plan {
  const { context, value } = run.snapshot
  if (context.held === null) return refuse('not-held', 'the run is not held')
  const [broken] = stillBroken(run.compiled.graph, context, override)
  if (broken !== undefined) {
    const message = `what was changed while the run was held is not what ${crossingName(broken)} was for, and ${brokenText(broken, standsAt(context))}; redirect it to where that is asked, or override tool ${broken.never}`
    return refuse('policy-broken', message)
  }
  return applied(run, Object.freeze({ value, context: withContext(context, { held: null }) }), {})
}

/** An operator has changed the state. */
export function patchState(run: RunAt, payload: RunPatch): Plan {
  const { compiled, snapshot } = run
  const refusal = patchRefusal(compiled, snapshot.context, payload)
  if (refusal !== undefined) return refuse(refusal.reason, refusal.message)
  const broken = policiesOfPatch(compiled, snapshot.context, payload)
  const keys = [...Object.keys(payload.state), ...(payload.unset ?? [])]
  const noted = notePatched(compiled.graph, patchedContext(snapshot.context, payload), { keys, at: run.event.at })
  const patched = noteBroken(noted, broken)
  const context = stirred(compiled.graph.limits.stall, patched, keys)
  return applied(run, Object.freeze({ value: snapshot.value, context }), {})
}

/** The run is stopped. One that undoes what it did already hears of it; the second time that is stopped too. */
export function cancel(run: RunAt, move: { readonly by: string; readonly reason: string }): Plan {
  const { snapshot, event } = run
  const { next, facts } = moveMachine(withoutHold(run), {
    type: eventNames.cancel,
    at: event.at,
    by: move.by,
    reason: move.reason,
  })
  if (snapshot.context.undoing !== undefined) return applied(run, next, facts)
  const first = Object.values(snapshot.context.open)[0]
  const decision: Decision = {
    node: first?.node ?? '',
    visit: first?.visit ?? 1,
    outcome: 'cancelled',
    candidates: [{ edge: transitionNames.cancel, verdict: 'taken' }],
    taken: transitionNames.cancel,
    to: cancelledState,
    ...(facts.decision !== undefined && { next: facts.decision }),
  }
  return applied(run, next, { decision })
}

/** A decision is remembered in the run no longer. */
export function revokeRule(run: RunAt, { rule }: RuleRevoked): Plan {
  const { context, value } = run.snapshot
  const { rules = [], ...rest } = context
  const left = rules.filter(({ id }) => id !== rule)
  if (left.length === rules.length) return refuse('rule-unknown', `the run remembers no rule ${rule}`)
  const next = left.length === 0 ? Object.freeze(rest) : withContext(context, { rules: Object.freeze(left) })
  return applied(run, Object.freeze({ value, context: next }), {})
}

/** A hold that kept a run from going on does not keep it from undoing what it did, once it is cancelled. */
function withoutHold(run: RunAt): RunAt {
  const { context, value } = run.snapshot
  const isUndoable = mayCompensate(run.compiled.graph) && context.undoing === undefined
  if (context.held === null || !isUndoable) return run
  return { ...run, snapshot: Object.freeze({ value, context: withContext(context, { held: null }) }) }
}
