import type { RunId } from '../base/ids.ts'
import type { StoredRule } from '../checkpoint/store.ts'
import { inputError } from '../errors/input-error.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { StickyRule } from '../snapshot/sticky-rule.ts'
import type { EventStamp } from './decision-event.ts'
import type { RememberedRule } from './runtime.ts'

/** A rule of a run, as people see it. */
export function shownRule(workflow: string, rule: StickyRule, revoked: StoredRule['revoked'] = null): RememberedRule {
  const { id, scope, outcome, node, tool, by, reason, at, expiresAt, isExact } = rule
  return {
    id,
    workflow,
    scope,
    outcome,
    node,
    tool,
    arguments: rule.arguments,
    isExact: isExact === true,
    by,
    ...(rule.for !== undefined && { for: rule.for }),
    reason,
    at,
    expiresAt: expiresAt ?? null,
    revoked,
  }
}

/** The run in which a rule was made. @throws {InputError} WAYSTONE_INPUT_RULE when it is no id of a rule */
export function runOfRule(id: string): RunId {
  const [runId, step] = id.split('/')
  if (runId !== undefined && step !== undefined && /^\d+$/.test(step)) return runId as RunId
  throw inputError('WAYSTONE_INPUT_RULE', `${JSON.stringify(id)} is no id of a rule; rules() lists them`)
}

/** Somebody takes a rule of a run back. */
export function revokeEvent(
  rule: string,
  { by, reason }: { readonly by: string; readonly reason: string },
  stamp: EventStamp,
): EngineEvent {
  return Object.freeze({
    ...stamp,
    type: 'rule.revoke',
    from: 'operator',
    payload: Object.freeze({ rule, by, reason }),
  })
}
